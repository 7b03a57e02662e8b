"""Two policies side by side: what each of two hosts does with the packets that pass between them.

Only packets between the hosts' own addresses are looked at. What one of them tunnels for others is not compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final, NamedTuple

from ipsecmig.model.decision import DecisionMap
from ipsecmig.model.explanation import Decider, Explanation, explain
from ipsecmig.model.flatten import FlatPolicy, SpecificFilter
from ipsecmig.model.offers import Row, contrasts
from ipsecmig.model.packets import witness
from ipsecmig.model.space import Box, Direction, Packet, Span, box
from ipsecmig.model.treatment import PERMIT, Protect, Treatment

_MOST: Final = 1000
"""How many kinds of encounters are looked at."""

_SEEN: Final = {Direction.OUT: Direction.IN, Direction.IN: Direction.OUT, Direction.FORWARD: Direction.FORWARD}
"""How the other host meets a packet."""


class Side(NamedTuple):
    """One host: its policy, and what packets meet under it."""

    flat: FlatPolicy
    decisions: DecisionMap[Treatment]


class Encounter(NamedTuple):
    """A packet between the two hosts that at least one of them protects, as each of them meets it.

    `here` and `there` are what each of them negotiates for it, by a filter or by its default response rule.
    """

    ours: Explanation
    theirs: Explanation
    here: Protect | None
    there: Protect | None


def encounters(ours: Side, theirs: Side) -> tuple[Encounter, ...]:
    """Return a packet for every pair of treatments that meet between the hosts, at least one of them protection.

    There are none while the addresses of a host are not known. Raises BudgetExceeded.
    """
    between = list(_between(ours.flat, theirs.flat))
    exempt = [*_exempt(ours.flat), *((_turned(part), PERMIT) for part, _ in _exempt(theirs.flat))]
    here = ours.decisions.restrict(between, PERMIT).boxes(_is_filtered)
    there = theirs.decisions.restrict((_turned(part) for part in between), PERMIT).boxes(_is_filtered)
    own: DecisionMap[Treatment] = DecisionMap.from_layers(chain(exempt, here), PERMIT)
    seen: DecisionMap[Treatment] = DecisionMap.from_layers(
        chain(exempt, ((_turned(part), leaf) for part, leaf in there)), PERMIT
    )
    found = own.differences(seen, lambda a, b: not isinstance(a, Protect) and not isinstance(b, Protect), _MOST)
    return tuple(_encounter(ours.flat, theirs.flat, difference.witness) for difference in found.differences)


def _exempt(flat: FlatPolicy) -> Iterator[tuple[Box, Treatment]]:
    """Yield what no filter decides; packets that one side exempts are not compared."""
    for exemption in flat.exemptions:
        yield from ((part, PERMIT) for part in exemption.boxes)


def _is_filtered(treatment: Treatment) -> bool:
    return treatment != PERMIT


def _encounter(ours: FlatPolicy, theirs: FlatPolicy, packet: Packet) -> Encounter:
    here, there = explain(ours, packet), explain(theirs, from_there(packet))
    return Encounter(here, there, _terms(here, ours), _terms(there, theirs))


def unmatched(ours: Side, theirs: Side) -> Iterator[tuple[Explanation, Explanation]]:
    """Yield for each rule of `ours` a packet that both hosts protect, the other by no filter that mirrors the rule's.

    The packet comes as each of them meets it. Raises BudgetExceeded.
    """
    mirrored = {_selected(_turned(part)) for _, part in _protecting(theirs.flat)}
    between = list(_between(ours.flat, theirs.flat))
    done: set[int] = set()
    for specific, selected in _protecting(ours.flat):
        if id(specific.rule) in done or _selected(selected) in mirrored:
            continue
        for common in filter(None, map(selected.intersection, between)):
            packet = _decided(ours, specific, common)
            if packet is not None and isinstance(theirs.decisions.at(from_there(packet)), Protect):
                done.add(id(specific.rule))
                yield explain(ours.flat, packet), explain(theirs.flat, from_there(packet))
                break


def _terms(explanation: Explanation, flat: FlatPolicy) -> Protect | None:
    if isinstance(explanation.treatment, Protect):
        return explanation.treatment
    return flat.default_response if explanation.decided_by is Decider.DEFAULT else None


def apart(ours: Sequence[Row], theirs: Sequence[Row]) -> str:
    """Return in words what keeps offers from having one in common; empty when nothing does."""
    return "; ".join(
        f"{c.attribute}: {' or '.join(c.policy)} here, {' or '.join(c.target)} there" for c in contrasts(ours, theirs)
    )


def from_there(packet: Packet) -> Packet:
    """Return `packet` as the other host meets it."""
    return packet._replace(
        direction=_SEEN[Direction(packet.direction)],
        local=packet.remote,
        remote=packet.local,
        local_port=packet.remote_port,
        remote_port=packet.local_port,
    )


def _between(ours: FlatPolicy, theirs: FlatPolicy) -> Iterator[Box]:
    for local in ours.site.addresses:
        for remote in theirs.site.addresses:
            if local.family is remote.family:
                yield from (box(direction, local, remote) for direction in (Direction.OUT, Direction.IN))


def _turned(part: Box) -> Box:
    direction = _SEEN[Direction(part.direction[0])]
    return part._replace(
        direction=(direction, direction),
        local=part.remote,
        remote=part.local,
        local_port=part.remote_port,
        remote_port=part.local_port,
    )


_Selected = tuple[Span, Span, Span, Span]
"""What IKE negotiates of a filter between two hosts: direction, protocol and ports."""


def _selected(part: Box) -> _Selected:
    return part.direction, part.protocol, part.local_port, part.remote_port


def _protecting(flat: FlatPolicy) -> Iterator[tuple[SpecificFilter, Box]]:
    for specific in flat.filters:
        if isinstance(specific.treatment, Protect):
            yield from ((specific, part) for part in specific.boxes)


def _decided(side: Side, specific: SpecificFilter, within: Box) -> Packet | None:
    """Return a packet of `within` that `specific` decides, or None."""
    found = side.decisions.find(within, lambda treatment: treatment == specific.treatment)
    if found is None:
        return None
    packet = witness(found[0])
    return packet if specific in explain(side.flat, packet).deciding else None
