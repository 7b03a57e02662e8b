"""`ipsecmig explain`: the documentation of one code."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated

import typer

from ipsecmig.cli.exits import Exit
from ipsecmig.cli.options import Color, Format, FormatOption
from ipsecmig.cli.printer import ColorMode, make_printer

if TYPE_CHECKING:
    from ipsecmig.cli.linting.documented import Documented
    from ipsecmig.cli.printer import Line

_READABLE = 100
"""The longest lines of running text, in columns."""


def explain(
    code: Annotated[str, typer.Argument(metavar="CODE", help="A code such as S20, or the name of a rule.")],
    format_: FormatOption = Format.TEXT,
    color: Color = ColorMode.AUTO,
) -> Exit:
    """Explain one finding: what, why, an example, what to do instead, and where the advice comes from.

    Example: ipsecmig explain S20
    """
    from ipsecmig.cli.linting.catalogue import look_up, rule_document

    printer = make_printer(color)
    found = look_up(code)
    if format_ is Format.JSON:
        printer.json(rule_document(found))
    else:
        printer.result(_lines(found, min(printer.width or _READABLE, _READABLE)))
    return Exit.DONE


def _lines(one: Documented, width: int) -> Iterator[Line]:
    from ipsecmig.cli.printer import SEVERITY_STYLES, Piece, Style, line

    label = one.severity.label
    name = f" {one.name}" if one.name else ""
    yield (
        Piece(f"{one.code}{name}", Style.STRONG),
        Piece(f" ({one.family}, "),
        Piece(label, SEVERITY_STYLES[label]),
        Piece(")"),
    )
    yield from (line(part) for part in wrap(one.title, width))
    for title, text in one.sections.items():
        yield line()
        yield line(title, Style.STRONG)
        for paragraph in text.split("\n\n"):
            yield from (line(f"  {part}") for part in wrap(paragraph, width - 2))
