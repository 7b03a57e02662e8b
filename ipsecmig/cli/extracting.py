"""A run of `ipsecmig extract` over hosts, many at a time, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ipsecmig.cli.exits import Exit, most_serious
from ipsecmig.cli.fleeting.changes import Change, change_lines, changes, changes_document, exit_of_changes
from ipsecmig.cli.fleeting.reading import policy_in_force
from ipsecmig.cli.options import Format, Inputs
from ipsecmig.cli.parts import Json
from ipsecmig.cli.printer import Piece, Printer, Style
from ipsecmig.cli.progress import progress
from ipsecmig.cli.sources import read_sources
from ipsecmig.cli.table import Cell, Column, table
from ipsecmig.errors import InputError, UsageError
from ipsecmig.remote.campaign import DEFAULT_JOBS, Campaign, run_each
from ipsecmig.remote.deadline import Stop
from ipsecmig.remote.evidence import read_manifest
from ipsecmig.remote.extraction import extract_host
from ipsecmig.remote.target import Credentials, HostResult, HostTarget, Limits, Status, Transport


class Orders(NamedTuple):
    """How the hosts are asked, where the evidence goes, and with which earlier one it is compared, if any."""

    credentials: Mapping[Transport, Credentials]
    limits: Limits
    folder: Path
    jobs: int | None = None
    since: Path | None = None


def run(campaign: Campaign, orders: Orders, printer: Printer, form: Format) -> Exit:
    """Ask the hosts that wait, print what came of all, and return the exit code.

    Ctrl-C ends the run once the open shells are deleted; what came until then is printed before.
    """
    results = list(campaign.kept)
    stop = Stop()

    def ask(target: HostTarget) -> HostResult:
        return extract_host(target, orders.credentials[target.transport], orders.limits, orders.folder, stop)

    try:
        with progress("extracting", len(campaign.waiting), quiet=printer.quiet) as step:
            for result in run_each(campaign.waiting, ask, orders.jobs or DEFAULT_JOBS, stop):
                results.append(result)
                step(result.host)
    except KeyboardInterrupt:
        _report(_in_order(results, campaign), None, printer, form)
        raise
    return _concluded(_in_order(results, campaign), orders, printer, form)


def _in_order(results: Sequence[HostResult], campaign: Campaign) -> list[HostResult]:
    place = {target: number for number, target in enumerate(campaign.targets)}
    return sorted(results, key=lambda one: place[one.target])


def _concluded(results: Sequence[HostResult], orders: Orders, printer: Printer, form: Format) -> Exit:
    if orders.since is None:
        _report(results, None, printer, form)
        return exit_of(results)
    now = {one.target.folder_name: one.manifest and one.manifest.parent for one in results}
    found = changes(orders.since, now)
    _report(results, found, printer, form)
    return most_serious((exit_of(results), exit_of_changes(found)))


def exit_of(results: Sequence[HostResult]) -> Exit:
    """Return 0 if all hosts were read, 1 if some were not, 2 if none was."""
    failed = sum(one.status is Status.FAILED for one in results)
    if failed == len(results):
        return Exit.BAD_INPUT
    return Exit.FINDINGS if failed else Exit.DONE


def _report(results: Sequence[HostResult], changed: Sequence[Change] | None, printer: Printer, form: Format) -> None:
    """Print what came of the hosts: the reasons of those that failed as diagnostics, then all of them."""
    printer.diagnostics(one.reason for one in results if one.reason is not None)
    if form is Format.JSON:
        printer.json(_document(results, changed))
        return
    titles = ("host", "system", "version", "policy", "status")
    columns = [*map(Column, titles), Column("took", right=True), Column("evidence")]
    if results:
        printer.result(table(columns, list(map(_row, results)), printer.width, indent=0))
    if changed is not None:
        printer.result(change_lines(changed))


def _row(result: HostResult) -> tuple[Cell, ...]:
    took = f"{result.seconds:.1f} s"
    if result.manifest is None:
        return result.host, "", "", "", Piece(result.status, Style.BAD), took, ""
    folder = result.manifest.parent
    system = read_manifest(folder).system
    status = Piece(result.status, Style.GOOD)
    return result.host, system.product, system.version, _policy(folder), status, took, str(folder)


def _policy(folder: Path) -> str:
    """Return the name of the policy in force, `none`, or `?` where that is not known."""
    try:
        return policy_in_force(read_sources(Inputs((str(folder),))), None).name or "none"
    except (InputError, UsageError):
        return "?"


def _document(results: Sequence[HostResult], changed: Sequence[Change] | None) -> Json:
    document: Json = {"hosts": [_entry(one) for one in results]}
    return document if changed is None else document | {"changes": changes_document(changed)}


def _entry(result: HostResult) -> dict[str, object]:
    reason = result.reason
    return {
        "host": result.host,
        "port": result.target.port,
        "status": result.status.value,
        "evidence": None if result.manifest is None else str(result.manifest.parent),
        "seconds": round(result.seconds, 3),
        "reason": None if reason is None else {"code": reason.code, "message": reason.message, "advice": reason.advice},
    }
