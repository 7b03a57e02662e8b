"""The answer of a comparison, as text and as JSON; shared by every command that compares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ipsecmig.cli.document import Json, location, not_understood_entry
from ipsecmig.cli.exits import Exit
from ipsecmig.cli.explanations import decided_by
from ipsecmig.cli.options import Format
from ipsecmig.cli.printer import Line, Piece, Style, line
from ipsecmig.cli.text import count, place
from ipsecmig.cli.words import observed
from ipsecmig.verify.compare import Result

if TYPE_CHECKING:
    from ipsecmig.cli.printer import Printer
    from ipsecmig.verify.compare import Comparison, PolicyDifference

MOST_SHOWN: Final = 5
"""How many differences a text shows; JSON has them all."""

RESULT_STYLES: Final = {Result.EQUAL: Style.GOOD, Result.DIFFERENT: Style.BAD, Result.UNDECIDED: Style.BAD}


def difference_lines(comparison: Comparison, indent: str = "") -> Iterator[Line]:
    """Yield the differences, those that open first, and what was not understood."""
    for difference in comparison.differences[:MOST_SHOWN]:
        yield from _difference(difference, indent)
    more = len(comparison.differences) - MOST_SHOWN
    if more > 0 or comparison.truncated:
        at_least = "at least " if comparison.truncated else ""
        yield line(f"{indent}and {at_least}{count(max(more, 1), 'more difference')}", Style.FAINT)
    for doubt in comparison.undecided:
        yield (Piece(f"{indent}not understood: {place(doubt.origin)}: ", Style.BAD), Piece(doubt.text))
        yield line(f"{indent}    {doubt.reason}")


def _difference(one: PolicyDifference, indent: str) -> Iterator[Line]:
    opens = Piece("opens" if one.opens else "closes", Style.BAD if one.opens else Style.CAREFUL)
    yield (Piece(indent), opens, Piece(f": {one.witness.text()}"))
    parameters = f" (these differ: {', '.join(p.replace('_', ' ') for p in one.parameters)})" if one.parameters else ""
    yield line(f"{indent}    policy: it {observed(one.source)}{parameters}; {decided_by(one.explanation)}")
    yield line(f"{indent}    target: it {observed(one.target)}")
    for responsible in one.responsible:
        yield line(f"{indent}        {place(responsible.origin)}: {responsible.text}", Style.FAINT)


def comparison_document(comparison: Comparison) -> Json:
    """Return the answer as JSON, compare.schema.json."""
    return {
        "result": comparison.result.value,
        "differences": [_difference_document(one) for one in comparison.differences],
        "differences_complete": not comparison.truncated,
        "assumptions": list(comparison.assumptions),
        "undecided": [not_understood_entry(one) for one in comparison.undecided],
    }


def _difference_document(one: PolicyDifference) -> Json:
    return {
        "witness": one.witness.text(),
        "source": observed(one.source),
        "target": observed(one.target),
        "opens": one.opens,
        "parameters": list(one.parameters),
        "decided_by": decided_by(one.explanation),
        "responsible": [{"location": location(r.origin), "text": r.text} for r in one.responsible],
    }


_EXITS: Final = {Result.EQUAL: Exit.DONE, Result.DIFFERENT: Exit.FINDINGS, Result.UNDECIDED: Exit.UNDECIDED}


def print_comparison(comparison: Comparison, printer: Printer, format_: Format) -> Exit:
    """Print the answer of a comparison and return its exit code."""
    if format_ is Format.JSON:
        printer.json(comparison_document(comparison))
    else:
        printer.result(_report(comparison))
    return _EXITS[comparison.result]


def _report(comparison: Comparison) -> Iterator[Line]:
    yield line(comparison.result.value, RESULT_STYLES[comparison.result])
    yield from difference_lines(comparison, "  ")
    for assumption in comparison.assumptions:
        yield line(f"  assumed: {assumption}", Style.FAINT)
