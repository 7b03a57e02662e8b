"""Which of the filters that match a packet Windows prefers: the more specific ones.

A filter is more specific than another when it is no wider in any of source, destination, protocol, source port and
destination port, and narrower in one. `me` counts as one host: it lies inside every range that holds the packet's
address, and equals a host address. How Windows weighs filters of which neither is inside the other is not documented,
so at each packet the *foremost* filters count, those that no matching filter is more specific than; where they differ
in treatment, the packet is in conflict.
Source: HP-UX IPSec manual p. 18 and "The Cable Guy, February 2005" (most specific first); the rest is inferred.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

from ipsecmig.model.collector import collector_paused
from ipsecmig.model.decision import DecisionMap
from ipsecmig.model.flatten import FlatPolicy, SpecificFilter
from ipsecmig.model.intervals import Interval, is_laminar
from ipsecmig.model.selectors import ANY_PORT
from ipsecmig.model.space import Box, Direction
from ipsecmig.model.treatment import PERMIT, Block, Conflict, Permit, Protect, Treatment

Extent = tuple[Interval, Interval, Interval, Interval, Interval]
"""Source, destination, protocol, source port and destination port of a filter, for comparing filters at a packet."""

ONE: Final[Interval] = (0, 1)
"""The interval that stands for a single value, whichever it is: all that hold a packet are the same one."""


def extent(specific: SpecificFilter) -> Extent:
    """Return the five components of `specific` as intervals; single values, and `me`, are all `ONE`."""
    filter_ = specific.filter
    ports = (filter_.source_port, filter_.destination_port)
    source_port, destination_port = reversed(ports) if specific.mirror else ports
    return (
        ONE if specific.source.size == 1 else (specific.source.range.first, specific.source.range.last + 1),
        ONE
        if specific.destination.size == 1
        else (specific.destination.range.first, specific.destination.range.last + 1),
        ONE if filter_.protocol else (0, 256),
        ONE if source_port.first == source_port.last else (source_port.first, source_port.last + 1),
        ONE if destination_port.first == destination_port.last else (destination_port.first, destination_port.last + 1),
    )


def is_more_specific(one: Extent, other: Extent) -> bool:
    """Whether a filter of extent `one` beats one of extent `other` at the packets that both match."""
    return one != other and all(a == ONE or (b[0] <= a[0] and a[1] <= b[1]) for a, b in zip(one, other, strict=True))


Contest = frozenset[int]
"""The foremost filters at a packet, as numbers of `Contenders.kinds`."""

EXEMPT: Final[Contest] = frozenset({-1})
UNMATCHED: Final[Contest] = frozenset()


@dataclass(slots=True)
class Contenders:
    """The kinds of filters of a policy: filters of one kind are equally specific and treat packets alike."""

    kinds: list[tuple[Extent, Permit | Block | Protect]] = field(default_factory=list)
    _numbers: dict[tuple[Extent, int], int] = field(default_factory=dict)
    _treatments: dict[Permit | Block | Protect, int] = field(default_factory=dict)
    _by_identity: dict[int, int] = field(default_factory=dict)
    _known: dict[tuple[int, int], bool] = field(default_factory=dict)

    def number(self, size: Extent, treatment: Permit | Block | Protect) -> int:
        """Return the number of the kind, new or known. The caller keeps `treatment` alive."""
        alike = self._by_identity.get(id(treatment))
        if alike is None:
            alike = self._by_identity[id(treatment)] = self._treatments.setdefault(treatment, len(self._treatments))
        number = self._numbers.setdefault((size, alike), len(self.kinds))
        if number == len(self.kinds):
            self.kinds.append((size, treatment))
        return number

    def foremost(self, one: Contest, other: Contest) -> Contest:
        """Return the foremost among the filters of both, each of which holds foremost filters only."""
        if one is EXEMPT or other is EXEMPT:
            return EXEMPT
        beaten = {n for n in one for m in other if self.beats(m, n)}
        beaten.update(m for m in other for n in one if self.beats(n, m))
        return (one | other) - beaten

    def rivals(self) -> Iterator[tuple[int, int]]:
        """Yield the pairs of kinds that differ in treatment and of which neither is more specific."""
        for one, other in combinations(range(len(self.kinds)), 2):
            if self.kinds[one][1] != self.kinds[other][1] and not self.beats(one, other) and not self.beats(other, one):
                yield one, other

    def beats(self, one: int, other: int) -> bool:
        """Whether filters of kind `one` are more specific than those of kind `other` at packets that both match."""
        known = self._known.get((one, other))
        if known is None:
            known = self._known[one, other] = is_more_specific(self.kinds[one][0], self.kinds[other][0])
        return known

    def treatment(self, contest: Contest) -> Treatment:
        """Return what the foremost filters do: their common treatment, or a conflict of several."""
        if contest in (EXEMPT, UNMATCHED):
            return PERMIT
        found = frozenset(self.kinds[number][1] for number in contest)
        return next(iter(found)) if len(found) == 1 else Conflict(found)


Numbers = list[int]
"""The kind of each box of each filter, in their order in the policy."""


@dataclass(frozen=True, slots=True)
class ContestMap:
    """For every packet the foremost filters that match it, and what the numbers mean."""

    map: DecisionMap[Contest]
    contenders: Contenders
    numbers: Numbers


def classify(flat: FlatPolicy, contenders: Contenders) -> Numbers:
    """Add the kinds of filters of `flat` to `contenders`; return which box of which filter is of which kind.

    A kind's extent, with the local and the remote end for source and destination, compares as those of its filters do
    in each direction, but there are fewer: a filter and its reverse in the other direction are alike, and where all
    ranges nest, of two that hold a packet the smaller is the inner one.
    """
    known: dict[tuple[_Measure, int, bool], int] = {}
    numbers: Numbers = []
    for specific, measure in zip(flat.filters, _measures(flat), strict=True):
        treatment = id(specific.treatment)
        for box in specific.boxes:
            arriving = box.direction == _IN
            key = (measure, treatment, arriving)
            number = known.get(key)
            if number is None:
                number = known[key] = contenders.number(_extent(measure, arriving), specific.treatment)
            numbers.append(number)
    return numbers


@collector_paused()
def contest_maps(flats: Sequence[FlatPolicy], budget: int) -> list[ContestMap]:
    """Return the foremost filters of each of `flats` at every packet; raises BudgetExceeded.

    The maps share their contenders: kinds of two policies are never compared, but equal ones have one number.
    """
    contenders = Contenders()
    numbers = [classify(flat, contenders) for flat in flats]
    drafts = map(_layers, flats, numbers)
    maps = DecisionMap.from_joins(drafts, contenders.foremost, UNMATCHED, budget)
    return [ContestMap(joined, contenders, own) for joined, own in zip(maps, numbers, strict=True)]


def _layers(flat: FlatPolicy, numbers: Numbers) -> Iterator[tuple[Box, Contest]]:
    for exemption in flat.exemptions:
        for box in exemption.boxes:
            yield box, EXEMPT
    alone = [frozenset({number}) for number in range(max(numbers, default=-1) + 1)]
    boxes = (box for specific in flat.filters for box in specific.boxes)
    yield from zip(boxes, map(alone.__getitem__, numbers), strict=True)


_IN: Final = (Direction.IN, Direction.IN)

_Measure = tuple[int | Interval, ...]
"""The components of an extent; a number is a size, which is enough where all ranges nest."""


def _measures(flat: FlatPolicy) -> Iterator[_Measure]:
    """Yield the measure of each filter."""
    addresses, ports = _addresses_nest(flat), _ports_nest(flat)
    for specific in flat.filters:
        sizes: _Measure = specific.weight
        if not (addresses and ports):
            intervals = extent(specific)
            sizes = ((sizes if addresses else intervals)[:2]) + ((sizes if ports else intervals)[2:])
        yield sizes


def _extent(measure: _Measure, arriving: bool) -> Extent:
    """Return `measure` as intervals, that of the local end first; sizes as intervals that nest."""
    source, destination, protocol, *ports = ((0, part) if isinstance(part, int) else part for part in measure)
    if arriving:
        return destination, source, protocol, ports[1], ports[0]
    return source, destination, protocol, ports[0], ports[1]


def _addresses_nest(flat: FlatPolicy) -> bool:
    """Whether of any two ranges of addresses that overlap one contains the other, as blocks of one mask always do."""
    if all(_are_blocks(specific.boxes[0]) for specific in flat.filters):
        return True
    terms = (term for specific in flat.filters for term in (specific.source, specific.destination) if not term.me)
    return is_laminar((term.range.first, term.range.last + 1) for term in terms)


def _are_blocks(box: Box) -> bool:
    low, high = box.local
    remote_low, remote_high = box.remote
    rest, remote_rest = low ^ high, remote_low ^ remote_high
    return not (rest & (rest + 1 | low) or remote_rest & (remote_rest + 1 | remote_low))


def _ports_nest(flat: FlatPolicy) -> bool:
    """Whether ranges of ports do so: one port lies in every range that meets it, and all ports hold every range."""
    spans = {
        span
        for specific in flat.filters
        if not _ALWAYS_NEST.issuperset(specific.weight[3:])
        for span in specific.boxes[0][-2:]
    }
    return is_laminar((low, high + 1) for low, high in spans if low < high)


_ALWAYS_NEST: Final = frozenset({1, ANY_PORT.last + 1})
