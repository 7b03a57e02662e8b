"""`ipsecmig fleet`: the policies of many hosts at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ipsecmig.cli.exits import Exit, most_serious
from ipsecmig.cli.lint import Choice
from ipsecmig.cli.options import Format, FormatOption, Jobs, OutputOptions, ReadingOptions, SiteFile, WindowsOption
from ipsecmig.cli.printer import Printer

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from ipsecmig.cli.fleeting.reading import HostRead, Terms
    from ipsecmig.diagnostics import Severity
    from ipsecmig.fleet.overview import Overview


@dataclass(frozen=True, slots=True)
class Work:
    """Where the work is done."""

    jobs: Jobs = None
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler",
            metavar="tcp://HOST:PORT",
            help="A Dask scheduler that takes the computation; preshared keys stay here.",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of all hosts besides their policies."""

    site: SiteFile = None
    windows: WindowsOption = None


def fleet(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder with one folder or file for each host.")],
    format_: FormatOption = Format.TEXT,
    *,
    around: Surroundings,
    work: Work,
    choice: Choice,
    reading: ReadingOptions,
    talk: OutputOptions,
) -> Exit:
    """Show which policies a fleet has, which hosts have which, and which of them cannot agree with each other.

    Example: ipsecmig fleet evidence/ --site site.yaml
    """
    from ipsecmig.cli.fleeting.reading import Terms, host_paths, without_own
    from ipsecmig.cli.fleeting.report import from_severity, overview_document, overview_lines
    from ipsecmig.cli.linting.selection import make_selection
    from ipsecmig.cli.options import HostOptions
    from ipsecmig.cli.site import make_inventory
    from ipsecmig.diagnostics import Severity
    from ipsecmig.fleet.sealing import new_seal

    printer = talk.printer()
    codes = frozenset(rule.code for rule in make_selection(choice.select, choice.ignore).rules)
    inventory = without_own(make_inventory(HostOptions(around.site)))
    terms = Terms(reading.of(), inventory, new_seal(), codes, reading.policy, around.windows)
    overview = from_severity(_surveyed(host_paths(folder), terms, work, printer), Severity[choice.severity.name])
    if format_ is Format.JSON:
        printer.json(overview_document(overview))
    else:
        printer.result(overview_lines(overview))
    return _exit(overview, choice.threshold())


def _surveyed(paths: dict[str, Path], terms: Terms, work: Work, printer: Printer) -> Overview:
    """Read the hosts here, and have the work on them done where it is wanted."""
    from dataclasses import replace
    from itertools import repeat

    from ipsecmig.cli.fleeting.reading import read_host, skipped
    from ipsecmig.fleet.executors import local_executor
    from ipsecmig.fleet.overview import Doubt, survey

    jobs = work.jobs or _suitable(len(paths))
    with local_executor(jobs) as local, _chosen(work.scheduler, local) as executor:
        read = dict(zip(paths, local.map(read_host, paths, paths.values(), repeat(terms)), strict=True))
        printer.diagnostics(skipped(paths[name]) for name, one in read.items() if one is None)
        known = [one for one in read.values() if one is not None]
        _say(known, printer)
        hosts = [one.host for one in known if one.host is not None]
        overview = survey(hosts, terms.inventory, terms.codes, executor)
    unread = (Doubt(one.name, (one.reason,)) for one in known if one.reason is not None)
    return replace(overview, undecided=(*unread, *overview.undecided))


def _suitable(hosts: int) -> int:
    """Return a number of processes; to start one takes as long as several hosts do."""
    import os

    return max(1, min(len(os.sched_getaffinity(0)), hosts // 8))


@contextmanager
def _chosen(scheduler: str | None, local: Executor) -> Iterator[Executor]:
    if scheduler is None:
        yield local
        return
    from ipsecmig.fleet.executors import cluster_executor

    with cluster_executor(scheduler) as cluster:
        yield cluster


def _say(read: list[HostRead], printer: Printer) -> None:
    """Print what is to be said of the hosts: of what is said of many, the first."""
    from ipsecmig.cli.printer import line
    from ipsecmig.cli.text import count

    seen: dict[tuple[str, str], int] = {}
    for one in read:
        for diagnostic in one.diagnostics:
            key = diagnostic.code, diagnostic.message
            seen[key] = seen.get(key, 0) + 1
            if seen[key] == 1:
                printer.diagnostics([diagnostic])
    repeated = sum(seen.values()) - len(seen)
    if repeated:
        printer.remark([line(f"and {count(repeated, 'more message')} like these, about other places")])


def _exit(overview: Overview, threshold: Severity | None) -> Exit:
    from ipsecmig.cli.fleeting.report import severities

    failed = threshold is not None and any(severity >= threshold for severity in severities(overview))
    open_ = overview.undecided or any(pair.disagreement.kind == "undecided" for pair in overview.pairs)
    return most_serious((Exit.FINDINGS if failed else Exit.DONE, Exit.UNDECIDED if open_ else Exit.DONE))
