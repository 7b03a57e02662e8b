"""Builds a decision diagram from boxes in one batch.

Every box carries an element of a semilattice, and each packet gets the join of the elements of the boxes that hold it.
First match is the case where elements are ranks and the join is `min`; specificity uses antichains of filters.

The boxes are sorted along one coordinate at a time. Their intervals nest (or are cut until they do), and each is laid
over what encloses it; equal sets of remaining intervals are built once. As the nodes share their parts, an interval
costs about what it changes, not what it covers.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
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
REMOTE: Final = 3

Element = TypeVar("Element", bound=Hashable)

_End = tuple[Interval, Interval, Interval, Interval]
"""Protocol, remote port, local port and link."""

_Part = tuple[Interval, Node[Element]]
_Parts = tuple[_Part[Element], ...]


def assemble(
    drafts: Iterable[Iterable[tuple[Box, Element]]],
    join: Callable[[Element, Element], Element],
    bottom: Element,
    forest: Forest[Element],
) -> list[Node[Element]]:
    """Return for each of `drafts` the diagram of the joins of its layers, `bottom` where there is none.

    What the diagrams have in common is built once. `join` must be associative, commutative and idempotent with
    `bottom` as its zero. Raises BudgetExceeded.
    """
    assembly = _Assembly(join, bottom, forest)
    return [assembly.build(_rows(layers, assembly.ends_of)) for layers in drafts]


_Row = dict[Span, tuple[int, ...]]
"""What the boxes of one direction, family and local span say of each remote span: the numbers of their ends, sorted."""


def _rows(
    layers: Iterable[tuple[Box, Element]], ends_of: Callable[[Box, Element], tuple[int, ...]]
) -> dict[tuple[Span, Span, Span], _Row]:
    """Return the boxes by direction, family and local span."""
    ends: dict[tuple[Span, Span, Span, Span, Element], tuple[int, ...]] = {}
    rows: dict[tuple[Span, Span, Span], tuple[_Row, dict[Span, list[int]]]] = {}
    for box, element in layers:
        direction, family, link, local, remote, protocol, remote_port, local_port = box
        key = (protocol, remote_port, local_port, link, element)
        numbers = ends.get(key)
        if numbers is None:
            numbers = ends[key] = ends_of(box, element)
        found = rows.get((direction, family, local))
        if found is None:
            found = rows[direction, family, local] = ({}, {})
        row, more = found
        if row.setdefault(remote, numbers) is not numbers:
            more.setdefault(remote, []).extend(numbers)
    for row, more in rows.values():
        for remote, rest in more.items():
            row[remote] = tuple(sorted({*row[remote], *rest}))
    return {key: row for key, (row, _) in rows.items()}


class _Assembly(Generic[Element]):
    """The ends of boxes as chains of intervals, from the protocol on; each chain is held once, as a number.

    What ends a chain is an element, numbered from -1 downwards.
    """

    def __init__(self, join: Callable[[Element, Element], Element], bottom: Element, forest: Forest[Element]) -> None:
        self._forest = forest
        self._bottom = forest.terminal(bottom)
        self._union = Union(forest, join, self._bottom)
        self._elements: list[Node[Element]] = []
        self._element_numbers: dict[Element, int] = {}
        self._chains: list[tuple[Interval, int]] = []
        self._numbers: dict[tuple[Interval, int], int] = {}
        self._ended: dict[tuple[int, ...], Node[Element]] = {}
        self._laid: dict[tuple[int, _Parts[Element]], Node[Element]] = {}
        self._built: dict[tuple[int, int, int], list[tuple[_Row, Node[Element]]]] = {}

    def ends_of(self, box: Box, element: Element) -> tuple[int, ...]:
        """Return the chains that are the protocol, ports and link of `box`: one for nearly every box."""
        number = self._element_numbers.get(element)
        if number is None:
            self._elements.append(self._forest.terminal(element))
            number = self._element_numbers[element] = -len(self._elements)
        return tuple(sorted(self._chain(intervals, number) for intervals in _intervals(box)))

    def _chain(self, intervals: _End, element: int) -> int:
        number = element
        for interval in reversed(intervals):
            key = (interval, number)
            known = self._numbers.get(key)
            if known is None:
                known = self._numbers[key] = len(self._chains)
                self._chains.append(key)
            number = known
        return number

    def build(self, rows: dict[tuple[Span, Span, Span], _Row]) -> Node[Element]:
        """Return the diagram of the boxes in `rows`."""
        directions: dict[Interval, dict[Interval, list[_Part[Element]]]] = {}
        for (direction, (first, last), local), row in rows.items():
            families = directions.setdefault(half_open(direction, Direction.FORWARD), {})
            for family, interval in _FAMILIES.items():
                highest = _LAST[family]
                if first <= family <= last and local[0] <= highest:
                    part = (half_open(local, highest), self._remotes(row, highest))
                    families.setdefault(interval, []).append(part)
        return self._lay(
            0,
            [
                (direction, self._lay(1, [(family, self._lay(LOCAL, parts)) for family, parts in families.items()]))
                for direction, families in directions.items()
            ],
        )

    def _remotes(self, row: _Row, highest: int) -> Node[Element]:
        """Return the row of nodes along the remote addresses.

        Mirrored filters make equal rows in both directions. Sorting one costs several times as much as comparing two.
        """
        fingerprint = (highest, hash(frozenset(row)), hash(frozenset(row.values())))
        alike = self._built.setdefault(fingerprint, [])
        for other, built in alike:
            if row == other:
                return built
        end = self._end
        parts = [
            ((low, TOP if high >= highest else high + 1), end(REMOTE + 1, numbers))
            for (low, high), numbers in row.items()
            if low <= highest
        ]
        built = self._row(REMOTE, nested(parts))
        alike.append((row, built))
        return built

    def _end(self, level: int, chains: Sequence[int]) -> Node[Element]:
        """Return the diagram, from `level` on, of `chains`."""
        key = tuple(chains if len(chains) == 1 else sorted(set(chains)))
        built = self._ended.get(key)
        if built is not None:
            return built
        if level == TERMINAL:
            built = reduce(self._union.of, (self._elements[-1 - number] for number in key), self._bottom)
        else:
            parts: dict[Interval, list[int]] = {}
            for number in key:
                interval, rest = self._chains[number]
                parts.setdefault(interval, []).append(rest)
            built = self._lay(level, [(interval, self._end(level + 1, rests)) for interval, rests in parts.items()])
        self._forest.spend()
        self._ended[key] = built
        return built

    def _lay(self, level: int, parts: list[_Part[Element]]) -> Node[Element]:
        """Return the row of nodes along `level` that results when each interval is laid over what encloses it."""
        if not parts:
            return self._bottom
        if len(parts) == 1 and parts[0][0] == EVERYTHING:
            return parts[0][1]
        ordered = nested(parts)
        key = (level, tuple(ordered))
        laid = self._laid.get(key)
        if laid is None:
            laid = self._laid[key] = self._row(level, ordered)
        return laid

    def _row(self, level: int, ordered: list[_Part[Element]]) -> Node[Element]:
        self._forest.spend()
        return self._forest.row(level, self._pieces(ordered))

    def _pieces(self, ordered: list[_Part[Element]]) -> list[tuple[int, Node[Element]]]:
        """Return where each different node begins when each interval is laid over what encloses it."""
        pieces: list[tuple[int, Node[Element]]] = []
        union = self._union.of
        enclosing: list[tuple[int, Node[Element]]] = []
        position, end, over = 0, TOP, self._bottom
        for (low, inner_end), node in ordered:
            while end <= low:
                position = _put(pieces, position, end, over)
                end, over = enclosing.pop()
            position = _put(pieces, position, low, over)
            enclosing.append((end, over))
            end, over = inner_end, union(over, node)
        while enclosing:
            position = _put(pieces, position, end, over)
            end, over = enclosing.pop()
        _put(pieces, position, TOP, over)
        return pieces


def _put(pieces: list[tuple[int, Node[Element]]], start: int, end: int, node: Node[Element]) -> int:
    """Add `node` from `start` to `end`, unless that is empty or goes on with what stands there; return the new end."""
    if start >= end:
        return start
    if not pieces or pieces[-1][1] is not node:
        pieces.append((start, node))
    return end


_FAMILIES: Final[dict[int, Interval]] = {4: (0, 6), 6: (6, TOP)}
_LAST: Final[dict[int, int]] = {family: family.last for family in Family}


def _intervals(box: Box) -> Iterator[_End]:
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
