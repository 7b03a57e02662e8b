"""What one policy text means: the name of its decision map, what lint finds in it, and what keeps it undecided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ipsecmig.errors import BudgetExceeded
from ipsecmig.fleet.canonical import digest, map_digest
from ipsecmig.fleet.hosts import SEEING_KEYS, Text, surroundings
from ipsecmig.fleet.sealing import keyless, without_keys
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.registry import RULES
from ipsecmig.lint.run import run
from ipsecmig.model.policy import NotUnderstood

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipsecmig.lint.finding import Finding
    from ipsecmig.model.inventory import Inventory


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The name of what a policy does to every packet, with `me` for whichever host has it.

    Two texts have equal fingerprints exactly when their decision maps, their default response rules and what was
    assumed are equal. `meaning` leaves preshared keys out: it is the same in every run and gives nothing away. `keyed`
    tells keys apart by their seals; it means something within one run only and is not for reports.
    """

    meaning: str
    keyed: str


@dataclass(frozen=True, slots=True)
class Examined:
    """What came of one text; without a fingerprint it is undecided, and `undecided` says why."""

    fingerprint: Fingerprint | None
    assumptions: tuple[str, ...]
    undecided: tuple[NotUnderstood, ...]
    findings: tuple[Finding, ...]


def examine(text: Text, inventory: Inventory, codes: frozenset[str]) -> Examined:
    """Return what `text` means and what those rules of lint that have `codes` find in it.

    A function of its arguments alone, so that it may run in any process.
    """
    inspection = Inspection(text.store, text.policy, surroundings(inventory, text.windows))
    flat = inspection.flat
    undecided = flat.not_understood
    try:
        fingerprint = None if undecided else _fingerprint(inspection)
        findings = _findings(inspection, codes)
    except BudgetExceeded as excess:
        doubt = NotUnderstood(f'policy "{text.policy.name}"', str(excess), text.policy.origin)
        return Examined(None, flat.assumptions, (*undecided, doubt), ())
    return Examined(fingerprint, flat.assumptions, undecided, findings)


def _findings(inspection: Inspection, codes: Iterable[str]) -> tuple[Finding, ...]:
    wanted = frozenset(codes) - SEEING_KEYS
    return run((rule for rule in RULES if rule.code in wanted), inspection)


def _fingerprint(inspection: Inspection) -> Fingerprint:
    flat, decisions = inspection.flat, inspection.decisions
    response = flat.default_response
    named = digest((map_digest(decisions.map(without_keys)), response and keyless(response), flat.assumptions))
    return Fingerprint(named, digest((map_digest(decisions), response, flat.assumptions)))
