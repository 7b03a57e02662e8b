"""What lint found as SARIF 2.1.0 (OASIS, with errata 01)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ipsecmig import __version__
from ipsecmig.cli.linting.catalogue import catalogue
from ipsecmig.cli.linting.places import in_file, uri
from ipsecmig.cli.linting.report import Judged, Report, met, witness_text
from ipsecmig.cli.linting.suppressions import SuppressionKind
from ipsecmig.cli.parts import Json
from ipsecmig.diagnostics import Severity

if TYPE_CHECKING:
    from ipsecmig.cli.linting.documented import Documented
    from ipsecmig.cli.linting.reported import Reported, Undecided
    from ipsecmig.cli.linting.suppressions import Suppression
    from ipsecmig.diagnostics import Origin
    from ipsecmig.lint.finding import Subject

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT: Final = "ipsecmigObject/v1"
"""The name of our fingerprint; its number changes when the identity of findings is made in another way."""

_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def sarif_document(report: Report) -> Json:
    """Return the report as one SARIF log with one run, which has the documentation of every rule."""
    known = catalogue()
    indexes = {code: number for number, code in enumerate(known)}
    driver: Json = {
        "name": "ipsecmig",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(one) for one in known.values()],
    }
    run: Json = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not report.undecided,
                "toolExecutionNotifications": list(_notifications(report)),
            }
        ],
        "results": [_result(one, indexes[one.reported.code], compared=report.compared) for one in report.judged],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def message(text: str) -> Json:
    """Return a plain text message: braces are doubled (3.11.5), and brackets make no link (3.11.6)."""
    plain = text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]") if "](" in text else text
    return {"text": plain.replace("{", "{{").replace("}", "}}")}


def _rule(one: Documented) -> Json:
    text = "\n\n".join(f"{title}: {section}" for title, section in one.sections.items()) or one.title
    markdown = "\n\n".join(f"**{title}**\n\n{section}" for title, section in one.sections.items()) or one.title
    described = one.sections.get("What", one.title)
    return {
        "id": one.code,
        **({"name": one.name} if one.name else {}),
        "shortDescription": {"text": one.title},
        "fullDescription": {"text": described},
        "help": {"text": text, "markdown": markdown},
        "defaultConfiguration": {"level": _LEVELS[one.severity]},
        "properties": {"tags": [one.family]},
    }


def _result(one: Judged, index: int, *, compared: bool) -> Json:
    reported = one.reported
    related = [
        {"id": number, "message": message(subject.text), **_location(subject)}
        for number, subject in enumerate(reported.related)
    ]
    return {
        "ruleId": reported.code,
        "ruleIndex": index,
        "level": _LEVELS[reported.severity],
        "message": message(_text(reported)),
        "locations": [_location(reported.subject)],
        **({"relatedLocations": related} if related else {}),
        "partialFingerprints": {FINGERPRINT: one.identity.fingerprint},
        "suppressions": [] if one.suppression is None else [_suppression(one.suppression)],
        **({"baselineState": "unchanged" if one.known else "new"} if compared else {}),
        "properties": _properties(reported),
    }


def _text(one: Reported) -> str:
    shown = [] if one.witness is None else [f"For example, {witness_text(one.witness)}."]
    advice = [f"{one.advice[0].upper()}{one.advice[1:]}"] if one.advice else []
    return " ".join([f"{one.message}.", *shown, *advice])


def _properties(one: Reported) -> Json:
    witness = one.witness
    return {
        "object": one.subject.text,
        "witness": None if witness is None else witness.packet.text(),
        "meets": None if witness is None else met(witness),
        "certain": one.certain,
        "policies": list(one.policies),
    }


def _location(subject: Subject) -> Json:
    """Return a location; a finding without a file has only the logical one."""
    logical: Json = {"logicalLocations": [{"name": subject.name, "fullyQualifiedName": subject.text}]}
    return {**_physical(subject.origin), **logical}


def _physical(origin: Origin) -> Json:
    if not in_file(origin.file):
        return {}
    region = _region(origin)
    place: Json = {"artifactLocation": {"uri": uri(origin.file)}, **({"region": region} if region else {})}
    return {"physicalLocation": place}


def _region(origin: Origin) -> Json:
    if not origin.line:
        return {} if origin.offset is None else {"byteOffset": origin.offset}
    region: Json = {"startLine": origin.line}
    if origin.column:
        region["startColumn"] = origin.column
        if origin.end_column > origin.column:
            region["endColumn"] = origin.end_column
    return region


def _suppression(one: Suppression) -> Json:
    until = "" if one.expires is None else f" (until {one.expires.isoformat()})"
    kind = "inSource" if one.kind is SuppressionKind.INLINE else "external"
    return {"kind": kind, "status": "accepted", "justification": f"{one.reason}{until}", **_physical_of(one.origin)}


def _physical_of(origin: Origin) -> Json:
    physical = _physical(origin)
    return {"location": physical} if physical else {}


def _notifications(report: Report) -> Iterator[Json]:
    for one in report.undecided:
        yield {"level": "error", "message": message(_doubt(one)), "locations": [_location(one.subject)]}
    for remark in report.remarks:
        yield {"level": "note", "message": message(remark)}


def _doubt(one: Undecided) -> str:
    return f"Undecided: {one.reason} ({one.subject.name})"
