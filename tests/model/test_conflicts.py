"""What packets meet, and conflicts, against the slow model of Windows."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies.small import SMALL_BASE, small_policies, small_sites
from windows_oracle import Universe, expected, on_the_wire, possible, told

from ipsecmig.model.conflicts import decision_map, decision_maps, find_conflicts, treat_alike
from ipsecmig.model.explanation import Decider, explain
from ipsecmig.model.flatten import flatten
from ipsecmig.model.policy import Action, Filter, FilterAction, FilterList, MainMode, Policy, PolicyStore, Rule
from ipsecmig.model.selectors import ANY, ANY_PORT, ME, Address, AddressRange, PortRange
from ipsecmig.model.site import UNKNOWN_SITE, Site
from ipsecmig.model.space import Direction, Packet
from ipsecmig.model.treatment import BLOCK, PERMIT, Conflict

ADDRESSES = (*range(SMALL_BASE - 1, SMALL_BASE + 5), 0xE0000005, 0xFFFFFFFF)
PORTS = (0, 1, 2, 3, 4, 88, 500)
UNIVERSE: Universe = (frozenset({*ADDRESSES, 0}), frozenset({*PORTS, 65535}))

ENDS = [(1, 0, 0), (46, 0, 0), (50, 0, 0), (6, 88, 2), (17, 500, 500), *((6, *p) for p in product((1, 2, 4), repeat=2))]
EVERY = [
    Packet(direction, 4, link, local, remote, *end)
    for direction, link in product(Direction, (0, 1))
    for local, remote in product(ADDRESSES, repeat=2)
    for end in ENDS
]


def packets(count: int) -> st.SearchStrategy[list[Packet]]:
    return st.lists(st.sampled_from(EVERY), min_size=count, max_size=count)


@settings(max_examples=150, deadline=None)
@given(small_policies(), small_sites(), packets(60))
def test_every_packet_meets_what_windows_does(store: PolicyStore, site: Site, drawn: list[Packet]) -> None:
    flat = flatten(store, store.policies[0], site)
    assert not flat.not_understood
    found = decision_map(flat)
    for packet in drawn:
        wire = on_the_wire(packet)
        if possible(wire, site):
            assert told(found.at(packet), store) == expected(store, flat, wire, UNIVERSE), packet.text()


@settings(max_examples=100, deadline=None)
@given(small_policies(), small_sites(), packets(40))
def test_first_match_in_the_flat_order_decides_wherever_there_is_no_conflict(
    store: PolicyStore, site: Site, drawn: list[Packet]
) -> None:
    flat = flatten(store, store.policies[0], site)
    found = decision_map(flat)
    for packet in drawn:
        if not isinstance(found.at(packet), Conflict):
            first = (
                treatment
                for box, treatment in flat.layers()
                if all(a <= v <= b for (a, b), v in zip(box, packet, strict=True))
            )
            assert next(first, PERMIT) == found.at(packet)


@settings(max_examples=100, deadline=None)
@given(small_policies(), small_sites(), packets(40))
def test_the_explanation_agrees_with_the_map(store: PolicyStore, site: Site, drawn: list[Packet]) -> None:
    flat = flatten(store, store.policies[0], site)
    found = decision_map(flat)
    for packet in drawn:
        explanation = explain(flat, packet)
        assert explanation.treatment == found.at(packet)
        assert (explanation.decided_by is Decider.CONFLICT) == isinstance(found.at(packet), Conflict)
        everything = [id(f) for f in explanation.deciding] + [id(b.filter) for b in explanation.beaten]
        assert len(everything) == len(set(everything))
        assert all(b.why for b in explanation.beaten)


@settings(max_examples=100, deadline=None)
@given(small_policies(), small_sites(), packets(60))
def test_the_pairs_in_conflict_are_those_of_brute_force(store: PolicyStore, site: Site, drawn: list[Packet]) -> None:
    flat = flatten(store, store.policies[0], site)
    report = find_conflicts(flat, limit=10_000)
    assert not report.truncated
    pairs = {frozenset((id(p.first), id(p.second))) for p in report.pairs}
    assert len(pairs) == len(report.pairs)
    for pair in report.pairs:
        at_witness = explain(flat, pair.witness)
        assert at_witness.decided_by is Decider.CONFLICT
        assert {id(pair.first), id(pair.second)} <= {id(f) for f in at_witness.deciding}
        assert pair.first.treatment != pair.second.treatment
    for packet in drawn:
        explanation = explain(flat, packet)
        for one, other in product(explanation.deciding, repeat=2):
            assert one.treatment == other.treatment or frozenset((id(one), id(other))) in pairs, packet.text()


@settings(max_examples=60, deadline=None)
@given(small_policies(), small_policies(), small_sites(), packets(40))
def test_maps_built_together_are_those_built_alone(
    one: PolicyStore, other: PolicyStore, site: Site, drawn: list[Packet]
) -> None:
    flats = [flatten(store, store.policies[0], site) for store in (one, other, one)]
    together, alone = decision_maps(flats), [decision_map(flat) for flat in flats]
    assert together[0].root is together[2].root
    for shared, own in zip(together, alone, strict=True):
        assert shared.is_equal(own)
    assert together[0].is_equal(together[1]) == alone[0].is_equal(alone[1]) == treat_alike(flats[0], flats[1])
    for packet in drawn:
        assert [found.at(packet) for found in together] == [found.at(packet) for found in alone]


def policy(*entries: tuple[Filter, Action]) -> PolicyStore:
    """Return a store whose one policy has a rule for each filter."""
    lists = tuple(FilterList(f"L{n}", (filter_,)) for n, (filter_, _) in enumerate(entries))
    actions = tuple(FilterAction(action.value, action) for action in Action)
    rules = tuple(Rule(f"R{n}", f"L{n}", action.value) for n, (_, action) in enumerate(entries))
    return PolicyStore((Policy("P", MainMode(()), rules, assigned=True),), lists, actions)


def addresses(text: str) -> Address:
    if text in ("any", "me"):
        return ANY if text == "any" else ME
    return AddressRange.parse(text)


def one_way(text: str) -> Filter:
    """Read `SOURCE DESTINATION [PROTOCOL [SOURCE PORT, DESTINATION PORT]]`."""
    source, destination, *rest = text.split()
    numbers = [*map(int, rest), 0, 0, 0][:3]
    ports = [PortRange(number, number) if number else ANY_PORT for number in numbers[1:]]
    return Filter(addresses(source), addresses(destination), numbers[0], ports[0], ports[1], mirrored=False)


@pytest.mark.parametrize(
    ("one", "other", "conflict"),
    [
        ("any any", "any any 6", False),
        ("me any", "any any", False),
        ("me 10.0.0.0/8", "me any", False),
        ("me any 6 0 445", "me 10.1.0.9", True),
        ("10.0.0.0/8 any", "any 10.1.0.0/16", True),
        ("10.0.0.0/16 10.2.0.0/16", "10.0.1.0/24 10.0.0.0/8", True),
        ("any any 6 80 0", "any any 6 0 80", True),
        ("me any", "me any", True),
        ("me 10.1.0.9", "10.0.0.5 10.1.0.9", True),
        ("me 10.1.0.0/16", "10.0.0.5 10.1.0.9", False),
        ("10.0.0.0-10.0.0.9 any", "10.0.0.5-10.0.0.20 any", True),
        ("10.0.0.0-10.0.0.9 any", "10.0.0.2-10.0.0.7 any", False),
        ("10.0.0.0-10.0.0.9 any", "10.0.0.10-10.0.0.20 any", False),
        ("10.0.0.0-10.0.0.9 any", "me any", False),
    ],
)
def test_what_is_a_conflict(one: str, other: str, conflict: bool) -> None:
    for first, second in ((one, other), (other, one)):
        store = policy((one_way(first), Action.PERMIT), (one_way(second), Action.BLOCK))
        flat = flatten(store, store.policies[0])
        assert bool(find_conflicts(flat).pairs) == conflict
        assert any(isinstance(leaf, Conflict) for leaf in decision_map(flat).leaves()) == conflict
        alike = policy((one_way(first), Action.BLOCK), (one_way(second), Action.BLOCK))
        assert not find_conflicts(flatten(alike, alike.policies[0])).pairs


def test_a_more_specific_filter_settles_a_conflict() -> None:
    crossing = [(one_way("any 10.1.0.9"), Action.PERMIT), (one_way("10.0.0.5 any"), Action.BLOCK)]
    store = policy(*crossing, (one_way("10.0.0.5 10.1.0.9"), Action.BLOCK))
    flat = flatten(store, store.policies[0])
    assert find_conflicts(flat).pairs == ()
    assert decision_map(flat).leaves() == {PERMIT, BLOCK}


def test_exempt_traffic_is_never_in_conflict() -> None:
    store = policy((one_way("any any 17 500 0"), Action.PERMIT), (one_way("any any 17 0 500"), Action.BLOCK))
    flat = flatten(store, store.policies[0])
    witnesses = [pair.witness for pair in find_conflicts(flat).pairs]
    assert [Direction(packet.direction) for packet in witnesses] == [Direction.FORWARD]


def test_crossing_filters_without_number_stop_at_the_limit() -> None:
    ones = [(one_way(f"10.0.{n >> 8}.{n & 255} any"), Action.PERMIT) for n in range(300)]
    others = [(one_way(f"any 172.16.{n >> 8}.{n & 255}"), Action.BLOCK) for n in range(300)]
    store = policy(*ones, *others)
    report = find_conflicts(flatten(store, store.policies[0], UNKNOWN_SITE), limit=50)
    assert (len(report.pairs), report.truncated) == (50, True)
