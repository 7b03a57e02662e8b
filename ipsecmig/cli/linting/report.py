"""The report that the renderers say, each in its own form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from ipsecmig.cli.exits import Exit, most_serious
from ipsecmig.cli.linting.reported import Identity, Reported, Undecided
from ipsecmig.model.treatment import Conflict

if TYPE_CHECKING:
    from ipsecmig.cli.linting.suppressions import Suppression
    from ipsecmig.diagnostics import Severity
    from ipsecmig.lint.finding import Witness


class Judged(NamedTuple):
    """One reported thing and what becomes of it: suppressed with a reason, known from the baseline, or neither."""

    reported: Reported
    identity: Identity
    suppression: Suppression | None = None
    known: bool = False

    @property
    def counts(self) -> bool:
        """Whether it is a finding: neither suppressed nor known."""
        return self.suppression is None and not self.known


@dataclass(frozen=True, slots=True)
class Report:
    """What lint says. `compared` is whether a baseline was given."""

    judged: tuple[Judged, ...]
    sources: tuple[str, ...]
    policies: tuple[str, ...]
    undecided: tuple[Undecided, ...]
    remarks: tuple[str, ...] = ()
    compared: bool = False

    @property
    def findings(self) -> tuple[Reported, ...]:
        """What is neither suppressed nor known from the baseline."""
        return tuple(one.reported for one in self.judged if one.counts)

    @property
    def suppressed(self) -> tuple[Judged, ...]:
        """What a person has set aside with a reason."""
        return tuple(one for one in self.judged if one.suppression is not None)

    @property
    def known(self) -> tuple[Judged, ...]:
        """What the baseline has."""
        return tuple(one for one in self.judged if one.known and one.suppression is None)


def exit_of(report: Report, threshold: Severity | None) -> Exit:
    """Return the exit code: findings count from `threshold` on, and not at all where it is None."""
    counting = threshold is not None and any(one.severity >= threshold for one in report.findings)
    codes = (Exit.FINDINGS if counting else Exit.DONE, Exit.UNDECIDED if report.undecided else Exit.DONE)
    return most_serious(codes)


def accepted(report: Report, never: frozenset[str]) -> Report:
    """Return the report with all that counts become known, except for the codes of `never`."""
    judged = tuple(one._replace(known=one.known or one.reported.code not in never) for one in report.judged)
    return replace(report, judged=judged, compared=True)


def witness_text(witness: Witness) -> str:
    """Return the packet that shows a finding, and what it meets."""
    return f"{witness.packet.text()} meets {met(witness)}"


def met(witness: Witness) -> str:
    """Return what the packet of `witness` meets, in words."""
    from ipsecmig.cli.treatments import treatment

    value = witness.treatment
    if isinstance(value, Conflict):
        return " or ".join(sorted({treatment(one) for one in value.candidates})) + " (filters in conflict)"
    return treatment(value)


def by_code(reported: Sequence[Reported]) -> dict[str, list[Reported]]:
    """Return what is reported by code, in the order of the codes."""
    found: dict[str, list[Reported]] = {code: [] for code in sorted({one.code for one in reported})}
    for one in reported:
        found[one.code].append(one)
    return found
