"""`ipsecmig lint`: findings about the policy itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ipsecmig.cli.exits import Exit, most_serious
from ipsecmig.cli.options import HostOptions, OutputOptions, ReadingOptions, Sources
from ipsecmig.cli.printer import Printer
from ipsecmig.errors import UsageError

if TYPE_CHECKING:
    from ipsecmig.cli.linting.inspecting import Inspected
    from ipsecmig.cli.linting.report import Report
    from ipsecmig.cli.linting.selection import Selection
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


@dataclass(frozen=True, slots=True)
class Fixing:
    """Which repairs are made, and where the corrected script goes."""

    fix: Annotated[
        bool, typer.Option("--fix", help="Repair what can be repaired so that every packet meets the same as before.")
    ] = False
    unsafe_fixes: Annotated[
        bool, typer.Option("--unsafe-fixes", help="Also make the repairs that change what packets meet.")
    ] = False
    fix_output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Where the repaired script goes; else it is only shown."),
    ] = None
    force: Annotated[bool, typer.Option("--force", help="Replace that file if there is one.")] = False


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
        bool, typer.Option("--each", help="Inspect each SOURCE on its own, as those of different hosts.")
    ] = False,
    lint_format: Annotated[ReportFormat, typer.Option("--format", help="The form of the report.")] = ReportFormat.TEXT,
    *,
    choice: Choice,
    fixing: Fixing,
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
    from ipsecmig.diagnostics import Severity

    printer = talk.printer()
    selection = make_selection(choice.select, choice.ignore)
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
    report = judge(inspected, selection, Severity[choice.severity.name])
    _print(report, printer, lint_format)
    repaired = _repair(fixing, inspected, report, selection, printer, shown=lint_format is ReportFormat.TEXT)
    fail_on = choice.lint_fail_on
    return most_serious((repaired, exit_of(report, None if fail_on is Threshold.NEVER else Severity[fail_on.name])))


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
    options: Fixing, inspected: Inspected, report: Report, selection: Selection, printer: Printer, *, shown: bool
) -> Exit:
    """Make the repairs that are asked for; beside a report in another form than text they are told as remarks."""
    if not (options.fix or options.unsafe_fixes):
        if options.fix_output is not None:
            raise UsageError("-o is where --fix or --unsafe-fixes writes the repaired script; neither is given")
        return Exit.DONE
    from ipsecmig.cli.linting.fixing import Wanted, fix, write
    from ipsecmig.cli.linting.repaired import fixed_lines

    wanted = Wanted(options.unsafe_fixes, options.fix_output, options.force)
    fixed = fix(inspected, report, selection.rules, wanted)
    for one in fixed:
        (printer.result if shown else printer.remark)(fixed_lines(one, unsafe=wanted.unsafe))
    return write(fixed, wanted, printer)


def _print(report: Report, printer: Printer, format_: ReportFormat) -> None:
    from ipsecmig.cli.printer import line

    printer.remark(line(remark) for remark in report.remarks)
    if format_ is ReportFormat.JSON:
        from ipsecmig.cli.linting.document import lint_document

        printer.json(lint_document(report))
        return
    from ipsecmig.cli.linting.text import report_lines

    printer.result(report_lines(report, printer.width, brief=printer.quiet))
