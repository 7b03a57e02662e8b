"""Finds boxes by hashing: tuple space search (Srinivasan, Suri and Varghese, 1999).

The shape of a box is how many low bits are free in each of its coordinates. Of one shape those boxes that agree with a
point, or with a smaller box, above the free bits are found by one look-up; a policy has few shapes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Generic, TypeVar

from ipsecmig.model.space import Box, Span

Shape = tuple[int | None, ...]
"""For each of `MASKED` how many low bits are free, None where a span is not a block of one mask."""

MASKED: Final = (3, 4, 5, 6, 7)
"""The coordinates of a box that masks are taken of: addresses, protocol and ports."""

Masks = list[tuple[int, int]]
"""The coordinates that a shape masks, each with its number of free bits."""

Item = TypeVar("Item")

_Table = tuple[Masks, dict[tuple[int, ...], list[tuple[Box, Item]]]]
"""The boxes of one shape, hashed under its masks."""


def shape_of(box: Box) -> Shape:
    """Return the shape of `box`."""
    return tuple(_free(box[coordinate]) for coordinate in MASKED)


def _free(span: Span) -> int | None:
    low, high = span
    size = high - low + 1
    return None if size & (size - 1) or low & (size - 1) else size.bit_length() - 1


def masks_of(shape: Shape) -> Masks:
    """Return what boxes of `shape` are hashed by."""
    return [(c, free) for c, free in zip(MASKED, shape, strict=True) if free is not None]


def under(box: Box, masks: Masks) -> tuple[int, ...]:
    """Return what stands above the free bits of `masks` at the low end of `box`."""
    return tuple([box[c][0] >> free for c, free in masks])


class BoxIndex(Generic[Item]):
    """Boxes, each with an item, hashed by direction, family and shape."""

    def __init__(self, boxes: Iterable[tuple[Box, Item]]) -> None:
        self._tables: dict[tuple[Span, Span], dict[Shape, _Table[Item]]] = {}
        for row in boxes:
            box = row[0]
            shape = shape_of(box)
            tables = self._tables.setdefault((box.direction, box.family), {})
            masks, table = tables.setdefault(shape, (masks_of(shape), {}))
            table.setdefault(under(box, masks), []).append(row)

    def containing(self, box: Box) -> Iterator[tuple[Box, Item]]:
        """Yield the boxes that contain `box`, itself included, with their items."""
        for masks, table in self._tables.get((box.direction, box.family), {}).values():
            for row in table.get(under(box, masks), ()):
                if row[0].contains(box):
                    yield row
