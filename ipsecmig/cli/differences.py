"""The answer of a comparison, as text and as JSON; shared by every command that compares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Final

from ipsecmig.cli.exits import Exit, most_serious
from ipsecmig.cli.explanations import decided_by
from ipsecmig.cli.options import Format
from ipsecmig.cli.parts import Json, location, not_understood_entry
from ipsecmig.cli.printer import Line, Piece, Style, line
from ipsecmig.cli.text import count
from ipsecmig.cli.treatments import observed
from ipsecmig.diagnostics import place
from ipsecmig.model.selectors import PORT_PROTOCOLS
from ipsecmig.verify.compare import Result

if TYPE_CHECKING:
    from ipsecmig.cli.printer import Printer
    from ipsecmig.model.policy import NotUnderstood
    from ipsecmig.verify.compare import Comparison, PolicyDifference
    from ipsecmig.verify.negotiation.result import Negotiation

MOST_SHOWN: Final = 5
"""How many differences a text shows; JSON has them all."""

RESULT_STYLES: Final = {Result.EQUAL: Style.GOOD, Result.DIFFERENT: Style.BAD, Result.UNDECIDED: Style.BAD}


def difference_lines(comparison: Comparison, indent: str = "", said: Sequence[NotUnderstood] = ()) -> Iterator[Line]:
    """Yield one difference for each cause, those that open first, and what was not understood and not yet `said`."""
    causes = _causes(comparison.differences)
    for alike in causes[:MOST_SHOWN]:
        yield from _difference(alike, indent)
    if len(causes) > MOST_SHOWN or comparison.truncated:
        at_least = "at least " if comparison.truncated else ""
        yield line(f"{indent}and {at_least}{count(max(len(causes) - MOST_SHOWN, 1), 'more cause')}", Style.FAINT)
    for doubt in (one for one in comparison.undecided if one not in said):
        yield (Piece(f"{indent}not understood: {place(doubt.origin)}: ", Style.BAD), Piece(doubt.text))
        yield line(f"{indent}    {doubt.reason}")


def _causes(differences: Sequence[PolicyDifference]) -> list[list[PolicyDifference]]:
    """Return the differences together that have one cause: the same filter, the same lines and the same effect.

    Exemptions cut one region into many boxes; a person wants to see it once, by a packet of an ordinary protocol.
    """
    groups: dict[object, list[PolicyDifference]] = {}
    for one in differences:
        lines = tuple(r.origin for r in one.responsible)
        key = (one.opens, one.witness.direction, one.source, one.target, decided_by(one.explanation), lines)
        groups.setdefault(key, []).append(one)
    for alike in groups.values():
        alike.sort(key=lambda one: one.witness.protocol not in PORT_PROTOCOLS)
    return list(groups.values())


def _difference(alike: list[PolicyDifference], indent: str) -> Iterator[Line]:
    one = alike[0]
    opens = Piece("opens" if one.opens else "closes", Style.BAD if one.opens else Style.CAREFUL)
    yield (Piece(indent), opens, Piece(f": {one.witness.text()}"))
    more = f", and {count(len(alike) - 1, 'more region')} like it" if len(alike) > 1 else ""
    yield line(f"{indent}    all of {one.box.text()}{more}", Style.FAINT)
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
        "box": one.box.text(),
        "source": observed(one.source),
        "target": observed(one.target),
        "opens": one.opens,
        "parameters": list(one.parameters),
        "decided_by": decided_by(one.explanation),
        "responsible": [{"location": location(r.origin), "text": r.text} for r in one.responsible],
    }


_EXITS: Final = {Result.EQUAL: Exit.DONE, Result.DIFFERENT: Exit.FINDINGS, Result.UNDECIDED: Exit.UNDECIDED}


def print_comparison(
    comparison: Comparison,
    printer: Printer,
    format_: Format,
    negotiations: Sequence[Negotiation] | None = None,
) -> Exit:
    """Print the answer of a comparison, and what was negotiated if anything, and return the exit code of both."""
    if negotiations is None:
        return _print(comparison_document(comparison), _report(comparison), printer, format_, _EXITS[comparison.result])
    from ipsecmig.cli.negotiations import exit_of, negotiation_lines, negotiations_document

    document = comparison_document(comparison) | {"negotiations": negotiations_document(negotiations)}
    lines = chain(_report(comparison), negotiation_lines(negotiations))
    return _print(document, lines, printer, format_, most_serious((_EXITS[comparison.result], exit_of(negotiations))))


def _print(document: Json, lines: Iterable[Line], printer: Printer, format_: Format, code: Exit) -> Exit:
    if format_ is Format.JSON:
        printer.json(document)
    else:
        printer.result(lines)
    return code


def _report(comparison: Comparison) -> Iterator[Line]:
    yield line(comparison.result.value, RESULT_STYLES[comparison.result])
    yield from difference_lines(comparison, "  ")
    for assumption in comparison.assumptions:
        yield line(f"  assumed: {assumption}", Style.FAINT)
