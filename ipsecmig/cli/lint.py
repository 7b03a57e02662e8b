"""`ipsecmig lint`: findings about the policy itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ipsecmig.cli.exits import Exit, most_serious
from ipsecmig.cli.linting.rendering import Run
from ipsecmig.cli.options import HostOptions, OutputOptions, ReadingOptions, Sources
from ipsecmig.cli.printer import Printer

if TYPE_CHECKING:
    from ipsecmig.cli.linting.inspecting import Inspected
    from ipsecmig.cli.linting.judging import Terms
    from ipsecmig.cli.linting.report import Report
    from ipsecmig.cli.linting.selection import Selection
    from ipsecmig.diagnostics import Severity
    from ipsecmig.lint.inspection import Inspection
    from ipsecmig.model.targets import Target


class Level(StrEnum):
    """The severities, as options take them."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Threshold(StrEnum):
    """From which severity on findings fail a run."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    NEVER = "never"


class ReportFormat(StrEnum):
    """The forms that a report of findings can take."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    GITHUB = "github"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which findings are wanted, and which of them fail the run."""

    select: Annotated[
        str | None,
        typer.Option("--select", metavar="CODES", help="Only these: codes or their beginnings, names, families."),
    ] = None
    ignore: Annotated[str | None, typer.Option("--ignore", metavar="CODES", help="Not these, even where selected.")] = (
        None
    )
    severity: Annotated[Level, typer.Option("--severity", help="The least severity that is shown, and counts.")] = (
        Level.INFO
    )
    lint_fail_on: Annotated[
        Threshold, typer.Option("--fail-on", help="Exit with 1 when a finding has this severity or a higher one.")
    ] = Threshold.WARNING

    def threshold(self) -> Severity | None:
        """Return the least severity that fails the run, None where none does."""
        from ipsecmig.diagnostics import Severity

        return None if self.lint_fail_on is Threshold.NEVER else Severity[self.lint_fail_on.name]


@dataclass(frozen=True, slots=True)
class Fixing:
    """Which repairs are made, and where the corrected script goes."""

    fix: Annotated[
        bool, typer.Option("--fix", help="Repair what can be repaired so that every packet meets the same as before.")
    ] = False
    unsafe_fixes: Annotated[
        bool, typer.Option("--unsafe-fixes", help="Also make the repairs that change what packets meet.")
    ] = False
    force: Annotated[bool, typer.Option("--force", help="Write the repaired script even over another file.")] = False

    @property
    def wanted(self) -> bool:
        """Whether there is to be a repaired script."""
        return self.fix or self.unsafe_fixes


@dataclass(frozen=True, slots=True)
class PeerOptions:
    """The policy of another host, with which this one has to agree."""

    peer: Annotated[
        str | None, typer.Option("--peer", metavar="B", help="Another host's policy: can both negotiate?")
    ] = None
    peer_policy: Annotated[
        str | None, typer.Option("--peer-policy", metavar="NAME", help="Like --policy, for the peer.")
    ] = None
    peer_site: Annotated[
        Path | None, typer.Option("--peer-site", metavar="FILE", help="Like --site, for the peer.")
    ] = None


@dataclass(frozen=True, slots=True)
class BaselineOptions:
    """What was found before."""

    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", metavar="FILE", help="What this file has is known, and does not fail the run."),
    ] = None
    write_baseline: Annotated[
        Path | None, typer.Option("--write-baseline", metavar="FILE", help="Write what is found to this baseline.")
    ] = None


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """The form of the report, and where the result goes: the report or, of a fix, the repaired script."""

    lint_format: Annotated[ReportFormat, typer.Option("--format", help="The form of the report.")] = ReportFormat.TEXT
    lint_output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="PATH", help="Where the report goes, or of a fix the repaired script."),
    ] = None


