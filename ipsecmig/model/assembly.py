"""Builds a decision diagram from boxes in one batch.

Every box carries an element of a semilattice, and each packet gets the join of the elements of the boxes that hold it.
First match is the case where elements are ranks and the join is `min`; specificity uses antichains of filters.

The boxes are sorted along one coordinate at a time. Their intervals nest (or are cut until they do), and each is laid
over what encloses it; equal sets of remaining intervals are built once. As the nodes share their parts, an interval
costs about what it changes, not what it covers.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import reduce
from typing import Final, Generic, TypeVar

from ipsecmig.model.diagram import TERMINAL, Forest, Node, Union
from ipsecmig.model.intervals import EVERYTHING, TOP, Interval, half_open, nested
from ipsecmig.model.selectors import Family
from ipsecmig.model.space import (
    ALL_LINKS,
    ALL_PORTS,
    ALL_PROTOCOLS,
    WITH_PORTS,
    Box,
    Direction,
    Span,
)

ORDER: Final = tuple(
    Box._fields.index(name)
    for name in ("direction", "family", "local", "remote", "protocol", "remote_port", "local_port", "link")
)
"""The coordinates of a box in the order in which a diagram asks for them: measured, addresses first, link last."""

LOCAL: Final = 2

Element = TypeVar("Element", bound=Hashable)

_Tail = tuple[Interval, Interval, Interval, Interval]


def assemble(
    layers: Iterable[tuple[Box, Element]],
    join: Callable[[Element, Element], Element],
    bottom: Element,
    forest: Forest[Element],
) -> Node[Element]:
    """Return the diagram of the joins of `layers`, `bottom` where there is none.

    `join` must be associative, commutative and idempotent with `bottom` as its zero. Raises BudgetExceeded.
    """
    assembly = _Assembly(join, bottom, forest)
    chains = {chain for box, element in layers for chain in assembly.chains_of(box, element)}
    return assembly.build(0, tuple(sorted(chains)))


class _Assembly(Generic[Element]):
    """Boxes as chains of intervals, one per coordinate, each chain and each end of a chain held once as a number.

    A chain of level 8 is an element, numbered from -1 downwards.
    """

    def __init__(self, join: Callable[[Element, Element], Element], bottom: Element, forest: Forest[Element]) -> None:
        self._forest = forest
        self._bottom = forest.terminal(bottom)
        self._union = Union(forest, join, self._bottom)
        self._elements: list[Node[Element]] = []
        self._element_numbers: dict[Element, int] = {}
        self._chains: list[tuple[Interval, int]] = []
        self._numbers: dict[tuple[Interval, int], int] = {}
        self._tails: dict[tuple[Span, Span, Span, Span, int], tuple[int, ...]] = {}
        self._built: dict[tuple[int, ...], Node[Element]] = {}

    def chains_of(self, box: Box, element: Element) -> Iterator[int]:
        """Yield the chains that together are `box`: one for nearly every box."""
        first, last = box.family
        for tail in self._tails_of(box, self._element(element)):
            for family, interval in _FAMILIES.items():
                highest = _LAST[family]
                if first <= family <= last and max(box.local[0], box.remote[0]) <= highest:
                    number = self._number(half_open(box.remote, highest), tail)
                    number = self._number(half_open(box.local, highest), number)
                    number = self._number(interval, number)
                    yield self._number(half_open(box.direction, Direction.FORWARD), number)

    def _element(self, element: Element) -> int:
        number = self._element_numbers.get(element)
        if number is None:
            self._elements.append(self._forest.terminal(element))
            number = self._element_numbers[element] = -len(self._elements)
        return number

    def _number(self, interval: Interval, rest: int) -> int:
        key = (interval, rest)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._chains)
            self._chains.append(key)
        return number

    def _tails_of(self, box: Box, element: int) -> tuple[int, ...]:
        key = (box.protocol, box.remote_port, box.local_port, box.link, element)
        tails = self._tails.get(key)
        if tails is None:
            tails = self._tails[key] = tuple(self._tail(intervals, element) for intervals in _intervals(box))
        return tails

    def _tail(self, intervals: _Tail, element: int) -> int:
        number = element
        for interval in reversed(intervals):
            number = self._number(interval, number)
        return number

    def build(self, level: int, chains: tuple[int, ...]) -> Node[Element]:
        """Return the diagram, from `level` on, of the ascending `chains`."""
        built = self._built.get(chains)
        if built is not None:
            return built
        if level == TERMINAL:
            built = reduce(self._union.of, (self._elements[-1 - number] for number in chains), self._bottom)
        else:
            rows: dict[Interval, list[int]] = {}
            for number in chains:
                interval, rest = self._chains[number]
                rows.setdefault(interval, []).append(rest)
            built = self._lay(level, rows)
        self._forest.spend()
        self._built[chains] = built
        return built

    def _lay(self, level: int, rows: dict[Interval, list[int]]) -> Node[Element]:
        """Return the row of nodes along `level` that results when each interval is laid over what encloses it."""
        parts = [(interval, self.build(level + 1, tuple(sorted(rests)))) for interval, rests in rows.items()]
        if len(parts) == 1 and parts[0][0] == EVERYTHING:
            return parts[0][1]
        pieces: list[tuple[int, Node[Element]]] = []
        enclosing = [(TOP, self._bottom)]
        position = 0
        for (low, end), node in nested(parts):
            while enclosing[-1][0] <= low:
                position = _put(pieces, position, *enclosing.pop())
            position = _put(pieces, position, low, enclosing[-1][1])
            enclosing.append((end, self._union.of(enclosing[-1][1], node)))
        while enclosing:
            position = _put(pieces, position, *enclosing.pop())
        return self._forest.row(level, pieces)


def _put(pieces: list[tuple[int, Node[Element]]], start: int, end: int, node: Node[Element]) -> int:
    """Add `node` from `start` to `end`, unless that is empty or goes on with what stands there; return the new end."""
    if start >= end:
        return start
    if not pieces or pieces[-1][1] is not node:
        pieces.append((start, node))
    return end


_FAMILIES: Final[dict[int, Interval]] = {4: (0, 6), 6: (6, TOP)}
_LAST: Final[dict[int, int]] = {family: family.last for family in Family}


def _intervals(box: Box) -> Iterator[_Tail]:
    """Yield protocol, remote port, local port and link of `box`, apart where protocols without ports are in it.

    A packet without ports counts as having port 0 at both ends and no others; its diagram does not ask for ports.
    """
    remote_port, local_port = half_open(box.remote_port, ALL_PORTS[1]), half_open(box.local_port, ALL_PORTS[1])
    link = half_open(box.link, ALL_LINKS[1])
    if box.remote_port == ALL_PORTS == box.local_port:
        yield half_open(box.protocol, ALL_PROTOCOLS[1]), remote_port, local_port, link
        return
    low, high = box.protocol
    for protocol in sorted(p for p in WITH_PORTS if low <= p <= high):
        yield half_open((protocol, protocol), ALL_PROTOCOLS[1]), remote_port, local_port, link
        if low < protocol and box.remote_port[0] == 0 == box.local_port[0]:
            yield half_open((low, protocol - 1), ALL_PROTOCOLS[1]), EVERYTHING, EVERYTHING, link
        low = protocol + 1
    if low <= high and box.remote_port[0] == 0 == box.local_port[0]:
        yield half_open((low, high), ALL_PROTOCOLS[1]), EVERYTHING, EVERYTHING, link
