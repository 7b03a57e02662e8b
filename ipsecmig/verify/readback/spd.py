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

ACCEPTS: Defaults = dict.fromkeys(SpdDirection, PASSES)


def read_spd(
    name: str,
    entries: Iterable[SpdEntry],
    defaults: Defaults = ACCEPTS,
    not_understood: tuple[NotUnderstood, ...] = (),
    assumptions: tuple[str, ...] = (),
) -> ReadTarget:
    """Return the decision map of `entries`, which stand in the order of their insertion."""
    ordered = sorted(entries, key=lambda e: e.priority)
    tables = {d: [e for e in ordered if e.direction is d] for d in SpdDirection}
    arriving = [(e.box, e.effect) for d in SpdDirection for e in tables[d]]
    leaving = [(_as_forwarded(e.box), e.effect) for e in tables[SpdDirection.OUT]]
    first = DecisionMap.from_layers([*arriving, *_default_layers(defaults)], PASSES)
    second = DecisionMap.from_layers([*leaving, *_default_leaving(defaults)], PASSES)
    return ReadTarget(
        name,
        first.combine(second, both_checks),
        lambda packet: _responsible(tables, packet),
        not_understood,
        assumptions,
    )


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


def _responsible(tables: dict[SpdDirection, list[SpdEntry]], packet: Packet) -> Responsible | None:
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
