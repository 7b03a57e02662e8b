"""The kernel's policies as one decision, against an evaluator that asks every policy about every packet."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from ipsecmig.diagnostics import Origin
from ipsecmig.model.selectors import AddressRange, Family
from ipsecmig.model.space import Box, Direction, Packet, box
from ipsecmig.model.treatment import Mode, TunnelSense
from ipsecmig.verify.observed import DROPPED, PASSES, Observed, Protection
from ipsecmig.verify.readback.spd import ACCEPTS, SpdDirection, SpdEntry, both_checks, read_spd

_OF = {SpdDirection.OUT: Direction.OUT, SpdDirection.IN: Direction.IN, SpdDirection.FORWARD: Direction.FORWARD}
_EFFECTS = (
    PASSES,
    DROPPED,
    Observed(False, Protection(mode=Mode.TRANSPORT)),
    Observed(False, Protection(mode=Mode.TUNNEL, sense=TunnelSense.DECAPSULATE)),
)
_RANGES = tuple(AddressRange(Family.IPV4, low, high) for low, high in ((0, 1), (0, 0), (1, 1), (0, Family.IPV4.last)))


@st.composite
def policies(draw: st.DrawFn) -> SpdEntry:
    direction = draw(st.sampled_from(SpdDirection))
    selected = box(_OF[direction], draw(st.sampled_from(_RANGES)), draw(st.sampled_from(_RANGES)))
    priority, effect = draw(st.integers(1, 3)), draw(st.sampled_from(_EFFECTS))
    return SpdEntry(direction, selected, priority, effect, Origin("policies"), f"policy {priority}")


PACKETS = tuple(
    Packet(direction, 4, 0, local, remote, 1, 0, 0)
    for direction, local, remote in product(Direction, (0, 1, 2), (0, 1, 2))
)


def check(entries: list[SpdEntry], name: SpdDirection, packet: Packet) -> Observed:
    """Return what the first policy of the lowest priority number does."""
    point = Box(*((value, value) for value in packet._replace(direction=_OF[name])))
    fitting = [e for e in entries if e.direction is name and e.box.contains(point)]
    return min(fitting, key=lambda e: e.priority).effect if fitting else PASSES


def slow(entries: list[SpdEntry], packet: Packet) -> Observed:
    if packet.direction != Direction.FORWARD:
        return check(entries, SpdDirection.OUT if packet.direction == Direction.OUT else SpdDirection.IN, packet)
    return both_checks(check(entries, SpdDirection.FORWARD, packet), check(entries, SpdDirection.OUT, packet))


@settings(max_examples=60, deadline=None)
@given(st.lists(policies(), max_size=6))
def test_the_lowest_number_decides_and_forwarded_packets_meet_two_checks(entries: list[SpdEntry]) -> None:
    target = read_spd("xfrm", entries)
    for packet in PACKETS:
        wanted = slow(entries, packet)
        assert target.observed(Direction(packet.direction)).at(packet) == wanted
        assert target.map.at(packet) == wanted


@settings(max_examples=80, deadline=None)
@given(st.lists(policies(), max_size=6))
def test_an_unknown_order_is_a_doubt_exactly_where_it_matters(entries: list[SpdEntry]) -> None:
    """The order of insertion matters where reversing it changes what some packet meets."""
    target = read_spd("xfrm", entries, ACCEPTS, order_is_known=False)
    matters = any(slow(entries, packet) != slow(entries[::-1], packet) for packet in PACKETS)
    assert bool(target.not_understood) is matters
