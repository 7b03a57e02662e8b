"""From filters in the order of decision to few tables that are looked up one after another.

Tuple space search (Srinivasan, Suri, Varghese, "Packet classification using tuple space search", 1999): filters that
ask for the same parts with the same prefix lengths go into one table, where any two of them are equal or disjoint, so
that the order within does not matter. Between tables the order of decision is kept: a filter joins the last table or
begins a new one, except among neighbours of equal weight and verdict, which may trade places.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import compress, groupby
from typing import Final, NamedTuple

from ipsecmig.emit.common import prefix_length
from ipsecmig.model.selectors import Family
from ipsecmig.model.space import ALL_LINKS, ALL_PORTS, ALL_PROTOCOLS, Box, Span

NOT_ASKED: Final = -1
RANGE: Final = 255
"""In place of a prefix length: any range of addresses, CIDR blocks among them."""

ONE_PORT: Final = 1
PORT_RANGE: Final = 2

_BUCKET_LIMIT: Final = 256
"""Entries with ranges in several parts that one table compares with each other before a new table begins."""


class Shape(NamedTuple):
    """Which parts of a packet a table asks for.

    `local` and `remote` are `NOT_ASKED`, a prefix length or `RANGE`; the ports `NOT_ASKED`, `ONE_PORT` or `PORT_RANGE`.
    `link` is the kind of interface, which is outside the key; so is the protocol where `stated` is one.
    """

    link: Span
    local: int
    remote: int
    protocol: bool
    local_port: int
    remote_port: int
    stated: Span = ALL_PROTOCOLS

    @property
    def asked(self) -> tuple[bool, ...]:
        """Whether it asks for the local address, the remote one, the protocol, the local port, the remote port."""
        ports = self.local_port != NOT_ASKED, self.remote_port != NOT_ASKED
        return self.local != NOT_ASKED, self.remote != NOT_ASKED, self.protocol, *ports

    @property
    def ranges(self) -> tuple[int, ...]:
        """The positions in a key whose intervals can overlap without being equal."""
        ports = self.local_port == PORT_RANGE, self.remote_port == PORT_RANGE
        overlapping = (self.local == RANGE, self.remote == RANGE, False, *ports)
        return tuple(i for i, part in enumerate(p for p, asked in enumerate(self.asked) if asked) if overlapping[part])

    @property
    def has_intervals(self) -> bool:
        """Whether an entry can be more than one value, so that the kernel needs an interval set."""
        hosts = {NOT_ASKED, 32, 128}
        return not {self.local, self.remote} <= hosts or PORT_RANGE in (self.local_port, self.remote_port)


Key = tuple[Span, ...]
"""The intervals that an entry asks for, in the order local, remote, protocol, local port, remote port."""


class Selection(NamedTuple):
    """One filter in one direction: what decides about its place, and what is looked up."""

    weight: object
    verdict: str
    box: Box
    label: str


class Entry(NamedTuple):
    """What an entry's packets meet, and the filter list and rule that say so."""

    verdict: str
    label: str


