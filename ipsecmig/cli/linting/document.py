"""What lint found as JSON under `lint.schema.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipsecmig import __version__
from ipsecmig.cli.linting.report import Judged, Report, met
from ipsecmig.cli.parts import Json, location

if TYPE_CHECKING:
    from ipsecmig.cli.linting.reported import Undecided
    from ipsecmig.cli.linting.suppressions import Suppression
    from ipsecmig.lint.finding import Subject


def lint_document(report: Report) -> Json:
    """Return the whole report; `findings` are those that count, what was set aside or is known stands beside them."""
    return {
        "tool": {"name": "ipsecmig", "version": __version__},
        "sources": list(report.sources),
        "policies": list(report.policies),
        "findings": [_finding(one) for one in report.judged if one.counts],
        "suppressed": [_finding(one) | {"suppression": _suppression(one.suppression)} for one in report.suppressed],
        "known": [_finding(one) for one in report.known],
        "undecided": [_undecided(one) for one in report.undecided],
        "remarks": list(report.remarks),
    }


def _finding(one: Judged) -> Json:
    reported = one.reported
    witness = reported.witness
    return {
        "code": reported.code,
        "severity": reported.severity.label,
        "message": reported.message,
        "location": location(reported.subject.origin),
        "object": reported.subject.text,
        "witness": None if witness is None else witness.packet.text(),
        "meets": None if witness is None else met(witness),
        "certain": reported.certain,
        "advice": reported.advice or None,
        "policies": list(reported.policies),
        "related": [_object(subject) for subject in reported.related],
        "fingerprint": one.identity.fingerprint,
    }


def _object(subject: Subject) -> Json:
    return {"object": subject.text, "location": location(subject.origin)}


def _suppression(one: Suppression | None) -> Json | None:
    if one is None:
        return None
    return {
        "kind": one.kind.value,
        "reason": one.reason,
        "expires": None if one.expires is None else one.expires.isoformat(),
        "location": location(one.origin),
    }


def _undecided(one: Undecided) -> Json:
    return {"reason": one.reason, "object": one.subject.text, "location": location(one.subject.origin)}
