"""Traffic between members and domain controllers is secured.

What: A filter that decides demands protection for traffic between this host and a domain controller.

Why: A member needs its domain controllers before it can negotiate with them: to find one, to log on and to get the
Kerberos ticket that most policies authenticate with. Securing that traffic slows logon or breaks it, and makes every
controller keep security associations with all of its members.

Example: A rule that negotiates security for all traffic of a member, with no exemption for its domain controllers.

Instead: Permit the traffic between members and domain controllers by a filter list of its own that names the
controllers. Between controllers, for example of two forests, protection is recommended.

References: Microsoft, "What Is IPSec?", "Securing communication between domain members and their domain controllers";
KB254949.
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection, is_protected
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.inventory import HostRole


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each domain controller of the inventory that is secured."""
    if HostRole.DOMAIN_CONTROLLER in inspection.inventory.this.roles:
        return
    for host in inspection.inventory.with_role(HostRole.DOMAIN_CONTROLLER):
        witness = inspection.find(inspection.traffic_with(host), is_protected)
        if witness is not None:
            message = f"traffic with the domain controller {host.name} is secured"
            yield RULE.finding(message, policy_subject(inspection.policy), witness)


RULE = LintRule("S20", "secured-domain-controllers", Family.SCENARIO, Severity.ERROR, check, __doc__)