@dataclass(slots=True)
class Table:
    """One table; no two of its entries overlap."""

    family: Family
    shape: Shape
    entries: dict[Key, Entry] = field(default_factory=dict)
    _ranges: tuple[int, ...] = ()
    _buckets: dict[Key, list[Key]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._ranges = self.shape.ranges

    def add(self, key: Key, entry: Entry) -> bool:
        """Add what of `key` no earlier entry holds; False, and nothing added, where that is not easily said."""
        if not self._ranges:
            self.entries.setdefault(key, entry)
            return True
        bucket = self._buckets.setdefault(tuple(s for i, s in enumerate(key) if i not in self._ranges), [])
        if len(self._ranges) == 1:
            position = self._ranges[0]
            for free in _uncovered(key[position], bucket):
                insort(bucket, (free,))
                self.entries[(*key[:position], free, *key[position + 1 :])] = entry
            return True
        ranges = tuple(key[i] for i in self._ranges)
        if len(bucket) >= _BUCKET_LIMIT or any(_overlap(ranges, other) for other in bucket):
            return key in self.entries
        bucket.append(ranges)
        self.entries[key] = entry
        return True


def _uncovered(span: Span, taken: list[Key]) -> list[Span]:
    """Return the parts of `span` outside `taken`, which is sorted and disjoint."""
    low, high = span
    found = []
    start = max(0, bisect_left(taken, ((low, low),)) - 1)
    for ((first, last),) in taken[start:]:
        if first > high:
            break
        if last >= low:
            if first > low:
                found.append((low, first - 1))
            low = last + 1
    if low <= high:
        found.append((low, high))
    return found


def _overlap(one: Key, other: Key) -> bool:
    return all(a <= d and c <= b for (a, b), (c, d) in zip(one, other, strict=True))


def arrange(family: Family, selections: Iterable[Selection]) -> list[Table]:
    """Return the tables for `selections` of one direction, which stand in the order of decision.

    Looked up in turn, the first hit is the verdict of the first selection that holds the packet. Nothing follows a
    table that every packet hits.
    """
    tables: list[Table] = []
    shapes = _Shapes(family)
    for _, run in groupby(selections, key=lambda s: (s.weight, s.verdict)):
        by_shape: dict[Shape, list[Selection]] = {}
        for selection in run:
            by_shape.setdefault(shapes.of(selection.box), []).append(selection)
        if tables and tables[-1].shape in by_shape:
            shape = tables[-1].shape
            by_shape = {shape: by_shape.pop(shape), **by_shape}
        for shape, alike in by_shape.items():
            _put(tables, family, shape, alike)
            if shape == _EVERYTHING:
                return tables
    return tables


_EVERYTHING: Final = Shape(ALL_LINKS, NOT_ASKED, NOT_ASKED, False, NOT_ASKED, NOT_ASKED)


def _put(tables: list[Table], family: Family, shape: Shape, selections: list[Selection]) -> None:
    if not tables or tables[-1].shape != shape:
        tables.append(Table(family, shape))
    asked = shape.asked
    for _, verdict, box, label in selections:
        entry = Entry(verdict, label)
        key = key_of(asked, box)
        if not tables[-1].add(key, entry):
            tables.append(Table(family, shape))
            tables[-1].add(key, entry)


def key_of(asked: tuple[bool, ...], box: Box) -> Key:
    """Return the parts of `box` that are `asked` for."""
    parts = (box.local, box.remote, box.protocol, box.local_port, box.remote_port)
    return tuple(compress(parts, asked))


class _Shapes:
    """Finds the shapes of boxes; addresses recur, so what is known of each is kept."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._widths: dict[Span, int] = {(0, family.last): NOT_ASKED}

    def of(self, box: Box) -> Shape:
        """Return the shape of `box`, whose ports are limited only for a single protocol."""
        _, _, link, local, remote, protocol, remote_port, local_port = box
        shape = Shape(
            link,
            self._width(local),
            self._width(remote),
            protocol != ALL_PROTOCOLS,
            NOT_ASKED if local_port == ALL_PORTS else _ports(local_port),
            NOT_ASKED if remote_port == ALL_PORTS else _ports(remote_port),
        )
        if self._family is Family.IPV6 and shape.protocol and shape.has_intervals:
            # In a key with intervals nft 1.0.6 turns `meta l4proto` into host order, which kernels of 6.12 refuse; the
            # field of the header, which does for IPv4, is not the protocol where extension headers follow.
            return shape._replace(protocol=False, stated=protocol)
        return shape

    def _width(self, span: Span) -> int:
        width = self._widths.get(span)
        if width is None:
            length = prefix_length(self._family, span)
            width = self._widths[span] = RANGE if length is None else length
        return width


def _ports(span: Span) -> int:
    return ONE_PORT if span[0] == span[1] else PORT_RANGE
