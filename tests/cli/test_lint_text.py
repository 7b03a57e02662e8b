"""What lint found, as a person sees it."""

from __future__ import annotations

from io import StringIO

import pytest

from ipsecmig.cli.linting.report import Judged, Report
from ipsecmig.cli.linting.reported import Reported, Undecided, identities
from ipsecmig.cli.linting.text import report_lines
from ipsecmig.cli.printer import Printer
from ipsecmig.diagnostics import Origin, Severity
from ipsecmig.lint.finding import Subject

SUBJECT = Subject("rule", "P/" + "very long name " * 10, Origin("a.cmd", 3, 1))
FOUND = Reported("S20", Severity.ERROR, "it is so", SUBJECT, related=(SUBJECT,), certain=False, policies=("P",))


def shown(report: Report, width: int | None = None, *, color: bool = False) -> list[str]:
    """Return the lines of the report on a terminal of that width."""
    out = StringIO()
    printer = Printer(out, out, color_out=color, width=width)
    printer.result(report_lines(report, width))
    return out.getvalue().splitlines()


def report_of(*found: Reported, undecided: tuple[Undecided, ...] = ()) -> Report:
    """Return a report in which all of `found` counts."""
    judged = tuple(Judged(one, identity) for one, identity in zip(found, identities(found), strict=True))
    return Report(judged, ("a.cmd",), ("P",), undecided)


@pytest.mark.parametrize("width", [40, 60, 100])
def test_details_wrap_at_the_width_of_the_terminal(width: int) -> None:
    lines = shown(report_of(FOUND), width)
    details = [line for line in lines if line.startswith("    ")]
    assert all(len(line) <= width for line in details)
    assert " ".join(" ".join(details).split()).count("very long name") == 20
    assert any("not proved" in line for line in details)


def test_a_file_has_whole_lines() -> None:
    assert any(line.count("very long name") == 10 for line in shown(report_of(FOUND)))


def test_colours_only_where_wanted() -> None:
    assert "\x1b[31merror\x1b[0m" in shown(report_of(FOUND), color=True)[0]
    assert not any("\x1b" in line for line in shown(report_of(FOUND)))


def test_names_do_not_steer_the_terminal() -> None:
    odd = Reported("S20", Severity.INFO, "is \x1b[2J", Subject("rule", "\x07", Origin("a.cmd", 3, 1)), policies=("P",))
    assert not any("\x1b" in line or "\x07" in line for line in shown(report_of(odd), 80))


def test_what_is_undecided_is_never_called_clean() -> None:
    doubt = Undecided("depends on run time", Subject("text", "if exist x", Origin("a.cmd", 7, 1)))
    lines = shown(report_of(undecided=(doubt,)))
    assert lines[0] == "a.cmd:7:1: undecided: depends on run time"
    assert lines[-1] == 'nothing found in policy "P"; 1 thing undecided'
