"""What the flat policy demands of each traffic selector, in the order in which Windows decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from ipsecmig.emit.strongswan.ways import (
    ALL_WAYS,
    ARRIVING,
    FORWARDED,
    IN,
    LEAVING,
    OUT,
    TO_AND_FROM_HOST,
    Ways,
    meetings,
)
from ipsecmig.model.exemptions import to_groups
from ipsecmig.model.flatten import FlatPolicy, SpecificFilter, Weight
from ipsecmig.model.selectors import AddressRange
from ipsecmig.model.site import Site
from ipsecmig.model.space import Box, Direction
from ipsecmig.model.treatment import BLOCK, PERMIT, Block, Permit, Protect, TunnelSense

Decided = Permit | Block | Protect

CLOSED_FIRST = {Block: 0, Protect: 1, Permit: 2}
"""How much a treatment lets through; the lower closes more."""


@dataclass(frozen=True, slots=True)
class Demand:
    """One treatment that packets of one selector must get, in the `ways` that the policy names.

    `needed` are the ways in which packets of the selector can meet this host at all. `name` is what the demand comes
    from, for people; `sources` are its filters, none for a default exemption.
    """

    box: Box
    treatment: Decided
    ways: Ways
    needed: Ways
    name: str
    sources: tuple[SpecificFilter, ...] = ()

    @property
    def missing(self) -> Ways:
        """The ways in which the policy says something else, or nothing, of these packets."""
        return self.needed & ~self.ways

    @property
    def is_transit(self) -> bool:
        """Whether it asks for transport mode between two others, for packets that this host only forwards."""
        treatment = self.treatment
        return isinstance(treatment, Protect) and treatment.tunnel is None and not self.needed & TO_AND_FROM_HOST


def demands(flat: FlatPolicy) -> tuple[Demand, ...]:
    """Return all demands of `flat`: the default exemptions, then the filters, the most specific first.

    While this host's addresses are not known, it is taken not to forward, so forwarded packets demand nothing.
    """
    return (*_exemptions(flat), *_filters(flat))


def _exemptions(flat: FlatPolicy) -> Iterator[Demand]:
    for exemption in flat.exemptions:
        ways: dict[Box, Ways] = {}
        for box, way in _met(exemption.boxes, flat.site):
            ways[box] = ways.get(box, 0) | way
        for box, found in ways.items():
            # Such packets do not exist the other way round: nothing comes from a multicast or broadcast address.
            yield from _parted(Demand(box, PERMIT, found, found, exemption.name), flat.site)


def _met(boxes: Iterable[Box], site: Site) -> Iterator[tuple[Box, Ways]]:
    for box in boxes:
        if box.direction[0] != Direction.FORWARD or site.addresses:
            yield from meetings(box)


@dataclass(slots=True)
class _Gathered:
    treatment: Decided
    first: int
    ways: Ways = 0
    sources: list[SpecificFilter] = field(default_factory=list)


def _filters(flat: FlatPolicy) -> Iterator[Demand]:
    gathered: dict[tuple[Weight, Box, int], _Gathered] = {}
    treatments = _Treatments()
    for index, specific in enumerate(flat.filters):
        for box, way in _met(specific.boxes, flat.site):
            treatment, number = treatments.of(specific.treatment, way)
            found = gathered.setdefault((_local_first(specific.weight, way), box, number), _Gathered(treatment, index))
            found.ways |= way
            if not found.sources or found.sources[-1] is not specific:
                found.sources.append(specific)
    ordered = sorted(gathered.items(), key=lambda i: (i[0][0], CLOSED_FIRST[type(i[1].treatment)], i[1].first))
    for (_, box, _), found in ordered:
        name = found.sources[0].filter_list.name
        demand = Demand(box, found.treatment, found.ways, _needed(box, flat.site), name, tuple(found.sources))
        yield from _parted(demand, flat.site)


class _Treatments:
    """Treatments without the sense of a tunnel, each distinct one with a number: many filters share a large one."""

    def __init__(self) -> None:
        self._numbers: dict[Decided, int] = {}
        self._known: dict[int, tuple[Decided, Decided, int]] = {}

    def of(self, treatment: Decided, way: Ways) -> tuple[Decided, int]:
        """Return what must happen to the packets of `treatment` in `way`, and its number.

        A forwarded packet is wrapped up as it leaves and unwrapped as it arrives; the other check lets it pass.
        """
        tunnel = treatment.tunnel if type(treatment) is Protect else None
        if tunnel is not None:
            elsewhere = ARRIVING if tunnel.sense is TunnelSense.ENCAPSULATE else LEAVING
            if way & elsewhere:
                return PERMIT, -1
        known = self._known.get(id(treatment))
        if known is None:
            plain = without_sense(treatment)
            known = treatment, plain, self._numbers.setdefault(plain, len(self._numbers))
            self._known[id(treatment)] = known
        return known[1], known[2]


def without_sense(treatment: Decided) -> Decided:
    """Return `treatment` as both halves of a tunnel have it."""
    if type(treatment) is not Protect or treatment.tunnel is None:
        return treatment
    return replace(treatment, tunnel=replace(treatment.tunnel, sense=TunnelSense.ENCAPSULATE))


def _local_first(weight: Weight, way: Ways) -> Weight:
    """Return `weight` with the local side before the remote one, so that both directions share one order.

    A filter inside another comes first in both directions. Where neither is inside the other, Windows' order is not
    documented, and that of outbound packets is taken for both.
    """
    if way & (OUT | LEAVING):
        return weight
    source, destination, protocol, source_port, destination_port = weight
    return Weight(destination, source, protocol, destination_port, source_port)


def _needed(box: Box, site: Site) -> Ways:
    """Return the ways in which packets of the selector `box` can meet the host."""
    if not site.addresses:
        return TO_AND_FROM_HOST
    own = _own(box, site)
    if not own:
        return FORWARDED
    return TO_AND_FROM_HOST if box.local[0] == box.local[1] else ALL_WAYS


def _own(box: Box, site: Site) -> tuple[AddressRange, ...]:
    low, high = box.local
    return tuple(a for a in site.addresses if a.family == box.family[0] and low <= a.first and a.last <= high)


def _parted(demand: Demand, site: Site) -> Iterator[Demand]:
    """Yield `demand`, or the parts that are demanded of this host and of what it forwards where these differ."""
    own = _own(demand.box, site)
    here = demand.ways & TO_AND_FROM_HOST
    if not own or not here or demand.ways == ALL_WAYS or demand.box.local[0] == demand.box.local[1]:
        yield demand
        return
    for address in own:
        box = demand.box._replace(local=(address.first, address.last))
        yield replace(demand, box=box, ways=here, needed=demand.needed & TO_AND_FROM_HOST)
    if demand.ways & FORWARDED:
        yield replace(demand, ways=demand.ways & FORWARDED, needed=demand.needed & FORWARDED)
    elif type(demand.treatment) is Protect:
        yield from _to_groups(demand)


def _to_groups(demand: Demand) -> Iterator[Demand]:
    """Yield what arrives for groups: nobody negotiates for them, so that what must be protected is dropped."""
    arriving = demand.ways & IN
    for box in to_groups(demand.box) if arriving else ():
        yield replace(demand, box=box, treatment=BLOCK, ways=arriving, needed=arriving)


def refuses_groups(demand: Demand) -> bool:
    """Whether `demand` drops, because it is for groups, what its filters protect."""
    return type(demand.treatment) is Block and any(type(source.treatment) is Protect for source in demand.sources)
