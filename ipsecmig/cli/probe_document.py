"""The report of a probe as JSON, probe.schema.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ipsecmig.cli.parts import Json, not_understood_entry
from ipsecmig.cli.transcripts import exchange_name, payload_rows
from ipsecmig.probe.payloads import identification_text, vendor_text
from ipsecmig.probe.terms import agreed_in_phase_1, agreed_in_phase_2

if TYPE_CHECKING:
    from ipsecmig.cli.peer import PeerDifference
    from ipsecmig.ike.lifetimes import Lifetimes
    from ipsecmig.model.flatten import FlatPolicy
    from ipsecmig.probe.run import Report
    from ipsecmig.probe.transcript import Entry


def probe_document(report: Report, flat: FlatPolicy, differences: Sequence[PeerDifference]) -> Json:
    """Return the whole report. There are no secrets in it."""
    plan, verdict = report.request.plan, report.verdict
    entries = report.transcript.entries
    return {
        "outcome": verdict.outcome.value,
        "reason": verdict.reason,
        "attributes": list(verdict.attributes),
        "role": "responder" if report.request.listen else "initiator",
        "local": str(plan.configuration.local),
        "peer": str(plan.configuration.remote),
        "policy": flat.policy.name,
        "packet": plan.region.packet.text(),
        "filter_list": plan.region.filter.filter_list.name,
        "notes": list(plan.notes),
        "peer_vendor_ids": [] if report.announced is None else [vendor_text(v) for v in report.announced.vendor_ids],
        "phase1": _phase_1(report),
        "phase2": _phase_2(report),
        "echo": None if report.echo is None else {"seconds": report.echo.seconds, "reason": report.echo.reason},
        "peer_differences": [one._asdict() for one in differences],
        "transcript": [_entry(entries, entry) for entry in entries],
        "undecided": [not_understood_entry(one) for one in flat.not_understood],
    }


def _phase_1(report: Report) -> Json | None:
    first = report.phase_1
    if first is None:
        return None
    terms = agreed_in_phase_1(first.suite)
    return {**terms._asdict(), **_lifetimes(first.lifetimes), "peer_identity": identification_text(first.peer)}


def _phase_2(report: Report) -> Json | None:
    second = report.phase_2
    if second is None:
        return None
    terms = agreed_in_phase_2(second.suite)
    ends = {"local": identification_text(second.local), "remote": identification_text(second.remote)}
    return {**terms._asdict(), **_lifetimes(second.lifetimes), **ends}


def _lifetimes(lifetimes: Lifetimes) -> Json:
    return {"lifetime_seconds": lifetimes.seconds, "lifetime_kilobytes": lifetimes.kilobytes}


def _entry(entries: Sequence[Entry], entry: Entry) -> Json:
    heard = entry.heard
    return {
        "at": round(entry.at, 6),
        "direction": "sent" if entry.sent else "received",
        "exchange": exchange_name(entry),
        "message_id": None if heard.header is None else heard.header.message_id,
        "octets": entry.octets,
        "encrypted": heard.sealed,
        "repeated": heard.repeated,
        "question": entry.question,
        "payloads": [{"payload": name, "text": text} for name, text in payload_rows(entries, entry)],
    }
