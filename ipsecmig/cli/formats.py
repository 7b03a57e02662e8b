"""`ipsecmig formats`: what can be read."""

from __future__ import annotations

from ipsecmig.cli.exits import Exit
from ipsecmig.cli.options import Color, Format, FormatOption
from ipsecmig.cli.printer import ColorMode, make_printer


def formats(format_: FormatOption = Format.TEXT, color: Color = ColorMode.AUTO) -> Exit:
    """List the formats that can be read.

    Example: ipsecmig formats
    """
    from ipsecmig.cli.table import Column, table
    from ipsecmig.dialects.registry import DIALECTS

    printer = make_printer(color)
    if format_ is Format.JSON:
        printer.json(
            [
                {"name": d.name, "title": d.title, "confidence": d.confidence, "suffixes": list(d.suffixes)}
                for d in DIALECTS
            ]
        )
        return Exit.DONE
    columns = [Column("name"), Column("format"), Column("confidence"), Column("files")]
    rows = [[d.name, d.title, d.confidence, " ".join(d.suffixes)] for d in DIALECTS]
    printer.result(table(columns, rows, printer.width, indent=0))
    return Exit.DONE
