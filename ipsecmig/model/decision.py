"""What every packet meets, as one exact function of packets: `DecisionMap`.

Nothing is sampled: two maps are compared over the whole space, and where they differ every differing packet lies in
one of the boxes of the answer.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Final, Generic, TypeVar

from ipsecmig.model.assembly import ORDER, assemble
from ipsecmig.model.collector import collector_paused
from ipsecmig.model.diagram import (
    DEFAULT_BUDGET,
    TERMINAL,
    Forest,
    Mapping,
    Node,
    Pairing,
    isomorphic,
)
from ipsecmig.model.intervals import EVERYTHING, Interval, closed, half_open, merge_boxes
from ipsecmig.model.packets import witness
from ipsecmig.model.selectors import Family
from ipsecmig.model.space import ALL_LINKS, ALL_PORTS, ALL_PROTOCOLS, Box, Direction, Packet, whole_space

Leaf = TypeVar("Leaf", bound=Hashable)
Other = TypeVar("Other", bound=Hashable)
Result = TypeVar("Result", bound=Hashable)

_Region = tuple[Interval, ...]
"""One interval for each level of a diagram."""

_WHOLE: Final[_Region] = (EVERYTHING,) * TERMINAL

_DIRECTION: Final = ORDER.index(Box._fields.index("direction"))
"""The level of a diagram that asks for the direction: the first."""

_RAW_PER_BOX: Final = 16
"""How many boxes of the diagram are looked at, for each box asked for, before merging."""


@dataclass(frozen=True, slots=True)
class Difference(Generic[Leaf, Other]):
    """Packets that two maps decide differently, all alike: `left` and `right` say how; `witness` is one of them."""

    box: Box
    witness: Packet
    left: Leaf
    right: Other


@dataclass(frozen=True, slots=True)
class DifferenceSet(Generic[Leaf, Other]):
    """Disjoint differences, the largest first; all of them unless `truncated`.

    Even when truncated there is one for every pair of leaves that occurs, as far as the limit allows.
    """

    differences: tuple[Difference[Leaf, Other], ...]
    truncated: bool


@dataclass(frozen=True, slots=True, eq=False)
class DecisionMap(Generic[Leaf]):
    """A function from packets to leaves, as a decision diagram.

    Leaves must be hashable, and equal leaves are one. Every operation that builds a map takes at most `budget` nodes
    and steps and raises BudgetExceeded past it: the answer is then *undecided*, never *equal*.
    """

    root: Node[Leaf]
    budget: int = DEFAULT_BUDGET

    @classmethod
    def from_layers(
        cls, layers: Iterable[tuple[Box, Leaf]], default: Leaf, budget: int = DEFAULT_BUDGET
    ) -> DecisionMap[Leaf]:
        """Return the map in which the first of `layers` that holds a packet decides it, and `default` otherwise."""
        leaves: list[Leaf] = []
        ranked = list(_ranked(layers, leaves))
        leaves.append(default)
        (ranks,) = DecisionMap.from_joins((ranked,), min, len(leaves) - 1, budget)
        return ranks.map(leaves.__getitem__)

    @classmethod
    def from_joins(
        cls,
        drafts: Iterable[Iterable[tuple[Box, Leaf]]],
        join: Callable[[Leaf, Leaf], Leaf],
        bottom: Leaf,
        budget: int,
    ) -> list[DecisionMap[Leaf]]:
        """Return for each of `drafts` the map that gives a packet the join of the leaves of all layers that hold it.

        A packet that no layer holds gets `bottom`. `join` must be associative, commutative and idempotent with
        `bottom` as its zero. The maps share what they have in common, and the budget.
        """
        with collector_paused():
            return [cls(root, budget) for root in assemble(drafts, join, bottom, Forest(budget))]

    def at(self, packet: Packet) -> Leaf:
        """Return what `packet` meets."""
        point = [packet[coordinate] for coordinate in ORDER]
        node = self.root
        while node.level != TERMINAL:
            node = node.children[bisect_right(node.cuts, point[node.level])]
        return node.leaf

    def map(self, function: Callable[[Leaf], Result]) -> DecisionMap[Result]:
        """Return the map whose leaves are `function` of these; called once for each distinct leaf."""
        (mapped,) = DecisionMap.map_each((self,), function, self.budget)
        return mapped

    @staticmethod
    def map_each(
        maps: Iterable[DecisionMap[Leaf]], function: Callable[[Leaf], Result], budget: int
    ) -> list[DecisionMap[Result]]:
        """Return each of `maps` with `function` of its leaves; what the maps share, the results share."""
        mapping = Mapping(Forest[Result](budget), function)
        with collector_paused():
            return [DecisionMap(mapping.of(each.root), budget) for each in maps]

    def combine(self, other: DecisionMap[Other], function: Callable[[Leaf, Other], Result]) -> DecisionMap[Result]:
        """Return the map that gives each packet `function` of what the two maps give it."""
        forest = Forest[Result](self.budget)
        pairing = Pairing(forest, Forest[Leaf](self.budget), Forest[Other](self.budget), function)
        with collector_paused():
            return DecisionMap(pairing.of(self.root, other.root), self.budget)

    def restrict(self, boxes: Iterable[Box], outside: Leaf) -> DecisionMap[Leaf]:
        """Return the map that is this one in `boxes` and `outside` elsewhere."""
        inside = DecisionMap.from_layers(((box, True) for box in boxes), default=False, budget=self.budget)
        return self.combine(inside, lambda leaf, within: leaf if within else outside)

    def along(self, direction: Direction) -> DecisionMap[Leaf]:
        """Return the map that gives packets of every direction what this one gives them in `direction`; costs nothing.

        What is asked about one direction only need not look at what stands in the others.
        """
        node = self.root
        while node.level == _DIRECTION:
            node = node.children[bisect_right(node.cuts, direction)]
        return DecisionMap(node, self.budget)

    def is_equal(self, other: DecisionMap[Leaf]) -> bool:
        """Whether both maps give every packet an equal leaf; takes one walk over the diagram and builds nothing."""
        return isomorphic(self.root, other.root)

    def leaves(self) -> frozenset[Leaf]:
        """Return every leaf that some packet meets."""
        return frozenset(node.leaf for node, _ in _reached(self.root))

    def boxes(self, where: Callable[[Leaf], bool] | None = None) -> Iterator[tuple[Box, Leaf]]:
        """Yield disjoint boxes, each of one direction and family, that together are all packets whose leaf is wanted.

        Lazy, in ascending order of coordinates; `where` tells which leaves are wanted (None: all).
        """
        for region, leaf in _regions(self.root, where):
            for box in _boxes(region):
                yield box, leaf

    def find(self, within: Box, where: Callable[[Leaf], bool]) -> tuple[Box, Leaf] | None:
        """Return some box inside `within` on which `where` holds, with its leaf, or None when there is no packet."""
        for family in Family:
            if within.family[0] <= family <= within.family[1]:
                found = _find(self.root, _region(within, family), where)
                if found is not None:
                    region, leaf = found
                    return next(_boxes(region)), leaf
        return None

    def differences(
        self,
        other: DecisionMap[Other],
        same: Callable[[Leaf, Other], bool],
        limit: int = 100,
        direction: Direction | None = None,
    ) -> DifferenceSet[Leaf, Other]:
        """Return the packets whose leaves are not `same` in the two maps, as at most `limit` (> 0) disjoint boxes.

        Only packets of `direction` are meant, if it is given.
        """
        compared = self.combine(other, lambda a, b: None if same(a, b) else (a, b))
        if direction is not None:
            compared = compared.restrict((b for b in whole_space() if b.direction[0] == direction), None)
        kinds = [
            (box, node.leaf)
            for node, region in _reached(compared.root)
            if node.leaf is not None
            for box in islice(_boxes(region), 1)
        ]
        every = compared.boxes(lambda leaf: leaf is not None)
        raw = dict(islice(every, _RAW_PER_BOX * limit))
        exhausted = next(every, None) is None
        merged = merge_boxes((raw | dict(kinds)).items())
        merged.sort(key=lambda part: (-_size(part[0]), part[0]))
        chosen = _one_of_each_first(merged)[:limit]
        found = (Difference(box, witness(box), *pair) for box, pair in chosen if pair is not None)
        return DifferenceSet(tuple(found), not exhausted or len(merged) > limit)


def _ranked(layers: Iterable[tuple[Box, Leaf]], leaves: list[Leaf]) -> Iterator[tuple[Box, int]]:
    """Yield the boxes with their ranks, and put the leaf of each rank into `leaves`.

    Neighbours with equal leaves share a rank: which of them decides makes no difference.
    """
    for box, leaf in layers:
        if not leaves or (leaf is not leaves[-1] and leaf != leaves[-1]):
            leaves.append(leaf)
        yield box, len(leaves) - 1


def _regions(root: Node[Leaf], where: Callable[[Leaf], bool] | None) -> Iterator[tuple[_Region, Leaf]]:
    wanted: dict[Node[Leaf], bool] = {}
    waiting = [(root, _WHOLE)]
    while waiting:
        node, region = waiting.pop()
        if where is not None and not _mark(node, where, wanted):
            continue
        if node.level == TERMINAL:
            yield region, node.leaf
        else:
            waiting.extend(reversed(_parts(region, node)))


def _mark(node: Node[Leaf], where: Callable[[Leaf], bool], wanted: dict[Node[Leaf], bool]) -> bool:
    """Return whether a wanted leaf is under `node`; `wanted` remembers."""
    known = wanted.get(node)
    if known is None:
        if node.level == TERMINAL:
            known = where(node.leaf)
        else:
            known = any(_mark(child, where, wanted) for child in node.children)
        wanted[node] = known
    return known


def _parts(region: _Region, node: Node[Leaf]) -> list[tuple[Node[Leaf], _Region]]:
    """Return the children of `node` that `region` meets, each with its part of the region."""
    level, cuts = node.level, node.cuts
    low, end = region[level]
    head, tail = region[:level], region[level + 1 :]
    first, last = bisect_right(cuts, low), bisect_left(cuts, end)
    ends = (low, *cuts[first:last], end)
    children = node.children[first : last + 1]
    return [(child, (*head, interval, *tail)) for child, interval in zip(children, pairwise(ends), strict=True)]


def _reached(root: Node[Leaf]) -> Iterator[tuple[Node[Leaf], _Region]]:
    """Yield every terminal under `root` once, with one region where it stands."""
    seen = {root}
    waiting = [(root, _WHOLE)]
    while waiting:
        node, region = waiting.pop()
        if node.level == TERMINAL:
            yield node, region
            continue
        for child, part in reversed(_parts(region, node)):
            if child not in seen:
                seen.add(child)
                waiting.append((child, part))


def _find(root: Node[Leaf], region: _Region, where: Callable[[Leaf], bool]) -> tuple[_Region, Leaf] | None:
    """Return a part of `region` and its leaf where `where` holds; looks once at every node and interval before it."""
    seen: set[tuple[Node[Leaf], Interval]] = set()
    waiting = [(root, region)]
    while waiting:
        node, part = waiting.pop()
        if node.level == TERMINAL:
            if where(node.leaf):
                return part, node.leaf
            continue
        if (node, part[node.level]) not in seen:
            seen.add((node, part[node.level]))
            waiting.extend(_parts(part, node))
    return None


def _highest(family: Family) -> tuple[int, ...]:
    return (Direction.FORWARD, 6, family.last, family.last, ALL_PROTOCOLS[1], ALL_PORTS[1], ALL_PORTS[1], ALL_LINKS[1])


def _region(box: Box, family: Family) -> _Region:
    spans = box._replace(family=(family, family))
    return tuple(half_open(spans[c], highest) for c, highest in zip(ORDER, _highest(family), strict=True))


def _boxes(region: _Region) -> Iterator[Box]:
    """Yield `region` as boxes of one direction and one family each."""
    for direction in Direction:
        for family in Family:
            if region[0][0] <= direction < region[0][1] and region[1][0] <= family < region[1][1]:
                spans = [closed(interval, highest) for interval, highest in zip(region, _highest(family), strict=True)]
                spans[0], spans[1] = (direction, direction), (family, family)
                yield Box(*(spans[ORDER.index(coordinate)] for coordinate in range(TERMINAL)))


def _size(box: Box) -> int:
    size = 1
    for low, high in box:
        size *= high - low + 1
    return size


def _one_of_each_first(parts: list[tuple[Box, Leaf]]) -> list[tuple[Box, Leaf]]:
    """Return `parts` in their order, but the first of every leaf before the others."""
    first: dict[Leaf, int] = {}
    for position, (_, leaf) in enumerate(parts):
        first.setdefault(leaf, position)
    chosen = set(first.values())
    return [parts[position] for position in first.values()] + [p for n, p in enumerate(parts) if n not in chosen]
