"""Protection is demanded of a host that cannot do IPsec.

What: Traffic with a host of the inventory that has `ipsec: false` is secured, and does not go clear (soft=yes) when
the host does not answer IKE.

Why: Nothing then reaches that host. That requests from it are let in (inpass=yes) does not help: the answers wait for
a negotiation.

Example: A rule that secures all traffic of an application server, one of whose peers is another vendor's backup server.

Instead: Permit the traffic with that host by a more specific filter.

References: Microsoft, "What Is IPSec?", "Secure Server".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection, must_be_protected
from ipsecmig.lint.rule import Family, LintRule


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each host that is known not to do IPsec and that is secured."""
    for host in inspection.neighbours():
        witness = inspection.find_with(host.addresses, must_be_protected) if host.ipsec is False else None
        if witness is not None:
            message = f"traffic with {host.name}, which cannot do IPsec, is secured"
            yield RULE.finding(message, policy_subject(inspection.policy), witness)


RULE = LintRule("S09", "peer-without-ipsec", Family.SCENARIO, Severity.ERROR, check, __doc__)
