"""The Linux kernel's security policy database, as ip-xfrm(8) configures it, brought to a decision map.

In each direction the policy with the lowest priority number decides; between equal numbers the one inserted first. A
forwarded packet meets two directions: `fwd` as it comes and `out` as it leaves. RFC 2401 4.4.1 calls this the SPD.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from ipsecmig.diagnostics import Origin
from ipsecmig.model.decision import DecisionMap
from ipsecmig.model.policy import NotUnderstood
from ipsecmig.model.space import Box, Direction, Packet, whole_space
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
    total, tables = _decisions(entries, defaults)
    if not order_is_known and _ties(entries):
        other, _ = _decisions(entries[::-1], defaults)
        if not total.is_equal(other):
            not_understood = (*not_understood, _doubt(entries, tables))
    return ReadTarget(name, total, lambda packet: _responsible(tables, packet), not_understood, assumptions)


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


def _decisions(entries: Iterable[SpdEntry], defaults: Defaults) -> tuple[DecisionMap[Observed], _Tables]:
    ordered = sorted(entries, key=lambda e: e.priority)
    tables = {d: [e for e in ordered if e.direction is d] for d in SpdDirection}
    arriving = [(e.box, e.effect) for d in SpdDirection for e in tables[d]]
    leaving = [(_as_forwarded(e.box), e.effect) for e in tables[SpdDirection.OUT]]
    first = DecisionMap.from_layers([*arriving, *_default_layers(defaults)], PASSES)
    second = DecisionMap.from_layers([*leaving, *_default_leaving(defaults)], PASSES)
    return first.combine(second, both_checks), tables


def _as_forwarded(box: Box) -> Box:
    """Return an `out` policy's box as a forwarded packet meets it when it leaves."""
    return box._replace(direction=(Direction.FORWARD, Direction.FORWARD))


def _default_layers(defaults: Defaults) -> list[tuple[Box, Observed]]:
    return [(box, defaults[_DIRECTIONS[Direction(box.direction[0])]]) for box in whole_space()]


def _default_leaving(defaults: Defaults) -> list[tuple[Box, Observed]]:
    return [(box, defaults[SpdDirection.OUT]) for box in whole_space() if box.direction[0] == Direction.FORWARD]


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


def _responsible(tables: _Tables, packet: Packet) -> Responsible | None:
    """Return the policy that decides; of a forwarded packet's two checks the one that restricts it."""
    point = Box(*((value, value) for value in packet))
    direction = Direction(packet.direction)
    names = [SpdDirection.FORWARD, SpdDirection.OUT] if direction is Direction.FORWARD else [_DIRECTIONS[direction]]
    found = []
    for name in names:
        seen = point._replace(direction=(Direction.OUT, Direction.OUT)) if name is SpdDirection.OUT else point
        entry = next((e for e in tables[name] if e.box.contains(seen)), None)
        if entry is not None:
            found.append(entry)
    if not found:
        return None
    entry = next((e for e in found if e.effect != PASSES), found[0])
    return Responsible(entry.origin, entry.text)
