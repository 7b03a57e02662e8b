"""The protected regions of a policy: what each filter protects, by a packet that it decides about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from ipsecmig.model.decision import DecisionMap
from ipsecmig.model.flatten import FlatPolicy, SpecificFilter
from ipsecmig.model.packets import witness
from ipsecmig.model.space import Box, Direction, Packet
from ipsecmig.model.treatment import Conflict, Protect, Treatment, TunnelSense


@dataclass(frozen=True, slots=True)
class Region:
    """What one filter protects; both halves of a mirrored filter, and of a tunnel, are one region.

    `protect` is of the half that goes out, where there is one. `box` is what the filter selects and `witness` a packet
    of it about which it decides, both with this host, or what lies behind it, as local side.
    """

    filter: SpecificFilter
    protect: Protect
    box: Box
    witness: Packet


@dataclass(frozen=True, slots=True)
class Contested:
    """A filter that protects nothing for certain; `reason` says why."""

    filter: SpecificFilter
    box: Box
    reason: str


_CONFLICT: Final = "another filter conflicts with it everywhere, and which of them wins is not documented"
_TRANSIT: Final = "it asks for transport mode between two others; this host only forwards such packets"

_EXEMPT: Final = -1


def regions(flat: FlatPolicy, treatments: DecisionMap[Treatment]) -> tuple[tuple[Region, ...], tuple[Contested, ...]]:
    """Return the regions of `flat`, whose decision map is `treatments`, and the filters of which nothing is claimed.

    Filters that others hide have no packets and no region. Raises BudgetExceeded.
    """
    settled = _first(flat).combine(treatments, _unless_contested)
    found: list[Region] = []
    contested: list[Contested] = []
    for number, box in _halves(flat):
        specific = flat.filters[number]
        packet = _packet(settled, number, box)
        if packet is not None:
            found.append(Region(specific, _protect(specific), box, packet))
        elif treatments.find(box, partial(_contests, _protect(specific))) is not None:
            contested.append(Contested(specific, box, _CONFLICT))
    transit = (Contested(flat.filters[n], flat.filters[n].boxes[0], _TRANSIT) for n in _transit(flat))
    return tuple(found), (*contested, *transit)


def _halves(flat: FlatPolicy) -> list[tuple[int, Box]]:
    """Return the number of a filter and one of its boxes for each region, what goes out before what comes in."""
    best: dict[object, tuple[int, int, Box]] = {}
    plain: dict[int, Protect] = {}
    for number, specific in enumerate(flat.filters):
        treatment = specific.treatment
        if not isinstance(treatment, Protect):
            continue
        same = plain.setdefault(id(treatment), without_sense(treatment))
        for box in specific.boxes:
            rank = _rank(box, treatment)
            key = (box[1:], same)
            if rank is not None and (key not in best or rank < best[key][0]):
                best[key] = (rank, number, box)
    return [(number, box) for _, number, box in best.values()]


def without_sense(protect: Protect) -> Protect:
    """Return `protect` as both halves of a tunnel have it."""
    if protect.tunnel is None:
        return protect
    return replace(protect, tunnel=replace(protect.tunnel, sense=TunnelSense.ENCAPSULATE))


def _rank(box: Box, protect: Protect) -> int | None:
    """Return how well `box` stands for the region, the smaller the better; None if it does not."""
    direction = Direction(box.direction[0])
    if direction is Direction.FORWARD:
        wraps = protect.tunnel is not None and protect.tunnel.sense is TunnelSense.ENCAPSULATE
        return 1 if wraps else None
    return 0 if direction is Direction.OUT else 2


def _transit(flat: FlatPolicy) -> Iterator[int]:
    for number, specific in enumerate(flat.filters):
        if isinstance(specific.treatment, Protect) and specific.treatment.tunnel is None:
            directions = {box.direction[0] for box in specific.boxes}
            if directions == {Direction.FORWARD} and not specific.mirror:
                yield number


def _first(flat: FlatPolicy) -> DecisionMap[int | None]:
    """Return the number of the filter that comes first for each packet."""
    exempt = ((box, _EXEMPT) for exemption in flat.exemptions for box in exemption.boxes)
    selected = ((box, number) for number, specific in enumerate(flat.filters) for box in specific.boxes)
    return DecisionMap[int | None].from_layers([*exempt, *selected], None)


def _unless_contested(number: int | None, treatment: Treatment) -> int | None:
    return None if isinstance(treatment, Conflict) else number


def _contests(protect: Protect, treatment: Treatment) -> bool:
    return isinstance(treatment, Conflict) and protect in treatment.candidates


def _packet(deciders: DecisionMap[int | None], number: int, box: Box) -> Packet | None:
    """Return a packet of `box` about which the filter of that number decides, one that a person reads easily."""
    packet = witness(box)
    if deciders.at(packet) == number:
        return packet
    found = deciders.find(box, lambda leaf: leaf == number)
    return None if found is None else witness(found[0])


def _protect(specific: SpecificFilter) -> Protect:
    if not isinstance(specific.treatment, Protect):
        raise TypeError("a region is what a filter protects")
    return specific.treatment
