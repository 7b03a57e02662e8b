"""The host firewall must let IKE in.

What: The policy demands protection, and beside it the host has a stateful firewall that keeps UDP 500 and 4500 out, or
of which that is not known.

Why: IKE uses UDP 500, and UDP 4500 where a NAT stands between the peers. A stateful firewall lets in only answers: this
host can then begin a negotiation, but no peer can, nor can one renew what has expired.

Example: Internet Connection Firewall switched on, with no exception, on a server whose policy secures SQL.

Instead: Open UDP 500 and 4500 in that firewall. With `firewall_admits_ike: true` the inventory says that it is done.

References: Microsoft, "What Is IPSec?", "Packet Filtering".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.inventory import FirewallKind


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for the policy when it protects anything behind a firewall that may keep IKE out."""
    firewall, admits = inspection.inventory.firewall, inspection.inventory.firewall_admits_ike
    if firewall in {None, FirewallKind.NONE} or admits or not inspection.protecting:
        return
    subject, (_, witness) = policy_subject(inspection.policy), inspection.protecting[0]
    if admits is False:
        yield RULE.finding("the host firewall keeps out UDP 500 and 4500, which IKE needs", subject, witness)
    else:
        message = "the host firewall must let in UDP 500 and 4500 for IKE; whether it does is not known"
        yield RULE.finding(message, subject, witness, severity=Severity.WARNING, certain=False)


RULE = LintRule("S03", "firewall-keeps-ike-out", Family.SCENARIO, Severity.ERROR, check, __doc__)
