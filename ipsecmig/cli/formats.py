"""`ipsecmig formats`: what can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipsecmig.cli.exits import Exit
from ipsecmig.cli.options import Color, Format, FormatOption
from ipsecmig.cli.printer import ColorMode, line, make_printer

if TYPE_CHECKING:
    from ipsecmig.dialects.base import Dialect


def formats(format_: FormatOption = Format.TEXT, color: Color = ColorMode.AUTO) -> Exit:
    """List the formats that can be read.

    Example: ipsecmig formats
    """
    from ipsecmig.cli.table import Column, table
    from ipsecmig.dialects.registry import DIALECTS

    printer = make_printer(color)
    if format_ is Format.JSON:
        printer.json({"formats": [_document(dialect) for dialect in DIALECTS]})
        return Exit.DONE
    columns = [Column("name"), Column("format"), Column("confidence"), Column("files")]
    rows = [[d.name, d.title, d.confidence, " ".join(d.suffixes)] for d in DIALECTS]
    printer.result(table(columns, rows, printer.width, indent=0))
    doubtful = [[d.name, part] for d in DIALECTS for part in d.unverified]
    if doubtful:
        printer.result([line(), line("What could not be checked against a real file, and warns in use:")])
        printer.result(table([Column("name"), Column("part")], doubtful, printer.width, indent=0))
    settled = [[d.name, name, text] for d in DIALECTS for name, text in d.assumptions.items()]
    printer.result([line(), line("What --assume settles:")])
    printer.result(
        table([Column("name"), Column("assumption"), Column("what it says")], settled, printer.width, indent=0)
    )
    return Exit.DONE


def _document(dialect: Dialect) -> dict[str, object]:
    return {
        "name": dialect.name,
        "title": dialect.title,
        "confidence": dialect.confidence,
        "unverified": list(dialect.unverified),
        "suffixes": list(dialect.suffixes),
        "assumptions": dict(dialect.assumptions),
    }
