"""What lint found as workflow commands of GitHub Actions, which become annotations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ipsecmig.cli.linting.places import in_file, relative
from ipsecmig.cli.linting.report import Report, witness_text
from ipsecmig.cli.text import visible
from ipsecmig.diagnostics import Severity, place

if TYPE_CHECKING:
    from ipsecmig.cli.linting.reported import Reported
    from ipsecmig.diagnostics import Origin

_COMMANDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_DATA: Final = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY: Final = _DATA | {":": "%3A", ",": "%2C"}


def github_lines(report: Report) -> Iterator[str]:
    """Yield a workflow command for each finding, and for each thing undecided."""
    for one in report.findings:
        yield _command(_COMMANDS[one.severity], one.code, one.subject.origin, _text(one))
    for doubt in report.undecided:
        yield _command("error", "undecided", doubt.subject.origin, [doubt.reason, doubt.subject.name])


def _text(one: Reported) -> list[str]:
    lines = [one.message, one.subject.text]
    lines += [] if one.witness is None else [f"packet: {witness_text(one.witness)}"]
    lines += [f"also: {other.text} ({place(other.origin)})" for other in one.related]
    return [*lines, *([f"advice: {one.advice}"] if one.advice else []), f"ipsecmig explain {one.code}"]


def _command(name: str, title: str, origin: Origin, lines: list[str]) -> str:
    properties = {"title": f"ipsecmig {title}"}
    if in_file(origin.file):
        properties |= {"file": relative(origin.file)}
        properties |= {"line": str(origin.line)} if origin.line else {}
        properties |= {"col": str(origin.column)} if origin.column else {}
    listed = ",".join(f"{key}={_escaped(visible(text), _PROPERTY)}" for key, text in properties.items())
    return f"::{name} {listed}::{_escaped(chr(10).join(visible(text) for text in lines), _DATA)}"


def _escaped(text: str, table: dict[str, str]) -> str:
    return "".join(table.get(character, character) for character in text)
