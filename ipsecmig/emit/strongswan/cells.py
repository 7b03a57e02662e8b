"""From demands to children: what one child can say for all ways at once, in the order of their priorities.

Where the ways of a selector demand different things, the child says what lets least through: block before protect
before permit. Each demand that this closes further than the policy does is noted, so that a loss can name it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ipsecmig.emit.strongswan.demands import CLOSED_FIRST, Decided, Demand
from ipsecmig.emit.strongswan.proposals import can_negotiate
from ipsecmig.emit.strongswan.ways import ARRIVING, Ways, lacks_direction, lacks_link
from ipsecmig.model.space import Box
from ipsecmig.model.treatment import PERMIT, Block, Permit, Protect


@dataclass(frozen=True, slots=True)
class Cell:
    """One selector with what happens to its packets, whichever way they come; `demand` is what it comes from."""

    box: Box
    treatment: Decided
    demand: Demand


@dataclass(slots=True)
class Decisions:
    """All cells, the first that holds a packet decides it, and what had to be closed further.

    `one_way` are the identities of filters that were closed because they speak of one direction only, `one_link` the
    identities of rules that were because they speak of one kind of interface only. `stopped` are the identities of
    filters that ask for transport mode of packets which this host forwards and which a later cell drops as they arrive,
    `displacing` those of filters that were closed because of their direction and whose cells protect otherwise than the
    policy says for another way.
    """

    cells: list[Cell] = field(default_factory=list)
    one_way: set[int] = field(default_factory=set)
    one_link: set[int] = field(default_factory=set)
    stopped: set[int] = field(default_factory=set)
    displacing: set[int] = field(default_factory=set)

    def narrowed(self, demand: Demand, *, displaces: bool) -> None:
        """Note that `demand` closes more than it says, or that it displaces another protection."""
        if displaces:
            self.displacing.update(id(source.filter) for source in demand.sources)
        if lacks_direction(demand.needed, demand.ways):
            self.one_way.update(id(source.filter) for source in demand.sources)
        if lacks_link(demand.needed, demand.ways):
            self.one_link.update(id(source.rule) for source in demand.sources)


def decide(demands: Sequence[Demand]) -> Decisions:
    """Return the cells of `demands`, which stand in the order of decision."""
    later = _Overlaps([demand.box for demand in demands])
    decisions = Decisions()
    taken: set[Box] = set()
    for index, demand in enumerate(demands):
        if demand.missing:
            cells, agreed, displaces = _joined(demands, later, index)
            if not agreed:
                decisions.narrowed(demand, displaces=displaces)
        else:
            cells = [Cell(demand.box, demand.treatment, demand)]
        decisions.cells.extend(c for c in cells if c.box not in taken)
        taken.update(c.box for c in cells)
    decisions.stopped.update(_stopped_transit(decisions.cells))
    return _without_idle_companions(decisions)


def _joined(demands: Sequence[Demand], later: _Overlaps, index: int) -> tuple[list[Cell], bool, bool]:
    """Return the cells of a demand that lacks ways, and what its other ways demand there.

    The second is whether they demand the same everywhere, the third whether they demand another protection somewhere.
    """
    cells: list[Cell] = []
    agreed, displaces = True, False
    demand = demands[index]
    for box, others in _meanwhile(demands, later, demand.box, demand.missing, index + 1):
        agreed = agreed and all(other == demand.treatment for other in others)
        if type(demand.treatment) is not Block:
            closest = _closest(demand.treatment, others)
            displaces = displaces or _displaces(closest, (demand.treatment, *others))
            cells.append(Cell(box, closest, demand))
    return cells or [Cell(demand.box, demand.treatment, demand)], agreed, displaces


def _displaces(chosen: Decided, wanted: tuple[Decided, ...]) -> bool:
    return type(chosen) is Protect and any(type(other) is Protect and other != chosen for other in wanted)


def _meanwhile(
    demands: Sequence[Demand], later: _Overlaps, box: Box, missing: Ways, start: int
) -> Iterator[tuple[Box, tuple[Decided, ...]]]:
    """Yield selectors that cover `box`, first match first, each with what the `missing` ways demand there."""
    for index in later.overlapping(box, start):
        other = demands[index]
        met = other.ways & missing
        overlap = other.box.intersection(box) if met else None
        if overlap is None:
            continue
        if met == missing:
            yield overlap, (other.treatment,)
        else:
            for inner, treatments in _meanwhile(demands, later, overlap, missing & ~met, index + 1):
                yield inner, (other.treatment, *treatments)
        if overlap == box:
            return
    yield box, (PERMIT,)


def _closest(first: Decided, others: tuple[Decided, ...]) -> Decided:
    return min((first, *others), key=lambda t: CLOSED_FIRST[type(t)])


_NARROW = 1 << 16
"""A remote side of at most so many addresses is looked up by place; wider ones are tried one by one."""


class _Overlaps:
    """Finds the boxes whose remote side overlaps that of another, without trying them all."""

    def __init__(self, boxes: Sequence[Box]) -> None:
        self._count = len(boxes)
        spans = [(box.remote, index) for index, box in enumerate(boxes)]
        self._wide = [index for (low, high), index in spans if high - low >= _NARROW]
        self._narrow = sorted((low, index) for (low, high), index in spans if high - low < _NARROW)

    def overlapping(self, box: Box, start: int) -> Iterator[int]:
        """Yield the indices from `start` on of boxes that may overlap `box`, in ascending order."""
        low, high = box.remote
        first = bisect_left(self._narrow, (low - _NARROW, -1))
        last = bisect_right(self._narrow, (high, self._count))
        near = [index for _, index in self._narrow[first:last] if index >= start]
        yield from sorted([*near, *self._wide[bisect_left(self._wide, start) :]])


def _stopped_transit(cells: Sequence[Cell]) -> Iterator[int]:
    """Yield the identities of filters whose transport mode charon cannot give to what this host forwards.

    A child in transport mode has no `fwd` policy, so what a later cell drops never gets as far as being protected. A
    shunt that lets it pass there would also let it leave in clear whenever the child's connection is not loaded.
    """
    closing = [index for index, cell in enumerate(cells) if _has_closing_fwd(cell)]
    if not closing:
        return
    boxes = [cells[index].box for index in closing]
    behind = _Overlaps(boxes)
    for index, cell in enumerate(cells):
        if cell.demand.ways & ARRIVING and _is_transport(cell):
            start = bisect_right(closing, index)
            if any(boxes[n].intersection(cell.box) for n in behind.overlapping(cell.box, start)):
                yield from (id(source.filter) for source in cell.demand.sources)


def _is_transport(cell: Cell) -> bool:
    return isinstance(cell.treatment, Protect) and cell.treatment.tunnel is None and can_negotiate(cell.treatment)


def _has_closing_fwd(cell: Cell) -> bool:
    return type(cell.treatment) is not Permit and not _is_transport(cell)


def _without_idle_companions(decisions: Decisions) -> Decisions:
    """Take away cells that let tunnelled packets pass the other check where nothing behind them would stop them."""
    cells = decisions.cells
    decisions.cells = [c for i, c in enumerate(cells) if not _is_companion(c) or _stopped(c, cells[i + 1 :])]
    return decisions


def _is_companion(cell: Cell) -> bool:
    return type(cell.treatment) is Permit and any(type(s.treatment) is Protect for s in cell.demand.sources)


def _stopped(cell: Cell, behind: Sequence[Cell]) -> bool:
    return any(type(c.treatment) is not Permit and c.box.intersection(cell.box) is not None for c in behind)
