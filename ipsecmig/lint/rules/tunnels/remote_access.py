"""Tunnel mode is used for remote access.

What: A tunnel rule leads to a client: its endpoint, or the far side of a filter, lies in a range of the inventory for
VPN clients, homes, wireless or dynamic addresses; or this host is such a client and its own packets take the tunnel.
Without such a range: it leads to one host that is its own endpoint, or takes all traffic of this host.

Why: Tunnel mode has no standard way to authenticate users and to give clients an address and name servers.

Example: `add rule ... tunnel=203.0.113.7` for an employee's computer at home.

Instead: L2TP/IPsec or PPTP for remote access.

References: Microsoft, "What Is IPSec?", "Securing Traffic for Remote Access VPN Connections by Using IPSec Tunnel
Mode"; KB252735.
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, rule_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.flatten import SpecificFilter
from ipsecmig.model.inventory import RangeKind
from ipsecmig.model.selectors import AddressRange
from ipsecmig.model.selectors import Family as IpFamily
from ipsecmig.model.treatment import Protect, Tunnel, TunnelSense

_CLIENTS = (RangeKind.VPN_POOL, RangeKind.HOME, RangeKind.WIRELESS, RangeKind.DYNAMIC)


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each tunnel rule that leads to a client, an error where the inventory proves it."""
    found: set[int] = set()
    for specific, tunnel in _outbound(inspection):
        certain = _with_client(inspection, specific, tunnel)
        if id(specific.rule) in found or not (certain or _looks_so(specific, tunnel)):
            continue
        witness = inspection.decided_by(specific)
        if witness is not None:
            found.add(id(specific.rule))
            message = "the tunnel is for remote access" if certain else "the tunnel looks like one for remote access"
            severity = Severity.ERROR if certain else Severity.WARNING
            subject = rule_subject(inspection.policy, specific.rule)
            yield RULE.finding(message, subject, witness, severity=severity, certain=certain)


def _outbound(inspection: Inspection) -> Iterator[tuple[SpecificFilter, Tunnel]]:
    for specific in inspection.flat.filters:
        treatment = specific.treatment
        if isinstance(treatment, Protect) and treatment.tunnel and treatment.tunnel.sense is TunnelSense.ENCAPSULATE:
            yield specific, treatment.tunnel


def _with_client(inspection: Inspection, specific: SpecificFilter, tunnel: Tunnel) -> bool:
    clients = inspection.pool(*_CLIENTS)
    own = tunnel.local if specific.source.me else None
    ends = (own, tunnel.remote, specific.destination.range)
    return any(end is not None and clients.contains(end) for end in ends)


def _looks_so(specific: SpecificFilter, tunnel: Tunnel) -> bool:
    """Whether the tunnel leads to one host that ends it, or takes all that this host sends."""
    everywhere = specific.source.me and specific.destination.range == AddressRange.whole(IpFamily.IPV4)
    return everywhere or specific.destination.range == tunnel.remote


RULE = LintRule("S30", "remote-access-tunnel", Family.TUNNELS, Severity.ERROR, check, __doc__)
