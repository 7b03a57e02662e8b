"""Why a packet meets what it meets: the filter that decides, the ones it beats, and in what it beats them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from ipsecmig.model.expansion import Term
from ipsecmig.model.flatten import FlatPolicy, SpecificFilter
from ipsecmig.model.selectors import AddressRange
from ipsecmig.model.space import ALL_PORTS, Box, Packet
from ipsecmig.model.specificity import ONE, extent, is_more_specific
from ipsecmig.model.treatment import PERMIT, Conflict, Treatment


class Decider(Enum):
    """What decides about a packet."""

    FILTER = "filter"
    DEFAULT = "default"
    EXEMPTION = "exemption"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Beaten:
    """A filter that matches the packet and does not decide, and why not, in a phrase."""

    filter: SpecificFilter
    why: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What decides about a packet and why.

    `deciding` holds one filter for FILTER, the contestants for CONFLICT, else none. `exemption` is the name of the
    exemption that decides. `beaten` stands most specific first.
    """

    packet: Packet
    decided_by: Decider
    treatment: Treatment
    deciding: tuple[SpecificFilter, ...]
    beaten: tuple[Beaten, ...]
    exemption: str | None = None


def explain(flat: FlatPolicy, packet: Packet) -> Explanation:
    """Return what decides about `packet` under `flat`."""
    point = Box._make((value, value) for value in packet)
    matching = [f for f in flat.filters if any(box.contains(point) for box in f.boxes)]
    for exemption in flat.exemptions:
        if any(box.contains(point) for box in exemption.boxes):
            beaten = tuple(Beaten(f, "exempt traffic meets no filter") for f in matching)
            return Explanation(packet, Decider.EXEMPTION, PERMIT, (), beaten, exemption.name)
    if not matching:
        return Explanation(packet, Decider.DEFAULT, PERMIT, (), ())
    extents = {id(f): extent(f) for f in matching}
    foremost = [f for f in matching if not any(is_more_specific(extents[id(g)], extents[id(f)]) for g in matching)]
    front = {id(f) for f in foremost}
    treatments = frozenset(f.treatment for f in foremost)
    if len(treatments) > 1:
        beaten = tuple(Beaten(f, _why(_winner(f, foremost), f)) for f in matching if id(f) not in front)
        return Explanation(packet, Decider.CONFLICT, Conflict(treatments), tuple(foremost), beaten)
    first = foremost[0]
    beaten = tuple(
        Beaten(f, "it does the same" if id(f) in front else _why(_winner(f, foremost), f))
        for f in matching
        if f is not first
    )
    return Explanation(packet, Decider.FILTER, first.treatment, (first,), beaten)


def _winner(beaten: SpecificFilter, foremost: list[SpecificFilter]) -> SpecificFilter:
    """Return the first of the foremost filters that is more specific; there always is one."""
    size = extent(beaten)
    return next(f for f in foremost if is_more_specific(extent(f), size))


_COMPONENTS: Final = ("source", "destination", "protocol", "source port", "destination port")


def _why(winner: SpecificFilter, beaten: SpecificFilter) -> str:
    """Return the first component in which `winner` is narrower, in words."""
    better, worse = extent(winner), extent(beaten)
    number = next(n for n in range(len(_COMPONENTS)) if better[n] != worse[n])
    component = _COMPONENTS[number]
    if component == "protocol":
        return "a named protocol beats any protocol"
    if number > 1:
        what = "a port" if better[number] == ONE else "a smaller range of ports"
        return f"{what} beats {_ports(worse[number][1] - worse[number][0])} ({component})"
    terms = (winner.source, beaten.source) if number == 0 else (winner.destination, beaten.destination)
    return f"{_term(terms[0])} beats {_term(terms[1])} ({component})"


def _term(term: Term) -> str:
    if term.me:
        return "this host (me)"
    if term.range.is_host:
        return "a host"
    if term.range == AddressRange.whole(term.range.family):
        return "any address"
    prefix = term.range.prefix_length
    return f"a range of {term.size:,} addresses" if prefix is None else f"a subnet (/{prefix})"


def _ports(count: int) -> str:
    return "any port" if count == ALL_PORTS[1] + 1 else f"a range of {count:,} ports"
