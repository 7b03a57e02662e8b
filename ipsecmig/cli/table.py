"""Tables as lines of text: aligned columns, folded to the width of a terminal where there is one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import NamedTuple

from ipsecmig.cli.printer import Line, Piece, Style
from ipsecmig.cli.text import visible, width

_GAP = 2
_NARROWEST = 12

Cell = str | Piece
"""What stands in one place of a table."""


class Column(NamedTuple):
    """One column: its title, and whether its cells stand at its right edge, as numbers do."""

    title: str
    right: bool = False


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]], limit: int | None, indent: int = 2
) -> Iterator[Line]:
    """Yield the lines of a table with a heading, at most `limit` terminal columns wide where that can be done."""
    heading = [Piece(column.title, Style.STRONG) for column in columns]
    pieces = [[_piece(cell) for cell in row] for row in rows]
    widths = _fitted(_natural_widths(heading, pieces), limit, indent)
    margin = Piece(" " * indent)
    for row in (heading, *pieces):
        for folded in _folded(row, widths):
            yield (margin, *_aligned(folded, columns, widths))


def _piece(cell: Cell) -> Piece:
    if isinstance(cell, Piece):
        return Piece(visible(cell.text), cell.style)
    return Piece(visible(cell))


def _natural_widths(heading: Sequence[Piece], rows: Sequence[Sequence[Piece]]) -> list[int]:
    widths = [width(piece.text) for piece in heading]
    for row in rows:
        for index, piece in enumerate(row):
            widths[index] = max(widths[index], width(piece.text))
    return widths


def _fitted(widths: list[int], limit: int | None, indent: int) -> list[int]:
    """Narrow the widest column, again and again, until the table fits or nothing is left to take."""
    if limit is None:
        return widths
    fitted = list(widths)
    excess = sum(fitted) + _GAP * (len(fitted) - 1) + indent - limit
    while excess > 0:
        widest = max(range(len(fitted)), key=fitted.__getitem__)
        taken = min(excess, max(1, fitted[widest] - sorted(fitted)[-2 if len(fitted) > 1 else -1]))
        if fitted[widest] - taken < _NARROWEST:
            break
        fitted[widest] -= taken
        excess -= taken
    return fitted


def _folded(row: Sequence[Piece], widths: Sequence[int]) -> Iterator[list[Piece]]:
    """Yield one row as the lines that it takes at these widths."""
    if all(width(piece.text) <= size for piece, size in zip(row, widths, strict=True)):
        yield list(row)
        return
    parts = [wrap(piece.text, size) or [""] for piece, size in zip(row, widths, strict=True)]
    for number in range(max(len(part) for part in parts)):
        yield [
            Piece(part[number] if number < len(part) else "", piece.style)
            for part, piece in zip(parts, row, strict=True)
        ]


def _aligned(row: Sequence[Piece], columns: Sequence[Column], widths: Sequence[int]) -> Iterator[Piece]:
    for number, (piece, column, size) in enumerate(zip(row, columns, widths, strict=True)):
        padding = Piece(" " * (size - width(piece.text)))
        yield from (padding, piece) if column.right else (piece, padding)
        if number < len(columns) - 1:
            yield Piece(" " * _GAP)
