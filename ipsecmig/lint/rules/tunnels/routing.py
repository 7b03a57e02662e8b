"""A tunnel rule is meant for routing protocols or multicast.

What: A filter of a tunnel rule selects OSPF, EIGRP, IGMP, RIP (UDP 520) or BGP (TCP 179) by name, or leads to multicast
or broadcast addresses only.

Why: The tunnel is no interface: no route can point to it, routing protocols do not run over it, and only unicast passes
through it.

Example: `add filter ... protocol=89` in a list that a rule with `tunnel=` uses.

Instead: Static routes and filters for the networks behind the tunnel, or a tunnel that is an interface: L2TP/IPsec, or
GRE inside IPsec.

References: Microsoft, "What Is IPSec?", "Securing Traffic for Remote Access VPN Connections by Using IPSec Tunnel
Mode".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.addresses import AddressSet
from ipsecmig.lint.finding import Finding, filter_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.exemptions import LIMITED_BROADCAST, MULTICAST
from ipsecmig.model.policy import Filter
from ipsecmig.model.selectors import TCP, UDP, PortRange

_PROTOCOLS: Final = {89: "OSPF", 88: "EIGRP", 2: "IGMP"}
_PORTS: Final = {(UDP, PortRange(520, 520)): "RIP", (TCP, PortRange(179, 179)): "BGP"}


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each such filter."""
    groups = AddressSet((MULTICAST, LIMITED_BROADCAST, *inspection.inventory.site.broadcasts))
    seen: set[int] = set()
    tunnels = {id(rule) for rule in inspection.rules if rule.tunnel_endpoint is not None}
    for specific in inspection.flat.filters:
        if id(specific.rule) not in tunnels or id(specific.filter) in seen:
            continue
        what = _routing(specific.filter) or ("multicast" if groups.contains(specific.destination.range) else None)
        witness = None if what is None else inspection.decided_by(specific)
        if witness is not None:
            seen.add(id(specific.filter))
            subject = filter_subject(specific.filter_list, specific.filter)
            yield RULE.finding(f"the tunnel is meant to carry {what}, which it cannot", subject, witness)


def _routing(filter_: Filter) -> str | None:
    ports = (filter_.source_port, filter_.destination_port)
    named = (_PORTS[filter_.protocol, port] for port in ports if (filter_.protocol, port) in _PORTS)
    return _PROTOCOLS.get(filter_.protocol) or next(named, None)


RULE = LintRule("S31", "routing-in-tunnel", Family.TUNNELS, Severity.ERROR, check, __doc__)
