"""Traffic with DNS, WINS or DHCP servers is secured.

What: DNS, WINS or DHCP between this host and a server of that kind is secured. Without an inventory of such servers:
the service is secured with everybody, and no address is exempt.

Why: These servers answer computers of every kind, some of which cannot do IPsec, so they seldom demand it; and a host
needs an address and names before it can negotiate with anybody.

Example: A rule that secures all traffic of an application server, with no exemption for its name server.

Instead: Permit the traffic with these servers by a filter list of its own; from Windows Server 2003 on the keywords
`dns`, `wins` and `dhcp` name them.

References: Microsoft, "What Is IPSec?", "Secure Server".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection, is_protected
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.lint.services import INFRASTRUCTURE, Service, secured_everywhere, use
from ipsecmig.model.inventory import Host, HostRole
from ipsecmig.model.selectors import ServerRole


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each known server that is secured, and one for the kinds of which none is known."""
    unknown: list[Service] = []
    for role, services in INFRASTRUCTURE.items():
        if role in inspection.inventory.this.roles:
            continue
        servers = list(_servers(inspection, role))
        for server in servers:
            yield from _secured(inspection, server, services)
        unknown.extend(() if servers else services)
    found = list(secured_everywhere(inspection, unknown))
    if found:
        names = ", ".join(service.text for service, _ in found)
        message = f"no server is exempt, if this host uses any, for {names}"
        subject, (_, witness) = policy_subject(inspection.policy), found[0]
        yield RULE.finding(message, subject, witness, severity=Severity.WARNING, certain=False)


def _servers(inspection: Inspection, role: HostRole) -> Iterator[Host]:
    """Yield the servers of `role`: those of the inventory's hosts, and the configured ones that are not among them."""
    hosts = list(inspection.neighbours(role))
    yield from hosts
    named = {address for host in hosts for address in host.addresses}
    for address in inspection.inventory.site.servers.get(ServerRole(role.value), ()):
        if address not in named:
            yield Host(address.text(), (address,), frozenset({role}))


def _secured(inspection: Inspection, server: Host, services: tuple[Service, ...]) -> Iterator[Finding]:
    for service in services:
        witness = use(inspection, service, server.addresses, is_protected)
        if witness is not None:
            message = f"{service.text} with {server.name} is secured"
            severity = Severity.WARNING if server.ipsec else None
            yield RULE.finding(message, policy_subject(inspection.policy), witness, severity=severity)
            return


RULE = LintRule("S07", "secured-infrastructure", Family.SCENARIO, Severity.ERROR, check, __doc__)
