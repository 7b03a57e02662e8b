"""Pairs of hosts: what keeps them from agreeing, and classes that hold for all their members."""

from __future__ import annotations

import pytest
from fleet_hosts import KEY, host, script
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies.small import SMALL_ADDRESSES, small_policies

from ipsecmig.fleet.hosts import FleetHost, Text
from ipsecmig.fleet.pairs import View, classes, disagreements, view
from ipsecmig.model.inventory import UNKNOWN_SURROUNDINGS
from ipsecmig.model.policy import PolicyStore
from ipsecmig.model.selectors import AddressRange, Family
from ipsecmig.model.windows import WindowsVersion

ALICE, BOB = "10.0.0.1", "10.0.0.2"
SHARED = f"psk={KEY}"


def kinds(one: str, other: str) -> list[tuple[str, str]]:
    pair = (host("alice", one, ALICE), host("bob", other, BOB))
    (found,) = disagreements([pair], UNKNOWN_SURROUNDINGS)
    assert KEY not in repr(found)
    return [(entry.kind, entry.severity.label) for entry in found]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (script(), script(), []),
        (script(), script(methods=SHARED), [("authentication", "error")]),
        (script(methods=SHARED), script(methods=SHARED), []),
        (script(methods=SHARED), script(methods="psk=another"), [("authentication", "error")]),
        (script(), script(methods=f"kerberos=yes {SHARED}"), []),
        (script(), script(main="DES-MD5-1"), [("main-mode", "error")]),
        (script(), script(quick="ESP[DES,MD5]"), [("quick-mode", "error")]),
        (script(), script(quick="ESP[DES,MD5] ESP[3DES,SHA1]"), []),
        (script(), script(action="permit"), [("one-sided", "error")]),
        (script(), script(action="block"), [("one-sided", "error")]),
        (script(), script(remote="10.9.9.0/24"), [("one-sided", "error")]),
        (script(remote="10.9.9.0/24"), script(remote="10.9.9.0/24"), []),
        (
            script(),
            script(methods=SHARED, main="DES-MD5-1", quick="AH[MD5]"),
            [("authentication", "error"), ("main-mode", "error"), ("quick-mode", "error")],
        ),
    ],
)
def test_what_keeps_two_hosts_from_agreeing(one: str, other: str, expected: list[tuple[str, str]]) -> None:
    assert kinds(one, other) == expected
    assert kinds(other, one) == expected


def test_only_hosts_that_talk_are_in_a_finding() -> None:
    fleet = [
        host("a", script("10.0.0.0/24"), "10.0.0.1"),
        host("b", script("10.0.0.0/24", methods=SHARED), "10.0.0.2"),
        host("c", script("10.0.9.0/24", methods=SHARED), "10.0.9.3"),
    ]
    named = {one.name: one for one in fleet}
    addresses = {one.name: one.addresses for one in fleet}
    views = [view(one, addresses, UNKNOWN_SURROUNDINGS) for one in fleet]
    found = {pair: bool(_found(named, pair)) for group in classes(views) for pair in group}
    assert {frozenset(pair) for pair, bad in found.items() if bad} == {frozenset("ab")}


def _found(named: dict[str, FleetHost], pair: tuple[str, str]) -> set[tuple[str, str]]:
    ((found),) = disagreements([(named[pair[0]], named[pair[1]])], UNKNOWN_SURROUNDINGS)
    return {(entry.kind, entry.reason) for entry in found}


@given(st.lists(small_policies(), min_size=2, max_size=3), st.permutations(SMALL_ADDRESSES))
@settings(deadline=None, max_examples=40)
def test_pairs_of_one_class_disagree_alike(stores: list[PolicyStore], numbers: list[int]) -> None:
    fleet = []
    for position, number in enumerate(numbers):
        store = stores[position % len(stores)]
        text = Text(store, store.policies[0], WindowsVersion.SERVER_2003)
        own = (AddressRange(Family.IPV4, number, number),)
        fleet.append(FleetHost(f"h{position}", text, text.digest, own))
    named = {one.name: one for one in fleet}
    addresses = {one.name: one.addresses for one in fleet}
    views = [view(one, addresses, UNKNOWN_SURROUNDINGS) for one in fleet]
    groups = classes(views)
    assert sorted(tuple(sorted(pair)) for group in groups for pair in group) == sorted(
        (one, other) for one in named for other in named if one < other
    )
    for group in groups:
        assert len({frozenset(_found(named, pair)) for pair in group}) == 1


@pytest.mark.parametrize("digests", ["ab", "ba", "aa"])
def test_which_host_comes_first_does_not_depend_on_digests(digests: str) -> None:
    one, other = tuple(digests)
    views = [
        View("h1", {"h2": one, "h3": one}),
        View("h2", {"h1": other, "h3": one}),
        View("h3", {"h1": "c", "h2": "c"}),
    ]
    assert classes(views) == ((("h1", "h2"),), (("h1", "h3"), ("h2", "h3")))


def test_pairs_of_one_class_stand_the_same_way_round() -> None:
    views = [View("h1", {"h2": "a", "h3": "a"}), View("h2", {"h1": "b", "h3": "b"}), View("h3", {"h1": "b", "h2": "a"})]
    assert classes(views) == ((("h1", "h2"), ("h1", "h3"), ("h3", "h2")),)
