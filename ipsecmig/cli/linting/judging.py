"""From what was found to the report: what is wanted, what is suppressed, what is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from ipsecmig.cli.linting.baseline import Baseline, stale
from ipsecmig.cli.linting.report import Judged, Report
from ipsecmig.cli.linting.reported import Reported, identities
from ipsecmig.cli.linting.suppressions import Suppression, complaints, inline_suppressions

if TYPE_CHECKING:
    from ipsecmig.cli.linting.inspecting import Inspected
    from ipsecmig.cli.linting.selection import Selection
    from ipsecmig.diagnostics import Severity


@dataclass(frozen=True, slots=True)
class Terms:
    """By what findings are judged: which are wanted and how severe they must be, what is accepted, and the day."""

    selection: Selection
    least: Severity
    configured: tuple[Suppression, ...]
    baseline: Baseline | None
    today: date


def judge(inspected: Inspected, terms: Terms) -> Report:
    """Return the report on what was inspected, with what is to be said of suppressions and baseline."""
    complained: list[Reported] = []
    inline = tuple(_inline(inspected, complained))
    suppressions = (*inline, *terms.configured)
    holding = [one for one in suppressions if not one.is_expired(terms.today)]
    known = frozenset() if terms.baseline is None else terms.baseline.identities
    judged = [
        Judged(one, identity, next((s for s in holding if s.covers(one)), None), identity in known)
        for one, identity in zip(inspected.reported, identities(inspected.reported), strict=True)
    ]
    complained += _complaints(inspected, terms, suppressions, judged)
    judged += [Judged(one, identity) for one, identity in zip(complained, identities(complained), strict=True)]
    return Report(
        tuple(one for one in judged if one.reported.severity >= terms.least and terms.selection.has(one.reported.code)),
        tuple(source.name for source in inspected.sources),
        inspected.policies,
        inspected.undecided,
        inspected.remarks,
        compared=terms.baseline is not None,
    )


def _inline(inspected: Inspected, complained: list[Reported]) -> Iterator[Suppression]:
    for name, text in inspected.texts:
        yield from inline_suppressions(name, text, complained.append)


def _complaints(
    inspected: Inspected, terms: Terms, suppressions: tuple[Suppression, ...], judged: list[Judged]
) -> Iterator[Reported]:
    """Yield what is to be said of suppressions and baseline, as far as what they are about was inspected, and whole."""
    files = tuple(source.name for source in inspected.sources)
    used = frozenset(s for s in suppressions for one in judged if s.covers(one.reported))

    def concerned(one: Suppression) -> bool:
        return not inspected.undecided and one.is_about(files) and all(terms.selection.has(code) for code in one.codes)

    yield from complaints(suppressions, used, terms.today, concerned)
    if terms.baseline is not None and not inspected.undecided:
        wanted = tuple(e for e in terms.baseline.entries if terms.selection.has(e.identity.code))
        found = frozenset(one.identity for one in judged)
        yield from stale(terms.baseline._replace(entries=wanted), found, files)
