"""The Linux kernel's security policy database, as ip-xfrm(8) configures it, brought to a decision map.

In each direction the policy with the lowest priority number decides; between equal numbers the one inserted first. A
forwarded packet meets two directions: `fwd` as it comes and `out` as it leaves. RFC 2401 4.4.1 calls this the SPD.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from typing import Final

from ipsecmig.diagnostics import Origin
from ipsecmig.model.decision import DecisionMap
from ipsecmig.model.policy import NotUnderstood
from ipsecmig.model.space import Box, Direction, Packet, Span
from ipsecmig.verify.observed import DROPPED, PASSES, Observed, Protection
from ipsecmig.verify.target import ReadTarget, Responsible


class SpdDirection(Enum):
    """The direction of a kernel policy, by its name in ip-xfrm(8)."""

    OUT = "out"
    IN = "in"
    FORWARD = "fwd"


@dataclass(frozen=True, slots=True)
class SpdEntry:
    """One policy of the kernel.

    `box` selects packets in local and remote terms; its direction is that of `direction`. `effect` is what becomes of
    the packets at this one check.
    """

    direction: SpdDirection
    box: Box
    priority: int
    effect: Observed
    origin: Origin
    text: str


_DIRECTIONS = {
    Direction.OUT: SpdDirection.OUT,
    Direction.IN: SpdDirection.IN,
    Direction.FORWARD: SpdDirection.FORWARD,
}

_EVERY_DIRECTION: Final[Span] = (Direction.OUT, Direction.FORWARD)

Defaults = dict[SpdDirection, Observed]
"""What becomes of packets that no policy selects (`ip xfrm policy setdefault`)."""

_Tables = dict[SpdDirection, list[SpdEntry]]
"""The policies of each direction, the one that is asked first first."""

ACCEPTS: Defaults = dict.fromkeys(SpdDirection, PASSES)


def read_spd(
    name: str,
    entries: Iterable[SpdEntry],
    defaults: Defaults = ACCEPTS,
    not_understood: tuple[NotUnderstood, ...] = (),
    assumptions: tuple[str, ...] = (),
    *,
    order_is_known: bool = True,
) -> ReadTarget:
    """Return the decision map of `entries`, which stand in the order of their insertion.

    Unless `order_is_known`, packets that equal priorities leave to that order are not understood.
    """
    entries = list(entries)
    database = _Database(_tables(entries), defaults)
    if not order_is_known and _ties(entries) and not database.is_equal(_Database(_tables(entries[::-1]), defaults)):
        not_understood = (*not_understood, _doubt(entries, database.tables))
    return ReadTarget(
        name, cache(database.observed), database.responsible, not_understood, assumptions, database.selecting
    )


def _ties(entries: Iterable[SpdEntry]) -> bool:
    """Whether policies of one direction and priority do different things."""
    effects: dict[tuple[SpdDirection, int], Observed] = {}
    return any(effects.setdefault((e.direction, e.priority), e.effect) != e.effect for e in entries)


def _doubt(entries: list[SpdEntry], tables: _Tables) -> NotUnderstood:
    """Name the first policies of one priority that overlap and do different things."""
    for table in tables.values():
        for n, entry in enumerate(table):
            for other in table[n + 1 :]:
                if other.priority != entry.priority:
                    break
                if other.effect != entry.effect and other.box.intersection(entry.box):
                    reason = f'it has the priority of "{other.text}" and overlaps it: which decides is not known'
                    return NotUnderstood(entry.text, reason, entry.origin)
    return NotUnderstood(entries[0].text, "policies of one priority overlap", entries[0].origin)


def _tables(entries: Iterable[SpdEntry]) -> _Tables:
    ordered = sorted(entries, key=lambda e: e.priority)
    return {d: [e for e in ordered if e.direction is d] for d in SpdDirection}


@dataclass(frozen=True, slots=True)
class _Database:
    """The policies of each direction and what becomes of packets that none of them selects."""

    tables: _Tables
    defaults: Defaults

    def checked(self, direction: SpdDirection) -> DecisionMap[Observed]:
        """Return what one check makes of packets, which the policies of `direction` select whatever their direction."""
        layers = [(e.box._replace(direction=_EVERY_DIRECTION), e.effect) for e in self.tables[direction]]
        return DecisionMap.from_layers(layers, self.defaults[direction])

    def observed(self, direction: Direction) -> DecisionMap[Observed]:
        """Return what becomes of packets of `direction`; those forwarded meet two checks."""
        checked = self.checked(_DIRECTIONS[direction])
        return (
            checked.combine(self.checked(SpdDirection.OUT), both_checks) if direction is Direction.FORWARD else checked
        )

    def selecting(self, direction: Direction) -> DecisionMap[Box | None]:
        """Return the selector of the policy that is asked about each packet, as it leaves where it is forwarded."""
        name = SpdDirection.IN if direction is Direction.IN else SpdDirection.OUT
        layers = ((e.box._replace(direction=_EVERY_DIRECTION), e.box) for e in self.tables[name])
        return DecisionMap[Box | None].from_layers(layers, None)

    def is_equal(self, other: _Database) -> bool:
        """Whether the two make the same of every packet. Most often their single checks tell, which cost less."""
        same = {d: self.checked(d).is_equal(other.checked(d)) for d in SpdDirection}
        if all(same.values()):
            return True
        forwarding_may_be = same[SpdDirection.OUT] and same[SpdDirection.IN]
        return forwarding_may_be and self.observed(Direction.FORWARD).is_equal(other.observed(Direction.FORWARD))

    def responsible(self, packet: Packet) -> Responsible | None:
        """Return the policy that decides; of a forwarded packet's two checks the one that restricts it."""
        point = Box(*((value, value) for value in packet))
        direction = Direction(packet.direction)
        names = [SpdDirection.FORWARD, SpdDirection.OUT] if direction is Direction.FORWARD else [_DIRECTIONS[direction]]
        found = []
        for name in names:
            seen = point._replace(direction=(Direction.OUT, Direction.OUT)) if name is SpdDirection.OUT else point
            entry = next((e for e in self.tables[name] if e.box.contains(seen)), None)
            if entry is not None:
                found.append(entry)
        if not found:
            return None
        entry = next((e for e in found if e.effect != PASSES), found[0])
        return Responsible(entry.origin, entry.text)


def both_checks(first: Observed, second: Observed) -> Observed:
    """Return what becomes of a forwarded packet that meets one check as it comes and one as it leaves.

    What is unwrapped as it comes and passes as it leaves, or the reverse, passes under that one protection.
    """
    if DROPPED in (first, second):
        return DROPPED
    if first.protection is None:
        return replace(second, clear=first.clear and second.clear)
    if second.protection is None:
        return replace(first, clear=first.clear and second.clear)
    same = replace(first.protection, sense=None) == replace(second.protection, sense=None)
    both = replace(first.protection, sense=None) if same else Protection()
    return Observed(first.clear and second.clear, both)
