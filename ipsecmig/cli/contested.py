"""Packets about which nothing is claimed: filters meet there whose order in Windows is not documented."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ipsecmig.errors import BudgetExceeded
from ipsecmig.model.conflicts import ConflictPair, find_conflicts
from ipsecmig.model.flatten import FlatPolicy, SpecificFilter
from ipsecmig.model.space import Packet
from ipsecmig.model.targets import SecurityDirection
from ipsecmig.model.treatment import Block, Permit, Protect


@dataclass(frozen=True, slots=True)
class Contested:
    """Two filters that contend for `witness`: the files follow `chosen`, and Windows may follow `other`.

    `direction` says what happens if it does: fails open where `other` lets less through.
    """

    witness: Packet
    chosen: SpecificFilter
    other: SpecificFilter
    direction: SecurityDirection


@dataclass(frozen=True, slots=True)
class Contests:
    """The pairs found, and whether they are all."""

    pairs: tuple[Contested, ...] = ()
    complete: bool = True


_OPENNESS: Final[dict[type, int]] = {Block: 0, Protect: 1, Permit: 2}


def contests(flat: FlatPolicy) -> Contests:
    """Return the conflicts of `flat`, none and not complete where they are too many to be found."""
    try:
        report = find_conflicts(flat)
    except BudgetExceeded:
        return Contests(complete=False)
    ranks = {id(specific): rank for rank, specific in enumerate(flat.filters)}
    return Contests(tuple(_contested(pair, ranks) for pair in report.pairs), complete=not report.truncated)


def _contested(pair: ConflictPair, ranks: dict[int, int]) -> Contested:
    chosen, other = sorted((pair.first, pair.second), key=lambda specific: ranks[id(specific)])
    return Contested(pair.witness, chosen, other, _direction(chosen.treatment, other.treatment))


def _direction(chosen: Permit | Block | Protect, other: Permit | Block | Protect) -> SecurityDirection:
    """Return what following `chosen` risks; of two protections either may be the weaker, so that risks to be open."""
    opens = _OPENNESS[type(chosen)] >= _OPENNESS[type(other)]
    return SecurityDirection.FAILS_OPEN if opens else SecurityDirection.FAILS_CLOSED
