"""A tunnel ends at a gateway that can do L2TP/IPsec.

What: A tunnel rule's endpoint is a gateway that the inventory lists as Microsoft's, or with `l2tp: true`. This host's
own end of a tunnel is not meant.

Why: Tunnel mode authenticates no users, and its tunnel is no interface that routes and routing protocols could use. It
is meant for gateways and end systems that know neither L2TP/IPsec nor PPTP.

Example: Two servers with Routing and Remote Access that join two sites by IPsec tunnel mode.

Instead: L2TP/IPsec between the two gateways.

References: Microsoft, "What Is IPSec?", "Site-to-Site IPSec Tunneling with Non-Microsoft Gateways", "Securing Traffic
for Remote Access VPN Connections by Using IPSec Tunnel Mode"; KB816514.
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.addresses import AddressSet
from ipsecmig.lint.finding import Finding, rule_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.selectors import AddressRange


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each tunnel rule with such an endpoint."""
    own = frozenset(inspection.inventory.site.addresses)
    gateways = [gateway for gateway in inspection.inventory.gateways if gateway.microsoft or gateway.l2tp]
    capable = AddressSet(gateway.address for gateway in gateways)
    for rule, _, _ in inspection.bound:
        end = rule.tunnel_endpoint
        if isinstance(end, AddressRange) and end not in own and capable.contains(end):
            message = f"the gateway {end.text()} can do L2TP/IPsec"
            yield RULE.finding(message, rule_subject(inspection.policy, rule))


RULE = LintRule("S14", "tunnel-to-l2tp-gateway", Family.TUNNELS, Severity.WARNING, check, __doc__)
