"""Half-open intervals of one coordinate, and the merging of boxes.

Inside a decision diagram an interval is `(low, end)` with `end` excluded, and `TOP` is the end of every coordinate
that runs to its highest value. Outside, in `space`, both ends of a `Span` are included.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterable
from typing import Final, TypeVar

from ipsecmig.model.space import Box, Span

TOP: Final = 1 << 128
"""The end of an interval that reaches the highest value of its coordinate, whichever that is."""

_END_BITS: Final = TOP.bit_length()

Interval = tuple[int, int]

EVERYTHING: Final[Interval] = (0, TOP)

Part = TypeVar("Part")
Key = TypeVar("Key", bound=Hashable)


def half_open(span: Span, highest: int) -> Interval:
    """Return `span` of a coordinate whose highest value is `highest` as an interval."""
    low, high = span
    return (low, TOP if high >= highest else high + 1)


def closed(interval: Interval, highest: int) -> Span:
    """Return `interval` as a span; the reverse of `half_open`."""
    low, end = interval
    return (low, highest if end == TOP else end - 1)


def is_laminar(intervals: Iterable[Interval]) -> bool:
    """Whether of any two intervals that overlap one contains the other."""
    return _nest(sorted(set(intervals), key=_outermost_first))


def _nest(ordered: Iterable[Interval]) -> bool:
    """Whether intervals in order, the outermost first, nest or lie apart."""
    open_ends = [TOP]
    for low, end in ordered:
        while open_ends[-1] <= low:
            open_ends.pop()
        if end > open_ends[-1]:
            return False
        open_ends.append(end)
    return True


def _outermost_first(interval: Interval) -> int:
    """Return the place of `interval` in that order: as one number, which compares several times faster than two."""
    low, end = interval
    return (low << _END_BITS) - end


def nested(parts: Iterable[tuple[Interval, Part]]) -> list[tuple[Interval, Part]]:
    """Return `parts` outermost first, cut where their intervals cross, so that they only nest or lie apart."""
    ordered = sorted(parts, key=lambda part: _outermost_first(part[0]))
    return ordered if _nest(interval for interval, _ in ordered) else _uncrossed(ordered)


def _uncrossed(ordered: list[tuple[Interval, Part]]) -> list[tuple[Interval, Part]]:
    """Cut each interval at the ends of those that it leaves: the piece inside nests, the rest is looked at again."""
    waiting = [(low, -end, number) for number, ((low, end), _) in enumerate(ordered)]
    found: list[tuple[Interval, Part]] = []
    open_ends: list[int] = []
    while waiting:
        low, negative_end, number = heapq.heappop(waiting)
        end = -negative_end
        while open_ends and open_ends[-1] <= low:
            open_ends.pop()
        if open_ends and end > open_ends[-1]:
            heapq.heappush(waiting, (open_ends[-1], -end, number))
            heapq.heappush(waiting, (low, -open_ends[-1], number))
            continue
        open_ends.append(end)
        found.append(((low, end), ordered[number][1]))
    return found


def merge_boxes(boxes: Iterable[tuple[Box, Key]]) -> list[tuple[Box, Key]]:
    """Return the same packets in fewer boxes: disjoint boxes with equal keys that touch along one coordinate are one.

    Direction and family stay single values. Repeats until nothing touches; the result is again disjoint.
    """
    found = list(boxes)
    while True:
        before = len(found)
        for coordinate in range(2, len(Box._fields)):
            found = _merge_along(found, coordinate)
        if len(found) == before:
            return found


def _merge_along(boxes: list[tuple[Box, Key]], coordinate: int) -> list[tuple[Box, Key]]:
    rows: dict[tuple[tuple[Span, ...], Key], list[Span]] = {}
    for box, key in boxes:
        rows.setdefault((box[:coordinate] + box[coordinate + 1 :], key), []).append(box[coordinate])
    return [
        (Box._make((*others[:coordinate], span, *others[coordinate:])), key)
        for (others, key), spans in rows.items()
        for span in _joined(spans)
    ]


def _joined(spans: list[Span]) -> list[Span]:
    spans.sort()
    found = [spans[0]]
    for low, high in spans[1:]:
        if low == found[-1][1] + 1:
            found[-1] = (found[-1][0], high)
        else:
            found.append((low, high))
    return found
