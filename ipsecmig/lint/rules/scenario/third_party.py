"""Another vendor's VPN client or firewall is installed.

What: The inventory says `third_party_client: true`, and the policy secures or blocks something.

Why: Some VPN clients and firewalls disable the IPsec service. The policy then does nothing, without a word: what it
blocks passes, and what it secures goes clear.

Example: A laptop with the VPN client of a router vendor, and a policy that blocks inbound SMB.

Instead: Check after its installation that the IPSec Services service still starts, and ask the vendor if it does not.

References: Microsoft, "What Is IPSec?", "Securing Traffic in Home Networking Scenarios".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection, is_clear
from ipsecmig.lint.rule import Family, LintRule


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for the policy when it does something that would be lost."""
    if not inspection.inventory.third_party_client:
        return
    witness = inspection.find_with([inspection.everyone()], lambda treatment: not is_clear(treatment))
    if witness is not None:
        message = "another vendor's VPN client or firewall may have disabled the service that this policy needs"
        yield RULE.finding(message, policy_subject(inspection.policy), witness, certain=False)


RULE = LintRule("S39", "third-party-client", Family.SCENARIO, Severity.INFO, check, __doc__)
