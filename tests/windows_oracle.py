"""A slow model of what Windows does with one packet, written from the documentation and not from `flatten`.

It works on the policy as written, packet by packet, with sets of addresses and ports, and knows no boxes. It holds for
packets that can occur: what goes out or comes in has one end on this host and the other elsewhere, when this host's
addresses are known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ipsecmig.model.flatten import FlatPolicy
from ipsecmig.model.policy import Action, ConnectionType, Filter, FilterAction, PolicyStore, Rule
from ipsecmig.model.selectors import Address, AddressRange, AnyAddress, Me, PortRange
from ipsecmig.model.site import Site
from ipsecmig.model.space import Direction, Link, Packet
from ipsecmig.model.treatment import PERMIT, Block, Conflict, Permit, Protect, Treatment


class Wire(NamedTuple):
    """A packet as it is on the wire."""

    direction: Direction
    dialup: bool
    source: int
    destination: int
    protocol: int
    source_port: int
    destination_port: int


def on_the_wire(packet: Packet) -> Wire:
    """Return `packet` with source and destination."""
    direction, dialup = Direction(packet.direction), packet.link == Link.DIALUP
    local, remote = (packet.local, packet.local_port), (packet.remote, packet.remote_port)
    source, destination = (remote, local) if direction is Direction.IN else (local, remote)
    return Wire(direction, dialup, source[0], destination[0], packet.protocol, source[1], destination[1])


@dataclass(frozen=True)
class Match:
    """A filter that matches a packet, as sets of what its five components select."""

    rule: Rule
    action: FilterAction
    selects: tuple[frozenset[int], ...]


Universe = tuple[frozenset[int], frozenset[int]]
"""The addresses and the ports that can occur; enough of them to tell every range from every other."""


def possible(wire: Wire, site: Site) -> bool:
    """Whether the packet can occur on the host that `site` describes."""
    own = {address.first for address in site.addresses}
    if not own:
        return True
    ends = (wire.source in own, wire.destination in own)
    return ends == {Direction.OUT: (True, False), Direction.IN: (False, True)}.get(wire.direction, (False, False))


def matches(store: PolicyStore, site: Site, wire: Wire, universe: Universe) -> list[Match]:
    """Return every filter of the first policy that matches, each direction of a mirrored one by itself."""
    found = []
    for rule in store.policies[0].rules:
        kind = rule.connection_type
        if not rule.active or kind is (ConnectionType.LAN if wire.dialup else ConnectionType.DIALUP):
            continue
        action = next(a for a in store.filter_actions if a.name == rule.filter_action)
        for filter_ in next(f for f in store.filter_lists if f.name == rule.filter_list).filters:
            halves = [filter_, _reverse(filter_)] if filter_.mirrored else [filter_]
            for half in halves:
                selects = _selects(half, site, wire, universe)
                if selects is not None:
                    found.append(Match(rule, action, selects))
    return found


def _reverse(filter_: Filter) -> Filter:
    return Filter(
        filter_.destination,
        filter_.source,
        filter_.protocol,
        filter_.destination_port,
        filter_.source_port,
        mirrored=False,
    )


def _selects(filter_: Filter, site: Site, wire: Wire, universe: Universe) -> tuple[frozenset[int], ...] | None:
    addresses, ports = universe
    sets = (
        _addresses(filter_.source, site, wire.source, addresses, mine=wire.direction is Direction.OUT),
        _addresses(filter_.destination, site, wire.destination, addresses, mine=wire.direction is Direction.IN),
        frozenset([filter_.protocol]) if filter_.protocol else frozenset(range(256)),
        _ports(filter_.source_port, ports),
        _ports(filter_.destination_port, ports),
    )
    values = (wire.source, wire.destination, wire.protocol, wire.source_port, wire.destination_port)
    return sets if all(value in selected for value, selected in zip(values, sets, strict=True)) else None


def _addresses(address: Address, site: Site, seen: int, universe: frozenset[int], *, mine: bool) -> frozenset[int]:
    """Return the addresses selected; `me` is the one address of this host that the packet has, if it has one."""
    if isinstance(address, AnyAddress):
        return universe
    if isinstance(address, Me):
        own = {a.first for a in site.addresses}
        return frozenset([seen]) if (seen in own if own else mine) else frozenset()
    assert isinstance(address, AddressRange)
    return frozenset(a for a in universe if address.first <= a <= address.last)


def _ports(ports: PortRange, universe: frozenset[int]) -> frozenset[int]:
    return frozenset(p for p in universe if ports.first <= p <= ports.last)


def foremost(matching: list[Match]) -> list[Match]:
    """Return the matches that no other match lies strictly inside of, in all five components."""
    return [m for m in matching if not any(_inside(other, m) for other in matching)]


def _inside(inner: Match, outer: Match) -> bool:
    pairs = list(zip(inner.selects, outer.selects, strict=True))
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


def is_exempt(wire: Wire, value: int, *, negotiates: bool) -> str | None:
    """Return why an IPv4 packet between the addresses of the small universe is exempt, or None."""
    end = (wire.direction is Direction.OUT and wire.source_port) or (
        wire.direction is Direction.IN and wire.destination_port
    )
    if wire.protocol == 17 and end in (500, 4500):
        return "isakmp"
    if negotiates and wire.protocol in (50, 51) and wire.direction is not Direction.FORWARD:
        return "esp-ah"
    if value in (0, 2) and wire.protocol in (6, 17) and 88 in (wire.source_port, wire.destination_port):
        return "kerberos"
    if value in (0, 2) and wire.protocol == 46:
        return "rsvp"
    multicast = 0xE0000000 <= wire.destination <= 0xEFFFFFFF
    if value in (0, 1) and (multicast or wire.destination == 0xFFFFFFFF):
        return "multicast" if multicast else "broadcast"
    return None


def _same_treatment(match: Match, store: PolicyStore) -> object:
    """Return what tells treatments apart: permit, block, or everything that negotiation depends on."""
    action = match.action
    if action.action is not Action.NEGOTIATE:
        return action.action
    return (
        action.offers,
        match.rule.authentication,
        action.inbound_passthrough,
        action.soft,
        store.policies[0].main_mode,
    )


def told(treatment: Treatment, store: PolicyStore) -> frozenset[object]:
    """Return the treatment in the terms of `expected`."""
    one = treatment.candidates if isinstance(treatment, Conflict) else {treatment}
    return frozenset(_told(t, store) for t in one)


def _told(treatment: Permit | Block | Protect, store: PolicyStore) -> object:
    if isinstance(treatment, Protect):
        flags = (treatment.accept_clear_inbound, treatment.fallback_to_clear)
        return (treatment.offers, treatment.authentication, *flags, treatment.main_mode)
    return Action.PERMIT if treatment == PERMIT else Action.BLOCK


def expected(store: PolicyStore, flat: FlatPolicy, wire: Wire, universe: Universe) -> frozenset[object]:
    """Return what the packet may meet: one thing, or several where filters are in conflict."""
    negotiates = any(isinstance(f.treatment, Protect) for f in flat.filters)
    if is_exempt(wire, flat.exemption_value, negotiates=negotiates):
        return frozenset({Action.PERMIT})
    best = foremost(matches(store, flat.site, wire, universe))
    return frozenset(_same_treatment(m, store) for m in best) or frozenset({Action.PERMIT})
