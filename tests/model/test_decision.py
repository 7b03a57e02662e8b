"""The algebra of decision maps, against an evaluator that knows only layers and tries every packet of a small space."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipsecmig.errors import BudgetExceeded
from ipsecmig.model.decision import DecisionMap
from ipsecmig.model.intervals import is_laminar, merge_boxes, nested
from ipsecmig.model.selectors import Family
from ipsecmig.model.space import Box, Direction, Link, Packet, Span, whole_space

Layers = list[tuple[Box, str]]

DEFAULT = "default"


def spans(highest: int, low: tuple[int, ...] = (0, 1, 2)) -> st.SearchStrategy[Span]:
    """Draw intervals whose ends are few, so that `SAMPLES` has a packet of every class that they can tell apart."""
    pairs = st.tuples(st.sampled_from([0, *low]), st.sampled_from([*low, highest, highest]))
    return pairs.map(lambda pair: (min(pair), max(pair)))


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    family = draw(st.sampled_from(Family))
    direction = draw(st.sampled_from([(0, 0), (1, 1), (2, 2), (0, 1), (0, 2)]))
    link = draw(st.sampled_from([(0, 0), (1, 1), (0, 1)]))
    protocol = draw(st.sampled_from([(0, 255), (0, 255), (6, 6), (6, 6), (1, 1), (2, 17)]))
    return Box(
        direction,
        (family, family),
        link,
        draw(spans(family.last)),
        draw(spans(family.last)),
        protocol,
        draw(spans(65535, (0, 1))),
        draw(spans(65535, (0, 1))),
    )


layers = st.lists(st.tuples(boxes(), st.sampled_from("abc")), max_size=7)


def every_sample() -> Iterator[Packet]:
    without = [(protocol, 0, 0) for protocol in (0, 1, 2)]
    ports = [*without, *((protocol, *pair) for protocol in (6, 17) for pair in product((0, 1, 65535), repeat=2))]
    for direction, family, link in product(Direction, Family, Link):
        for local, remote in product((0, 1, 2, family.last), repeat=2):
            for protocol, remote_port, local_port in ports:
                yield Packet(direction, family, link, local, remote, protocol, remote_port, local_port)


SAMPLES = tuple(every_sample())


def holds(box: Box, packet: Packet) -> bool:
    return all(low <= value <= high for (low, high), value in zip(box, packet, strict=True))


def slow(drawn: Layers, packet: Packet) -> str:
    for box, leaf in drawn:
        if holds(box, packet):
            return leaf
    return DEFAULT


def built(drawn: Layers) -> DecisionMap[str]:
    return DecisionMap.from_layers(drawn, DEFAULT)


@settings(max_examples=25, deadline=None)
@given(layers)
def test_the_first_layer_that_holds_a_packet_decides_it(drawn: Layers) -> None:
    found = built(drawn)
    for packet in SAMPLES:
        assert found.at(packet) == slow(drawn, packet), packet


@settings(max_examples=10, deadline=None)
@given(layers)
def test_boxes_are_disjoint_and_are_all_packets(drawn: Layers) -> None:
    parts = list(built(drawn).boxes())
    for packet in SAMPLES:
        assert [leaf for box, leaf in parts if holds(box, packet)] == [slow(drawn, packet)], packet
    assert all(box.direction[0] == box.direction[1] and box.family[0] == box.family[1] for box, _ in parts)


@settings(max_examples=20, deadline=None)
@given(layers, layers)
def test_differences_are_exactly_the_differing_packets(first: Layers, second: Layers) -> None:
    found = built(first).differences(built(second), lambda a, b: a == b, limit=10_000)
    assert not found.truncated
    for packet in SAMPLES:
        a, b = slow(first, packet), slow(second, packet)
        told = [(d.left, d.right) for d in found.differences if holds(d.box, packet)]
        assert told == ([] if a == b else [(a, b)]), packet
    for difference in found.differences:
        assert holds(difference.box, difference.witness)
        assert slow(first, difference.witness) == difference.left
        assert slow(second, difference.witness) == difference.right


@settings(max_examples=25, deadline=None)
@given(layers, layers)
def test_a_limit_keeps_one_difference_of_each_kind(first: Layers, second: Layers) -> None:
    left, right = built(first), built(second)
    everything = left.differences(right, lambda a, b: a == b, limit=10_000).differences
    kinds = {(d.left, d.right) for d in everything}
    few = left.differences(right, lambda a, b: a == b, limit=max(1, len(kinds)))
    assert {(d.left, d.right) for d in few.differences} == kinds
    assert few.truncated == (len(everything) > max(1, len(kinds)))


@settings(max_examples=25, deadline=None)
@given(layers, layers)
def test_equality_is_that_of_the_functions(first: Layers, second: Layers) -> None:
    left, right = built(first), built(second)
    assert left.is_equal(left)
    assert left.is_equal(right) == all(slow(first, p) == slow(second, p) for p in SAMPLES)


@settings(max_examples=20, deadline=None)
@given(layers)
def test_a_function_has_one_diagram_however_it_was_built(drawn: Layers) -> None:
    """Layers written twice, in pieces, or with what they hide put behind them make the very same map."""
    pieces = [part for box, leaf in drawn for part in halved(box, leaf)]
    hidden = [*pieces, *((box, "hidden") for box, _ in drawn)]
    assert built(hidden).is_equal(built(drawn))
    direct = list(built(drawn).boxes())
    assert built(direct).is_equal(built(drawn))


def halved(box: Box, leaf: str) -> Layers:
    low, high = box.remote
    middle = (low + high) // 2
    if low == high:
        return [(box, leaf)]
    return [(box._replace(remote=(low, middle)), leaf), (box._replace(remote=(middle + 1, high)), leaf)]


@settings(max_examples=20, deadline=None)
@given(layers, layers)
def test_combining_is_pointwise(first: Layers, second: Layers) -> None:
    both = built(first).combine(built(second), lambda a, b: a + b)
    for packet in SAMPLES:
        assert both.at(packet) == slow(first, packet) + slow(second, packet)
    mapped = built(first).map(lambda leaf: leaf == "a")
    assert mapped.is_equal(built(first).combine(built(second), lambda a, _: a == "a"))


@settings(max_examples=15, deadline=None)
@given(layers, layers, st.sampled_from(Direction))
def test_one_direction_alone_is_that_part_of_the_whole(first: Layers, second: Layers, direction: Direction) -> None:
    whole, part = built(first), built(first).along(direction)
    for packet in SAMPLES:
        assert part.at(packet) == whole.at(packet._replace(direction=direction))
    found = part.differences(built(second).along(direction), lambda a, b: a == b, 10_000, direction).differences
    for packet in SAMPLES:
        pair = slow(first, packet), slow(second, packet)
        told = [(d.left, d.right) for d in found if holds(d.box, packet)]
        assert told == ([pair] if packet.direction == direction and pair[0] != pair[1] else [])


@settings(max_examples=20, deadline=None)
@given(layers, st.lists(boxes(), max_size=3))
def test_restricting_keeps_what_is_inside(drawn: Layers, within: list[Box]) -> None:
    part = built(drawn).restrict(within, "outside")
    for packet in SAMPLES:
        inside = any(holds(box, packet) for box in within)
        assert part.at(packet) == (slow(drawn, packet) if inside else "outside")


@settings(max_examples=40, deadline=None)
@given(layers, boxes())
def test_finding_finds_whenever_there_is_something(drawn: Layers, within: Box) -> None:
    for family in Family:
        region = within._replace(family=(family, family), direction=(within.direction[0],) * 2)
        found = built(drawn).find(region, lambda leaf: leaf == "a")
        there = [p for p in SAMPLES if holds(region, p) and slow(drawn, p) == "a"]
        if found is None:
            assert not there
        else:
            assert region.contains(found[0])
            assert all(slow(drawn, p) == "a" for p in SAMPLES if holds(found[0], p))


@settings(max_examples=25, deadline=None)
@given(layers)
def test_leaves_are_those_that_some_packet_meets(drawn: Layers) -> None:
    assert built(drawn).leaves() == {slow(drawn, packet) for packet in SAMPLES}


@settings(max_examples=25, deadline=None)
@given(layers)
def test_wanted_boxes_are_the_boxes_with_wanted_leaves(drawn: Layers) -> None:
    found = built(drawn)
    assert list(found.boxes(lambda leaf: leaf == "b")) == [part for part in found.boxes() if part[1] == "b"]


@settings(max_examples=25, deadline=None)
@given(layers)
def test_merging_boxes_keeps_the_packets(drawn: Layers) -> None:
    parts = list(built(drawn).boxes())
    merged = merge_boxes(parts)
    assert len(merged) <= len(parts)
    assert DecisionMap.from_layers(merged, "lost").is_equal(built(drawn))


def test_packets_without_ports_have_port_zero() -> None:
    everything = next(whole_space())
    found = built([(everything._replace(remote_port=(80, 80)), "web"), (everything._replace(local_port=(0, 9)), "low")])
    tcp, icmp = Packet(0, 4, 0, 1, 2, 6, 80, 5), Packet(0, 4, 0, 1, 2, 1, 0, 0)
    assert (found.at(tcp), found.at(icmp)) == ("web", "low")
    assert found.at(icmp._replace(remote_port=80)) == "low"


def test_a_budget_too_small_is_an_error_and_not_an_answer() -> None:
    drawn = [(Box((0, 0), (4, 4), (0, 1), (n, n), (n, n), (6, 6), (n, n), (0, 65535)), str(n)) for n in range(200)]
    with pytest.raises(BudgetExceeded, match="more than 100 parts"):
        DecisionMap.from_layers(drawn, DEFAULT, budget=100)
    full = DecisionMap.from_layers(drawn, DEFAULT)
    with pytest.raises(BudgetExceeded):
        DecisionMap(full.root, 100).combine(full, lambda a, b: a + b)


def test_one_change_among_thousands_of_filters_is_found_whole() -> None:
    drawn = [
        (Box((0, 1), (4, 4), (0, 1), (0, 9), (n, n), (6, 6), (80, 80), (0, 65535)), "a") for n in range(0, 4000, 2)
    ]
    changed = list(drawn)
    changed[777] = (changed[777][0], "b")
    found = built(drawn).differences(built(changed), lambda a, b: a == b)
    assert [(d.box.remote, d.box.local, d.left, d.right) for d in found.differences] == [
        ((1554, 1554), (0, 9), "a", "b"),
        ((1554, 1554), (0, 9), "a", "b"),
    ]
    assert {d.box.direction for d in found.differences} == {(0, 0), (1, 1)}


intervals = st.tuples(st.integers(0, 12), st.integers(1, 8)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(st.lists(st.tuples(intervals, st.integers(0, 9)), max_size=9))
def test_nested_pieces_cover_what_the_intervals_did(parts: list[tuple[Span, int]]) -> None:
    pieces = nested(parts)
    assert is_laminar(interval for interval, _ in pieces)
    for point in range(21):
        before = sorted(n for (low, end), n in parts if low <= point < end)
        assert sorted(n for (low, end), n in pieces if low <= point < end) == before


@given(st.lists(intervals, max_size=7))
def test_laminar_means_that_no_two_cross(drawn: list[Span]) -> None:
    crossing = any(a < c < b < d for a, b in drawn for c, d in drawn)
    assert is_laminar(drawn) == (not crossing)
