"""The report of a conversion for a person: what was lost first, then everything else that must be known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from textwrap import wrap
from typing import TYPE_CHECKING

from ipsecmig.cli.differences import difference_lines
from ipsecmig.cli.grouping import Group, grouped
from ipsecmig.cli.printer import Line, Piece, Style, line
from ipsecmig.cli.table import Column, table
from ipsecmig.cli.text import count, listed
from ipsecmig.cli.treatments import treatment
from ipsecmig.cli.verification import Verdict
from ipsecmig.diagnostics import place
from ipsecmig.model.targets import Emission, Loss, OutputFile, SecurityDirection

if TYPE_CHECKING:
    from ipsecmig.cli.contested import Contested, Contests
    from ipsecmig.cli.conversion import Conversion, Outcome
    from ipsecmig.model.flatten import SpecificFilter
    from ipsecmig.model.policy import NotUnderstood

_VERDICT_STYLES = {
    Verdict.EQUAL: Style.GOOD,
    Verdict.DIFFERENT: Style.BAD,
    Verdict.UNDECIDED: Style.BAD,
    Verdict.SKIPPED: Style.CAREFUL,
}

_DIRECTIONS = (
    (SecurityDirection.FAILS_OPEN, "Fails open: lets more through than the policy", Style.BAD),
    (SecurityDirection.FAILS_CLOSED, "Fails closed: lets less through than the policy", Style.CAREFUL),
)


def report(conversion: Conversion, outcome: Outcome, width: int | None) -> Iterator[Line]:
    """Yield the report with what became of the files; `width` is that of the terminal, None for lines of any length."""
    flat = conversion.flat
    yield line(f'Policy "{flat.policy.name}" of {listed(conversion.store.sources)}', Style.STRONG)
    yield line()
    yield from _summary(conversion, width)
    yield from _undecided(conversion.not_understood, width)
    for direction, title, style in _DIRECTIONS:
        yield from _losses([one for one in conversion.losses if one.direction is direction], title, style, width)
    yield from _conflicts(conversion.contests, width)
    yield from _bullets("Assumed", _assumed(conversion), width)
    notes = [f"{emission.target}: {note}" for emission in conversion.emissions for note in emission.notes]
    yield from _bullets("Notes", notes, width)
    yield from _verified(conversion, width)
    yield from _files(conversion, outcome, width)


def _summary(conversion: Conversion, width: int | None) -> Iterator[Line]:
    columns = (
        Column("target"),
        Column("fails open", right=True),
        Column("fails closed", right=True),
        Column("exact", right=True),
    )
    yield from table(columns, [_summary_row(emission) for emission in conversion.emissions], width)
    yield line()


def _summary_row(emission: Emission) -> list[str | Piece]:
    opens = sum(one.direction is SecurityDirection.FAILS_OPEN for one in emission.losses)
    closes = len(emission.losses) - opens
    return [
        emission.target,
        Piece(f"{opens:,}", Style.BAD if opens else Style.GOOD),
        Piece(f"{closes:,}", Style.CAREFUL if closes else Style.GOOD),
        f"{emission.exact:,}",
    ]


def _undecided(not_understood: Sequence[NotUnderstood], width: int | None) -> Iterator[Line]:
    if not not_understood:
        return
    title = f"UNDECIDED: {count(len(not_understood), 'place was', 'places were')} not understood; nothing is claimed"
    yield line(title, Style.BAD)
    for group in grouped(not_understood, lambda n: n.reason):
        yield from _entry(place(group.first.origin), len(group.members), group.first.text, (group.first.reason,), width)
    yield line()


def _losses(losses: Sequence[Loss], title: str, style: Style, width: int | None) -> Iterator[Line]:
    if not losses:
        return
    yield line(f"{title} ({count(len(losses), 'loss', 'losses')})", style)
    groups = grouped(losses, lambda one: (one.target, one.kind, one.reason, one.advice))
    columns = (Column("target"), Column("kind"), Column("times", right=True), Column("first place"))
    heading, *rows = table(columns, [_loss_row(group) for group in groups], None)
    yield heading
    for row, group in zip(rows, groups, strict=True):
        yield row
        yield from _paragraphs((_attributes(group), group.first.reason, group.first.advice), width)
    yield line()


def _loss_row(group: Group[Loss]) -> list[str | Piece]:
    first = group.first
    return [first.target, first.kind.value, f"{len(group.members):,}", Piece(place(first.origin), Style.FAINT)]


def _attributes(group: Group[Loss]) -> str:
    """Return the one attribute that was lost with its object, or the kinds of several."""
    if len(group.members) == 1:
        return group.first.attribute
    kinds = [one.attribute if one.about is None else one.about.value for one in group.members]
    return listed(list(dict.fromkeys(kinds)), most=12)


def _conflicts(contests: Contests, width: int | None) -> Iterator[Line]:
    if not contests.complete:
        yield line("UNDECIDED: there are more conflicts between filters than could be listed", Style.BAD)
    if not contests.pairs:
        return
    title = f"Order not documented by Windows: {count(len(contests.pairs), 'pair')} of filters; nothing is claimed here"
    yield line(title, Style.CAREFUL)
    for group in grouped(contests.pairs, lambda one: (one.chosen.rule.name, one.other.rule.name, one.direction)):
        yield from _conflict(group, width)
    yield line()


def _conflict(group: Group[Contested], width: int | None) -> Iterator[Line]:
    one = group.first
    opens = one.direction is SecurityDirection.FAILS_OPEN
    more = f" and {count(len(group.members) - 1, 'more pair')}" if len(group.members) > 1 else ""
    yield (
        Piece(f"  {one.direction.value}", Style.BAD if opens else Style.CAREFUL),
        Piece(f" if Windows decides otherwise: {one.witness.text()}{more}"),
    )
    yield from _paragraphs((f"the files: {_decider(one.chosen)}", f"Windows may: {_decider(one.other)}"), width)


def _decider(one: SpecificFilter) -> str:
    return f'{treatment(one.treatment)}: rule "{one.rule.name}", {place(one.filter.origin)}'


def _entry(where: str, times: int, text: str, paragraphs: Sequence[str], width: int | None) -> Iterator[Line]:
    more = f" and {times - 1:,} more like it" if times > 1 else ""
    yield (Piece(f"  {where}: ", Style.FAINT), Piece(text), Piece(more, Style.FAINT))
    yield from _paragraphs(paragraphs, width)


def _paragraphs(texts: Sequence[str], width: int | None, indent: str = "      ") -> Iterator[Line]:
    for text in texts:
        if text:
            yield from (line(indent + part) for part in _folded(text, width, len(indent)))


def _folded(text: str, width: int | None, indent: int) -> list[str]:
    return [text] if width is None else wrap(text, max(20, width - indent)) or [""]


def _bullets(title: str, texts: Sequence[str], width: int | None) -> Iterator[Line]:
    if not texts:
        return
    yield line(title, Style.STRONG)
    for text in texts:
        first, *rest = _folded(text, width, 4)
        yield line(f"  - {first}")
        yield from (line(f"    {part}") for part in rest)
    yield line()


def _verified(conversion: Conversion, width: int | None) -> Iterator[Line]:
    verification = conversion.verification
    reason = f" ({verification.reason})" if verification.reason else ""
    verdict = Piece(verification.verdict.value, _VERDICT_STYLES[verification.verdict])
    apart = _apart(conversion) if verification.verdict is Verdict.EQUAL else ""
    yield (Piece("Verified: ", Style.STRONG), verdict, Piece(apart + reason))
    for bundle in verification.bundles:
        result = Verdict(bundle.comparison.result.value)
        yield (Piece(f"  {' with '.join(bundle.targets)}: "), Piece(result.value, _VERDICT_STYLES[result]))
        yield from difference_lines(bundle.comparison, "    ", conversion.not_understood)


def _apart(conversion: Conversion) -> str:
    """Return what the verdict *equal* does not speak of, or that it speaks of every packet."""
    losses, pairs = len(conversion.losses), len(conversion.contests.pairs)
    exceptions = [count(losses, "loss", "losses")] if losses else []
    exceptions += [count(pairs, "pair of filters", "pairs of filters")] if pairs else []
    return f", apart from the {' and the '.join(exceptions)} above" if exceptions else " for every packet"


def _assumed(conversion: Conversion) -> tuple[str, ...]:
    """Return what the policy's meaning rests on, and then what the verdict does."""
    verdicts = chain.from_iterable(b.comparison.assumptions for b in conversion.verification.bundles)
    return tuple(dict.fromkeys((*conversion.flat.assumptions, *verdicts)))


