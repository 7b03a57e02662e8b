"""Pairs the two rules of each tunnel.

A Windows tunnel is two rules: one whose filter leads to the far side and whose endpoint is the peer, and one with the
reverse filter whose endpoint is this host. Source: KB816514, KB252735; RFC 2401 4.4.2 for the two one-way SAs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ipsecmig.model.policy import FilterList, NotUnderstood, Rule
from ipsecmig.model.selectors import Address, AddressRange, DnsName, Me
from ipsecmig.model.site import Site
from ipsecmig.model.treatment import Tunnel, TunnelSense

_Selectors = frozenset[tuple[Address, Address, int]]


@dataclass(slots=True)
class TunnelPlan:
    """Which tunnel each tunnel rule is half of."""

    not_understood: list[NotUnderstood] = field(default_factory=list)
    _tunnels: dict[int, Tunnel] = field(default_factory=dict)

    def of(self, rule: Rule) -> Tunnel | None:
        """Return the tunnel of `rule`, or None for a transport rule."""
        return self._tunnels.get(id(rule))

    def assign(self, rule: Rule, tunnel: Tunnel) -> None:
        """Record that `rule` is one half of `tunnel`."""
        self._tunnels[id(rule)] = tunnel


def plan_tunnels(rules: Sequence[tuple[Rule, FilterList]], site: Site) -> TunnelPlan:
    """Return the tunnels of `rules`; what cannot be settled is listed in the plan's `not_understood`."""
    plan = TunnelPlan()
    halves = [(rule, filters) for rule, filters in rules if rule.tunnel_endpoint is not None]
    waiting: dict[_Selectors, list[int]] = {}
    for number, (_, filters) in enumerate(halves):
        waiting.setdefault(_selects(filters), []).append(number)
    for number, (rule, filters) in enumerate(halves):
        if number in waiting[_selects(filters)]:
            waiting[_selects(filters)].remove(number)
            reverse = waiting.get(_reversed(filters))
            partner = halves[reverse.pop(0)] if reverse else None
            _assign(plan, rule, filters, partner[0] if partner else None, site)
        plan.not_understood.extend(_doubts(rule, filters))
    return plan


def _doubts(rule: Rule, filters: FilterList) -> Iterator[NotUnderstood]:
    """Yield what tunnel filters must not be; what such filters do is not documented (KB252735, KB816514)."""
    if any(f.mirrored for f in filters.filters):
        reason = "a filter of a tunnel rule is mirrored, which Windows does not support; write one rule per direction"
        yield NotUnderstood(f'tunnel rule "{rule.name}"', reason, rule.origin)
    if any(f.protocol or not f.source_port.is_any or not f.destination_port.is_any for f in filters.filters):
        reason = "a filter of a tunnel rule names a protocol or a port, which Windows does not support"
        yield NotUnderstood(f'tunnel rule "{rule.name}"', reason, rule.origin)


def _assign(plan: TunnelPlan, rule: Rule, filters: FilterList, partner: Rule | None, site: Site) -> None:
    ends = [_end(rule, site), _end(partner, site) if partner else None]
    sense, certain = _sense(filters, ends, site)
    if not certain:
        reason = "which end of the tunnel is this host is not known; give this host's addresses with --site or --me"
        plan.not_understood.append(NotUnderstood(f'tunnel rule "{rule.name}"', reason, rule.origin))
    if partner is None:
        reason = "the tunnel has a rule for one direction only; Windows does not apply such a tunnel"
        plan.not_understood.append(NotUnderstood(f'tunnel rule "{rule.name}"', reason, rule.origin))
    if ends[0] is None:
        reason = "the address of the tunnel endpoint is not known; name it in the site inventory"
        plan.not_understood.append(NotUnderstood(f'tunnel rule "{rule.name}"', reason, rule.origin))
    remote, local = ends if sense is TunnelSense.ENCAPSULATE else reversed(ends)
    plan.assign(rule, Tunnel(sense, local, remote))
    if partner is not None:
        other = TunnelSense.DECAPSULATE if sense is TunnelSense.ENCAPSULATE else TunnelSense.ENCAPSULATE
        plan.assign(partner, Tunnel(other, local, remote))


def _sense(filters: FilterList, ends: list[AddressRange | None], site: Site) -> tuple[TunnelSense, bool]:
    """Return which half the first rule is, and whether that is certain.

    The endpoint that is this host's own address tells; else a side that is `me`. Without either the first rule is
    taken as the outbound one, as Microsoft's instructions create it first.
    """
    for end, sense in zip(ends, (TunnelSense.DECAPSULATE, TunnelSense.ENCAPSULATE), strict=True):
        if end is not None and end in site.addresses:
            return sense, True
    if any(isinstance(f.source, Me) for f in filters.filters):
        return TunnelSense.ENCAPSULATE, True
    if any(isinstance(f.destination, Me) for f in filters.filters):
        return TunnelSense.DECAPSULATE, True
    return TunnelSense.ENCAPSULATE, False


def _end(rule: Rule, site: Site) -> AddressRange | None:
    endpoint = rule.tunnel_endpoint
    if isinstance(endpoint, DnsName):
        resolved = site.names.get(endpoint.name.casefold(), endpoint.resolved)
        return resolved[0] if resolved else None
    return endpoint


def _selects(filters: FilterList) -> _Selectors:
    return frozenset((f.source, f.destination, f.protocol) for f in filters.filters)


def _reversed(filters: FilterList) -> _Selectors:
    return frozenset((f.destination, f.source, f.protocol) for f in filters.filters)
