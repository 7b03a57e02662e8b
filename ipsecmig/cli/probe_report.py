"""The report of a probe for a person: every message, then what was agreed, then why or why not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ipsecmig.cli.printer import Line, Piece, Style, line
from ipsecmig.cli.transcripts import entry_title, payload_rows
from ipsecmig.diagnostics import place
from ipsecmig.probe.payloads import identification_text, lifetimes_text
from ipsecmig.probe.terms import agreed_in_phase_1, agreed_in_phase_2
from ipsecmig.probe.verdict import Outcome

if TYPE_CHECKING:
    from ipsecmig.cli.peer import PeerDifference
    from ipsecmig.model.flatten import FlatPolicy
    from ipsecmig.probe.run import Report

_NAME_WIDTH = 13


def probe_lines(report: Report, flat: FlatPolicy, differences: Sequence[PeerDifference]) -> Iterator[Line]:
    """Yield the report."""
    yield from _heading(report, flat)
    for number, entry in enumerate(report.transcript.entries, 1):
        style = Style.FAINT if entry.heard.repeated else Style.STRONG
        yield (Piece(f"{number:>3} {entry.at:8.3f} s  "), Piece(entry_title(entry), style))
        for name, text in payload_rows(report.transcript.entries, entry):
            yield line(f"{'':8}{name:<{_NAME_WIDTH}} {text}")
    yield line()
    yield from _agreed(report)
    yield from _verdict(report)
    yield from _differences(differences)
    for doubt in flat.not_understood:
        yield (Piece(f"not understood: {place(doubt.origin)}: ", Style.BAD), Piece(doubt.text))
        yield line(f"    {doubt.reason}")


def _heading(report: Report, flat: FlatPolicy) -> Iterator[Line]:
    plan = report.request.plan
    region, configuration = plan.region, plan.configuration
    role = "answering" if report.request.listen else "to"
    yield line(f'Probe {role} {configuration.remote} from {configuration.local} as "{flat.policy.name}"', Style.STRONG)
    yield line(f'  about {region.packet.text()}: filter list "{region.filter.filter_list.name}"')
    traffic = configuration.traffic
    ends = f"{identification_text(traffic.local)} and {identification_text(traffic.remote)}"
    yield line(f"  {traffic.mode.value} mode, between {ends}")
    for note in plan.notes:
        yield line(f"  note: {note}", Style.CAREFUL)
    yield line()


def _agreed(report: Report) -> Iterator[Line]:
    first, second = report.phase_1, report.phase_2
    if first is not None:
        terms = agreed_in_phase_1(first.suite).text()
        who = identification_text(first.peer)
        yield line(f"Phase 1: {terms}, {lifetimes_text(first.lifetimes)}; the peer is {who}")
    if second is not None:
        terms = agreed_in_phase_2(second.suite).text()
        ends = f"{identification_text(second.local)} and {identification_text(second.remote)}"
        yield line(f"Phase 2: {terms}, {lifetimes_text(second.lifetimes)}; between {ends}")


def _verdict(report: Report) -> Iterator[Line]:
    verdict = report.verdict
    style = Style.GOOD if verdict.outcome is Outcome.ESTABLISHED else Style.BAD
    yield (Piece("Outcome: "), Piece(verdict.outcome.value, style))
    yield line(f"  {verdict.reason}")
    echo = report.echo
    if echo is not None:
        answered = echo.seconds is not None
        yield (
            Piece("Echo: "),
            Piece("answered" if answered else "not answered", Style.GOOD if answered else Style.BAD),
        )
        yield line(f"  {echo.reason}")


def _differences(differences: Sequence[PeerDifference]) -> Iterator[Line]:
    if not differences:
        return
    yield line("The peer's configuration differs from the policy:", Style.STRONG)
    for one in differences:
        mark = Piece("  no value in common: ", Style.BAD) if one.blocks else Piece("  differs: ", Style.CAREFUL)
        yield (mark, Piece(one.attribute))
        yield line(f"      policy: {one.policy}")
        yield line(f"      peer:   {one.peer}")
