"""`ipsecmig targets`: what can be written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ipsecmig.cli.exits import Exit
from ipsecmig.cli.options import Color, Format, FormatOption
from ipsecmig.cli.printer import ColorMode, make_printer

if TYPE_CHECKING:
    from ipsecmig.cli.printer import Line
    from ipsecmig.model.targets import Target


def targets(format_: FormatOption = Format.TEXT, color: Color = ColorMode.AUTO) -> Exit:
    """List the targets, the files of each, and what it can say of a policy.

    Example: ipsecmig targets
    """
    from ipsecmig.emit.registry import TARGETS

    printer = make_printer(color)
    if format_ is Format.JSON:
        printer.json({"targets": [_document(target) for target in TARGETS]})
    else:
        printer.result(_tables(TARGETS, printer.width))
    return Exit.DONE


def _document(target: Target) -> dict[str, object]:
    from ipsecmig.model.attributes import AttributeKind

    return {
        "name": target.name,
        "title": target.title,
        "files": [{"path": path, "purpose": purpose} for path, purpose in target.files.items()],
        "attributes": {kind.value: "exact" if kind in target.exact else "may be lost" for kind in AttributeKind},
    }


def _tables(targets: tuple[Target, ...], width: int | None) -> Iterator[Line]:
    from ipsecmig.cli.printer import Piece, Style, line
    from ipsecmig.cli.table import Cell, Column, table
    from ipsecmig.model.attributes import AttributeKind

    files: list[list[Cell]] = [
        [target.name if number == 0 else "", target.title if number == 0 else "", path, purpose]
        for target in targets
        for number, (path, purpose) in enumerate(target.files.items() or [("", "")])
    ]
    yield from table(
        [Column(title) for title in ("target", "what it is", "file", "what the file is for")], files, width, 0
    )
    yield line()
    yield line("What each target carries exactly; anything else may become a loss, which the conversion reports.")
    exact, other = Piece("exact", Style.GOOD), Piece("may be lost", Style.CAREFUL)
    kinds: list[list[Cell]] = [
        [kind.value, *(exact if kind in target.exact else other for target in targets)] for kind in AttributeKind
    ]
    yield from table([Column("attribute"), *(Column(target.name) for target in targets)], kinds, width, 0)
