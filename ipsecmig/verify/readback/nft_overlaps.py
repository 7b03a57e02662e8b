"""Finds elements of a verdict map that overlap: nft refuses most of them, and of the others either may decide.

Seen on nft 1.0.6 and Linux 6.18: of `10.0.0.0/8 . 1-100` and `10.1.0.0/16 . 80` the map is refused in this order and
taken in the other; elements that cross are taken in both. A key that is written twice with one verdict is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from ipsecmig.model.space import Box
from ipsecmig.verify.readback.nft_model import Element

Placed = tuple[Box, Element]
"""Packets, and the element that selects them."""


def overlapping(placed: Sequence[Placed]) -> tuple[Element, Element] | None:
    """Return two elements with packets in common that are not the same element written twice, or None."""
    for group in _apart(list(placed), 0, 0):
        for (one, first), (other, second) in combinations(group, 2):
            same = first is second or (first.key, first.verdict) == (second.key, second.verdict)
            if not same and one.intersection(other) is not None:
                return first, second
    return None


def _apart(placed: list[Placed], dimension: int, kept: int) -> Iterator[list[Placed]]:
    """Yield groups between which nothing overlaps; `kept` counts the dimensions tried in vain since the last split."""
    if len(placed) < 2:
        return
    if kept == len(Box._fields):
        yield placed
        return
    groups = list(_split(placed, dimension))
    following = (dimension + 1) % len(Box._fields)
    for group in groups:
        yield from _apart(group, following, kept + 1 if len(groups) == 1 else 0)


def _split(placed: list[Placed], dimension: int) -> Iterator[list[Placed]]:
    """Yield the runs of `placed` whose spans in `dimension` follow each other without touching."""
    ordered = sorted(placed, key=lambda p: p[0][dimension])
    group = [ordered[0]]
    last = ordered[0][0][dimension][1]
    for place in ordered[1:]:
        low, high = place[0][dimension]
        if low > last:
            yield group
            group = []
        group.append(place)
        last = max(last, high)
    yield group
