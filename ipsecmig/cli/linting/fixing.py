"""`lint --fix`: repairs of what was found, shown before they are written.

The corrected script is the policy written anew, not the source with lines exchanged: so what netsh refuses, what stands
twice and an assignment before its time are gone by themselves, and so are the comments of the source.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from ipsecmig import __version__
from ipsecmig.cli.exits import Exit
from ipsecmig.cli.files import write_one
from ipsecmig.cli.printer import line
from ipsecmig.cli.text import count, listed, visible
from ipsecmig.cli.verification import Verdict, verify
from ipsecmig.diagnostics import Severity
from ipsecmig.emit.netsh import SCRIPT, TARGET
from ipsecmig.errors import BudgetExceeded, OutputError, UsageError
from ipsecmig.lint.repair import Outcome, Withheld, repair
from ipsecmig.model.targets import EmissionRequest

if TYPE_CHECKING:
    from ipsecmig.cli.linting.inspecting import Inspected
    from ipsecmig.cli.linting.report import Report
    from ipsecmig.cli.printer import Printer
    from ipsecmig.lint.inspection import Inspection
    from ipsecmig.lint.rule import LintRule
    from ipsecmig.model.targets import Emission

REWRITTEN: Final = {
    "NS050": "what is defined twice is defined once",
    "NS051": "what is defined twice is defined once",
    "NS069": "the policy is assigned last, when everything stands",
}
"""What becomes, in a script written anew, of what the reader reports."""


class Wanted(NamedTuple):
    """What the command line asks for: repairs that change what packets meet too, and the file to write, if any."""

    unsafe: bool
    path: Path | None
    force: bool


@dataclass(frozen=True, slots=True)
class Fixed:
    """What came of repairing one policy. `reason` says why it was not tried, and `rewritten` what writing anew does."""

    inspection: Inspection
    outcome: Outcome | None
    rewritten: tuple[str, ...]
    reason: str = ""


def fix(inspected: Inspected, report: Report, rules: Sequence[LintRule], wanted: Wanted) -> tuple[Fixed, ...]:
    """Return what came of repairing what `report` counts, for each policy. Raises UsageError for several and one file.

    A rule of which a finding is suppressed is left alone: its repair would not know which objects it may touch.
    """
    if wanted.path is not None and len(inspected.inspections) != 1:
        raise UsageError(
            f"-o writes one policy, and {len(inspected.inspections):,} were inspected; choose with --policy"
        )
    suppressed = {one.reported.code for one in report.suppressed}
    found = {one.code for one in report.findings}
    chosen = [rule for rule in rules if rule.code in found | suppressed]
    free = [rule for rule in chosen if rule.code not in suppressed]
    aside = [Withheld(r, "a finding of it is suppressed") for r in chosen if r.repair and r.code in suppressed]
    rewritten = tuple(_rewritten(report))
    return tuple(_fixed(inspection, free, aside, rewritten, wanted) for inspection in inspected.inspections)


def _fixed(
    inspection: Inspection,
    rules: Sequence[LintRule],
    aside: Sequence[Withheld],
    rewritten: tuple[str, ...],
    wanted: Wanted,
) -> Fixed:
    try:
        outcome = repair(rules, inspection, unsafe=wanted.unsafe)
    except BudgetExceeded as failure:
        return Fixed(inspection, None, rewritten, str(failure))
    return Fixed(inspection, Outcome(outcome.inspection, outcome.steps, (*aside, *outcome.withheld)), rewritten)


def _rewritten(report: Report) -> Iterator[str]:
    """Yield what writing the script anew does about what the reader reports."""
    read = [one for one in report.findings if not one.policies]
    refused = sum(one.severity is Severity.ERROR for one in read)
    if refused:
        yield f"{count(refused, 'command')} that netsh refuses {_is(refused)} left out"
    yield from dict.fromkeys(REWRITTEN[one.code] for one in read if one.code in REWRITTEN)


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def write(fixed: Sequence[Fixed], wanted: Wanted, printer: Printer) -> Exit:
    """Write the corrected script where one is wanted, and return how serious what it cannot say is.

    Raises OutputError where it is not proved to say what the repaired policy does, or cannot be written.
    """
    if wanted.path is None:
        undecided = any(one.outcome is None for one in fixed)
        return Exit.UNDECIDED if undecided else Exit.DONE
    (one,) = fixed
    emission = _corrected(one)
    (file,) = (file for file in emission.files if file.path == SCRIPT)
    write_one(wanted.path, file.content, secret=file.secret, replace=wanted.force)
    printer.remark(line(text) for text in _remarks(emission))
    printer.remark([line(f"{wanted.path} is written; read back, it is equal to the repaired policy")])
    return Exit.FINDINGS if emission.losses else Exit.DONE


def _corrected(fixed: Fixed) -> Emission:
    """Return the script of the repaired policy, read back and proved. Raises OutputError where it cannot be."""
    if fixed.outcome is None:
        raise OutputError(f"nothing was written: {fixed.reason}")
    inspection = fixed.outcome.inspection
    if inspection.flat.not_understood:
        raise OutputError("nothing was written: what was not understood would be missing from the corrected script")
    heading = tuple(_heading(fixed, fixed.outcome))
    emission = TARGET.emit(EmissionRequest(inspection.store, inspection.policy, inspection.flat, heading))
    verification = verify(inspection.flat, [emission])
    if verification.verdict is not Verdict.EQUAL:
        why = f": {verification.reason}" if verification.reason else ""
        raise OutputError(f"nothing was written: read back, the script is {verification.verdict.value}{why}")
    return emission


def _heading(fixed: Fixed, outcome: Outcome) -> Iterator[str]:
    """Yield the lines at the head of the corrected script, each safe to put into a comment."""
    yield f"Written by ipsecmig {__version__}: the policy of the source, which it replaces, but for:"
    repairs = [f"{step.rule.code} {step.rule.name}" for step in outcome.steps]
    yield f"  repairs: {', '.join(repairs) or 'none'}"
    yield from (f"  {text}" for text in fixed.rewritten)
    yield visible(f"Source: {', '.join(outcome.inspection.store.sources)}")
    yield visible(f'Policy: "{outcome.inspection.policy.name}"')


def _remarks(emission: Emission) -> Iterator[str]:
    yield from emission.notes
    reasons = dict.fromkeys(f"{loss.attribute}: {loss.reason}" for loss in emission.losses)
    if reasons:
        yield f"netsh cannot say {count(len(reasons), 'thing')}: {listed(list(reasons))}"