def lint(
    sources: Sources,
    lint_to: Annotated[
        str | None,
        typer.Option("--to", metavar="TARGET[,TARGET]", help="Also find what these targets cannot say."),
    ] = None,
    all_policies: Annotated[
        bool, typer.Option("--all-policies", help="Inspect every policy, not only the assigned one.")
    ] = False,
    each: Annotated[
        bool, typer.Option("--each", help="Inspect each file on its own, as those of different hosts.")
    ] = False,
    *,
    choice: Choice,
    fixing: Fixing,
    form: ReportOptions,
    former: BaselineOptions,
    reading: ReadingOptions,
    site: HostOptions,
    peer: PeerOptions,
    talk: OutputOptions,
) -> Exit:
    """Find what is unwise, broken or dead in a policy.

    Example: ipsecmig lint policy.cmd --site site.yaml --fail-on error
    """
    from ipsecmig.cli.linting.inspecting import Job, inspect_each, inspect_together
    from ipsecmig.cli.linting.judging import judge
    from ipsecmig.cli.linting.report import exit_of
    from ipsecmig.cli.linting.selection import make_selection
    from ipsecmig.cli.site import make_inventory

    printer = talk.printer()
    selection = make_selection(choice.select, choice.ignore)
    terms = _terms(choice, selection, former)
    job = Job(
        reading.of(*sources),
        make_inventory(site),
        selection.rules,
        reading.policy,
        every=all_policies,
        peer=_peer(peer, reading),
        targets=_targets(lint_to),
    )
    inspected = (inspect_each if each else inspect_together)(job)
    printer.diagnostics(inspected.diagnostics)
    report = _written(judge(inspected, terms), former.write_baseline)
    threshold = choice.threshold()
    _print(report, printer, form, Run([rule.code for rule in job.rules], threshold, fixing.wanted))
    repaired = _repair(fixing, inspected, report, selection, printer, form)
    return most_serious((repaired, exit_of(report, threshold)))


def _terms(choice: Choice, selection: Selection, former: BaselineOptions) -> Terms:
    from datetime import UTC, datetime

    from ipsecmig.cli.linting.baseline import read_baseline
    from ipsecmig.cli.linting.configured import configured_suppressions
    from ipsecmig.cli.linting.judging import Terms
    from ipsecmig.diagnostics import Severity

    configured = configured_suppressions(Path.cwd())
    # A baseline that is about to be written anew need not be there yet, and what it had does not matter.
    anew = former.write_baseline is not None
    baseline = None if former.baseline is None or anew else read_baseline(former.baseline)
    today = datetime.now(UTC).astimezone().date()
    return Terms(selection, Severity[choice.severity.name], configured, baseline, today)


def _written(report: Report, path: Path | None) -> Report:
    """Write the baseline, if one is wanted; everything that it then has is known."""
    if path is None:
        return report
    from ipsecmig.cli.files import write_text
    from ipsecmig.cli.linting.baseline import baseline_text
    from ipsecmig.cli.linting.own import FAMILY, OWN
    from ipsecmig.cli.linting.report import accepted

    after = accepted(report, frozenset(one.code for one in OWN if one.family == FAMILY))
    write_text(path, baseline_text(after.known))
    return after


def _peer(options: PeerOptions, reading: ReadingOptions) -> Inspection | None:
    if options.peer is None:
        return None
    from ipsecmig.cli.linting.inspecting import peer_inspection
    from ipsecmig.cli.site import make_inventory

    return peer_inspection(
        reading.of(options.peer), options.peer_policy, make_inventory(HostOptions(options.peer_site))
    )


def _targets(names: str | None) -> tuple[Target, ...]:
    if names is None:
        return ()
    from ipsecmig.cli.conversion import choose_targets

    return choose_targets(names)


def _repair(
    fixing: Fixing, inspected: Inspected, report: Report, selection: Selection, printer: Printer, form: ReportOptions
) -> Exit:
    """Make the repairs that are asked for; beside a report in another form than text they are told as remarks."""
    if not fixing.wanted:
        return Exit.DONE
    from ipsecmig.cli.linting.fixing import Wanted, fix, write
    from ipsecmig.cli.linting.repaired import fixed_lines

    wanted = Wanted(fixing.unsafe_fixes, form.lint_output, fixing.force)
    fixed = fix(inspected, report, selection.rules, wanted)
    say = printer.result if form.lint_format is ReportFormat.TEXT else printer.remark
    for one in fixed:
        say(fixed_lines(one, unsafe=wanted.unsafe))
    return write(fixed, wanted, printer)


def _print(report: Report, printer: Printer, form: ReportOptions, ran: Run) -> None:
    from ipsecmig.cli.linting.rendering import render, rendered
    from ipsecmig.cli.printer import line

    printer.remark(line(remark) for remark in report.remarks)
    if form.lint_output is None or ran.fixes:
        render(report, form.lint_format.value, ran, printer)
        return
    from ipsecmig.cli.files import write_text
    from ipsecmig.cli.linting.text import summary

    write_text(form.lint_output, rendered(report, form.lint_format.value, ran, printer))
    printer.remark([summary(report)])
