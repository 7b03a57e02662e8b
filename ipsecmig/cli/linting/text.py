"""What lint found, for a person at a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Final

from ipsecmig.cli.linting.report import Report, by_code, witness_text
from ipsecmig.cli.printer import SEVERITY_STYLES, Line, Piece, Style, line
from ipsecmig.cli.table import Cell, Column, table
from ipsecmig.cli.text import count, listed, visible
from ipsecmig.diagnostics import Severity, place

if TYPE_CHECKING:
    from ipsecmig.cli.linting.reported import Reported, Undecided

DETAILED: Final = 5
"""How many findings of one rule are told with everything; further ones take one line each."""

_MANY: Final = 10
"""From how many findings on a table by rules stands at the end."""


def report_lines(report: Report, width: int | None, *, brief: bool = False) -> Iterator[Line]:
    """Yield every finding in the order of the source, or where `brief` only how many there are of each rule."""
    findings = report.findings
    if not brief:
        yield from _findings(findings, width)
    for doubt in report.undecided:
        yield from _undecided(doubt, width)
    if findings and (brief or len(findings) >= _MANY):
        yield from _by_rule(findings, width)
        yield line()
    yield summary(report)
    if findings:
        codes = listed(sorted({one.code for one in findings}), most=3)
        yield line(f"`ipsecmig explain CODE` says why, and what to do instead ({codes})", Style.FAINT)


def _findings(findings: Sequence[Reported], width: int | None) -> Iterator[Line]:
    told: Counter[str] = Counter()
    for one in findings:
        told[one.code] += 1
        yield _heading(one)
        if told[one.code] <= DETAILED:
            for title, text in _details(one):
                yield from _wrapped(title, text, width)
    if findings:
        yield line()


def _heading(one: Reported) -> Line:
    label = one.severity.label
    return (
        Piece(f"{place(one.subject.origin)}: {one.code} ", Style.STRONG),
        Piece(label, SEVERITY_STYLES[label]),
        Piece(f": {one.message}"),
    )


def _details(one: Reported) -> Iterator[tuple[str, str]]:
    if one.subject.name != one.code:
        yield "", one.subject.text if one.policies else one.subject.name
    if one.witness is not None:
        yield "packet: ", witness_text(one.witness)
    for other in one.related:
        yield "also: ", f"{other.text} ({place(other.origin)})"
    if one.advice:
        yield "advice: ", one.advice
    if not one.certain:
        yield "", "not proved by the policy alone"


def _wrapped(title: str, text: str, width: int | None) -> Iterator[Line]:
    """Yield an indented text, on several lines where the terminal is narrower."""
    indent = " " * 4
    room = None if width is None else max(width - len(indent) - len(title), 20)
    parts = [text] if room is None else wrap(visible(text), room) or [""]
    for number, part in enumerate(parts):
        yield (Piece(indent), Piece(title if number == 0 else " " * len(title), Style.FAINT), Piece(part))


def _undecided(one: Undecided, width: int | None) -> Iterator[Line]:
    yield (
        Piece(f"{place(one.subject.origin)}: ", Style.STRONG),
        Piece("undecided", Style.BAD),
        Piece(f": {one.reason}"),
    )
    yield from _wrapped("", one.subject.name, width)


def _by_rule(findings: Sequence[Reported], width: int | None) -> Iterator[Line]:
    from ipsecmig.cli.linting.catalogue import catalogue

    known = catalogue()
    rows: list[list[Cell]] = []
    for code, alike in by_code(findings).items():
        label = max(one.severity for one in alike).label
        where = f"{place(alike[0].subject.origin)}{'' if len(alike) == 1 else ' and others'}"
        title = known[code].title if code in known else alike[0].message
        rows.append([code, Piece(label, SEVERITY_STYLES[label]), f"{len(alike):,}", title, where])
    columns = [Column("rule"), Column("severity"), Column("found", right=True), Column("what"), Column("first at")]
    yield from table(columns, rows, width, indent=0)


def summary(report: Report) -> Line:
    """Return the report in one line."""
    numbers = Counter(one.severity for one in report.findings)
    pieces = [_number(severity, numbers[severity]) for severity in sorted(Severity, reverse=True)]
    found = _joined(pieces for pieces in pieces if pieces)
    clean = Piece("nothing found", Style.GOOD if not report.undecided else Style.PLAIN)
    aside = [
        f"{len(ones):,} {word}" for ones, word in ((report.suppressed, "suppressed"), (report.known, "known")) if ones
    ]
    aside += [f"{count(len(report.undecided), 'thing')} undecided"] if report.undecided else []
    policies = listed([f'"{name}"' for name in report.policies], most=3)
    where = f" in {'policy' if len(report.policies) == 1 else 'policies'} {policies}" if policies else ""
    return (*(found or (clean,)), Piece(where), Piece("".join(f"; {text}" for text in aside)))


def _number(severity: Severity, number: int) -> tuple[Piece, ...]:
    if not number:
        return ()
    noun = "finding for information" if severity is Severity.INFO else severity.label
    plural = "findings for information" if severity is Severity.INFO else None
    return (Piece(count(number, noun, plural), SEVERITY_STYLES[severity.label]),)


def _joined(groups: Iterable[Sequence[Piece]]) -> tuple[Piece, ...]:
    joined: list[Piece] = []
    for group in groups:
        joined += [Piece(", "), *group] if joined else group
    return tuple(joined)
