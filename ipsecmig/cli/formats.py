"""`ipsecmig formats`: what can be read."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, TypeVar

from ipsecmig.cli.exits import Exit
from ipsecmig.cli.options import Color, Format, FormatOption
from ipsecmig.cli.printer import ColorMode, line, make_printer

if TYPE_CHECKING:
    from ipsecmig.dialects.base import Dialect

_Text = TypeVar("_Text", bound=Hashable)


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
    doubtful = _by_text((part, d.name) for d in DIALECTS for part in d.unverified)
    if doubtful:
        printer.result([line(), line("What could not be checked against a real file, and warns in use:")])
        printer.result(table([Column("part"), Column("of")], doubtful, printer.width, indent=0))
    settled = _by_text(((word, text), d.name) for d in DIALECTS for word, text in d.assumptions.items())
    columns = [Column("assumption"), Column("what it says"), Column("of")]
    printer.result([line(), line("What --assume settles:")])
    printer.result(table(columns, [[word, text, of] for (word, text), of in settled], printer.width, indent=0))
    return Exit.DONE


def _by_text(pairs: Iterable[tuple[_Text, str]]) -> list[tuple[_Text, str]]:
    """Return each text once, with the names of the formats that it is said of."""
    names: dict[_Text, list[str]] = {}
    for text, name in pairs:
        names.setdefault(text, []).append(name)
    return [(text, ", ".join(of)) for text, of in names.items()]


def _document(dialect: Dialect) -> dict[str, object]:
    return {
        "name": dialect.name,
        "title": dialect.title,
        "confidence": dialect.confidence,
        "evidence": dialect.evidence.name.lower(),
        "unverified": list(dialect.unverified),
        "suffixes": list(dialect.suffixes),
        "assumptions": dict(dialect.assumptions),
    }