def _files(conversion: Conversion, outcome: Outcome, width: int | None) -> Iterator[Line]:
    if not conversion.may_be_written:
        yield line(
            "Nothing was written: the files did not pass their own verification (--no-verify writes them)", Style.BAD
        )
        return
    if outcome.output == "-":
        return
    if outcome.written is None:
        yield line("Nothing was written; -o FOLDER writes these files, -o - prints them:", Style.STRONG)
    else:
        yield line(f"Written to {outcome.output}:", Style.STRONG)
    purposes = {path: purpose for target in conversion.targets for path, purpose in target.files.items()}
    rows = [_file_row(file, purposes.get(file.path, "")) for file in conversion.files]
    yield from table(
        (Column("file"), Column("bytes", right=True), Column("mode"), Column("what it is for")), rows, width
    )
    if outcome.written is not None and outcome.written.left_over:
        left = listed(outcome.written.left_over)
        yield line(f"Left from an earlier conversion, not part of this one: {left}", Style.CAREFUL)


def _file_row(file: OutputFile, purpose: str) -> list[str | Piece]:
    mode = Piece("secret, 0600", Style.CAREFUL) if file.secret else Piece("script" if file.executable else "")
    return [file.path, "" if file.secret else f"{len(file.content):,}", mode, purpose]
