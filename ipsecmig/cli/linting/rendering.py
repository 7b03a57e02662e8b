"""The report in the form that is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from ipsecmig.cli.linting.report import Report
    from ipsecmig.cli.printer import Printer
    from ipsecmig.diagnostics import Severity


class Run(NamedTuple):
    """What is known beside the report: the codes of the rules that ran, what fails the run, and whether it repairs."""

    rules: Sequence[str]
    threshold: Severity | None
    fixes: bool = False


def render(report: Report, format_: str, run: Run, printer: Printer) -> None:
    """Write the report to `printer` in the format of that name. Raises KeyError for a format that there is not."""
    _RENDERERS[format_](report, run, printer)


def rendered(report: Report, format_: str, run: Run, printer: Printer) -> str:
    """Return the report as a text without colours and of any width; raises as `render`."""
    into = StringIO()
    render(report, format_, run, printer._replace(out=into, color_out=False, width=None))
    return into.getvalue()


def _text(report: Report, run: Run, printer: Printer) -> None:
    from ipsecmig.cli.linting.text import report_lines

    printer.result(report_lines(report, printer.width, brief=printer.quiet))


def _json(report: Report, run: Run, printer: Printer) -> None:
    from ipsecmig.cli.linting.document import lint_document

    printer.json(lint_document(report))


def _sarif(report: Report, run: Run, printer: Printer) -> None:
    from ipsecmig.cli.linting.sarif import sarif_document

    printer.raw(json.dumps(sarif_document(report), indent=1) + "\n")


def _junit(report: Report, run: Run, printer: Printer) -> None:
    from ipsecmig.cli.linting.junit import junit_text

    found = {one.reported.code for one in report.judged}
    passed = [code for code in run.rules if code not in found and not report.undecided]
    printer.raw(junit_text(report, passed, run.threshold))


def _github(report: Report, run: Run, printer: Printer) -> None:
    from ipsecmig.cli.linting.github import github_lines

    printer.raw("".join(f"{one}\n" for one in github_lines(report)))


_RENDERERS: Final[Mapping[str, Callable[[Report, Run, Printer], None]]] = {
    "text": _text,
    "json": _json,
    "sarif": _sarif,
    "junit": _junit,
    "github": _github,
}
