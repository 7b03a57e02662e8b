"""`ipsecmig rules`: every code that lint can report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipsecmig.cli.exits import Exit
from ipsecmig.cli.options import Color, Format, FormatOption
from ipsecmig.cli.printer import ColorMode, make_printer

if TYPE_CHECKING:
    from ipsecmig.cli.linting.documented import Documented
    from ipsecmig.cli.table import Cell


def rules(format_: FormatOption = Format.TEXT, color: Color = ColorMode.AUTO) -> Exit:
    """List the rules of lint, and what else it reports.

    Example: ipsecmig rules
    """
    from ipsecmig.cli.linting.catalogue import catalogue, rule_document
    from ipsecmig.cli.table import Column, table

    printer = make_printer(color)
    every = tuple(catalogue().values())
    if format_ is Format.JSON:
        printer.json({"rules": [rule_document(one) for one in every]})
        return Exit.DONE
    columns = [Column(title) for title in ("code", "severity", "family", "name", "what it reports")]
    printer.result(table(columns, [_row(one) for one in every], printer.width, indent=0))
    return Exit.DONE


def _row(one: Documented) -> list[Cell]:
    from ipsecmig.cli.printer import SEVERITY_STYLES, Piece

    label = one.severity.label
    return [one.code, Piece(label, SEVERITY_STYLES[label]), one.family, one.name, one.title]
