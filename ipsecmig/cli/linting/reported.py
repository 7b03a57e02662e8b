"""What lint reports: findings of rules and what the reader says of a script, in one form for every renderer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import NamedTuple

from ipsecmig.diagnostics import Diagnostic, Severity
from ipsecmig.lint.finding import Finding, Subject, Witness


@dataclass(frozen=True, slots=True)
class Reported:
    """One thing that is reported.

    `policies` are the names of those under which it was found, none for what the reader says. `source` is the input
    that it belongs to where inputs are inspected one by one, else empty: names then may repeat from one to the next.
    """

    code: str
    severity: Severity
    message: str
    subject: Subject
    witness: Witness | None = None
    related: tuple[Subject, ...] = ()
    certain: bool = True
    advice: str = ""
    policies: tuple[str, ...] = ()
    source: str = ""


class Undecided(NamedTuple):
    """What keeps the inspection from being whole, and where."""

    reason: str
    subject: Subject


def of_finding(finding: Finding, policy: str, source: str = "") -> Reported:
    """Return what is reported of a finding under `policy`."""
    return Reported(
        finding.code,
        finding.severity,
        finding.message,
        finding.subject,
        finding.witness,
        finding.related,
        finding.certain,
        policies=(policy,),
        source=source,
    )


def of_diagnostic(diagnostic: Diagnostic, source: str = "") -> Reported:
    """Return what is reported of what the reader says; the object is the piece of input that it speaks of."""
    expected = f"expected {diagnostic.expected}" if diagnostic.expected else ""
    advice = "; ".join(part for part in (expected, diagnostic.advice) if part)
    subject = Subject("text", diagnostic.text or diagnostic.code, diagnostic.origin)
    return Reported(diagnostic.code, diagnostic.severity, diagnostic.message, subject, advice=advice, source=source)


def merged(found: Iterable[Reported]) -> tuple[Reported, ...]:
    """Return what was found, in the order of the source; what several policies share stands once, with all of them."""
    shared: dict[tuple[str, Subject, str, str], list[Reported]] = {}
    for one in found:
        shared.setdefault((one.code, one.subject, one.message, one.source if one.policies else ""), []).append(one)
    once = [one for alike in shared.values() for one in _joined(alike)]
    return tuple(sorted(once, key=_place))


def _joined(alike: Sequence[Reported]) -> Sequence[Reported]:
    """Return what one rule says of one object under several policies as one; the reader repeats itself on purpose."""
    if not alike[0].policies:
        return alike
    names = tuple(dict.fromkeys(name for one in alike for name in one.policies))
    worst = max(one.severity for one in alike)
    return [replace(alike[0], severity=worst, certain=any(one.certain for one in alike), policies=names)]


def _place(one: Reported) -> tuple[str, int, int, str, str]:
    origin = one.subject.origin
    return origin.file, origin.line, origin.column, one.code, one.subject.name


class Identity(NamedTuple):
    """By what a reported thing is known again when lines have moved: rule and object, and which of those alike."""

    code: str
    kind: str
    name: str
    source: str
    number: int

    @property
    def fingerprint(self) -> str:
        """The identity as 32 hexadecimal digits."""
        return sha256("\0".join(map(str, self)).encode()).hexdigest()[:32]


def identities(found: Iterable[Reported]) -> tuple[Identity, ...]:
    """Return the identity of each of `found`; several of one rule about one object are numbered in their order."""
    counts: dict[tuple[str, str, str, str], int] = {}
    made = []
    for one in found:
        key = (one.code, one.subject.kind, one.subject.name.casefold(), one.source)
        counts[key] = counts.get(key, 0) + 1
        made.append(Identity(*key, counts[key]))
    return tuple(made)
