"""All traffic is secured, and the services that isolation needs are not exempt.

What: All traffic is secured, and ICMP, DHCP, DNS or the services of domain controllers are secured with every address.

Why: Isolated hosts must still find names and addresses, log on, and be diagnosed. Microsoft's guidance for domain
isolation exempts these services, without which hosts become unreachable one after the other.

Example: One rule that secures `any <-> any`, and no other.

Instead: Permit ICMP, DHCP, and the DNS servers and domain controllers, each by a filter list of its own.

References: Microsoft, "GPO_DOMISO_IsolatedDomain_Clients_WinXP"; Microsoft, "What Is IPSec?", "Secure Server".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.lint.services import DOMAIN_CONTROLLER, INFRASTRUCTURE, Service, secured_everywhere
from ipsecmig.model.inventory import HostRole
from ipsecmig.model.selectors import ICMP

_NEEDED: Final = (
    Service("ICMP", ICMP),
    *INFRASTRUCTURE[HostRole.DHCP],
    *INFRASTRUCTURE[HostRole.DNS],
    *DOMAIN_CONTROLLER,
)


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for the policy that names the services without exemption."""
    if inspection.everything_secured is None:
        return
    lacking = list(secured_everywhere(inspection, _NEEDED))
    if lacking:
        names = ", ".join(dict.fromkeys(service.name for service, _ in lacking))
        message = f"all traffic is secured, with no exemption for {names}"
        yield RULE.finding(message, policy_subject(inspection.policy), lacking[0][1])


RULE = LintRule("X31", "isolation-without-exemptions", Family.FILTERS, Severity.WARNING, check, __doc__)
