"""Digests are equal exactly when what they stand for is equal."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies.ir import stores
from strategies.small import small_policies

from ipsecmig.fleet.canonical import digest, map_digest
from ipsecmig.model.conflicts import decision_map, treat_alike
from ipsecmig.model.decision import DecisionMap
from ipsecmig.model.flatten import flatten
from ipsecmig.model.policy import PolicyStore
from ipsecmig.model.space import Direction, whole_space
from ipsecmig.model.treatment import BLOCK, PERMIT


@given(small_policies(), small_policies())
@settings(deadline=None, max_examples=30)
def test_maps_have_one_digest_exactly_when_they_are_equal(one: PolicyStore, other: PolicyStore) -> None:
    first, second = (flatten(store, store.policies[0]) for store in (one, other))
    alike = map_digest(decision_map(first)) == map_digest(decision_map(second))
    assert alike == treat_alike(first, second)


@given(small_policies(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=30)
def test_how_a_map_came_about_does_not_matter(store: PolicyStore, random: object) -> None:
    made = decision_map(flatten(store, store.policies[0]))
    boxes = list(made.boxes())
    random.shuffle(boxes)  # type: ignore[attr-defined]
    again = DecisionMap.from_layers(boxes, PERMIT)
    assert map_digest(again) == map_digest(made)


def test_one_packet_more_or_less_shows() -> None:
    space = list(whole_space())
    little = space[0]._replace(direction=(Direction.OUT, Direction.OUT), local=(5, 5), remote=(7, 7), protocol=(6, 6))
    layers = [(box, PERMIT) for box in space]
    assert map_digest(DecisionMap.from_layers([(little, BLOCK), *layers], PERMIT)) != map_digest(
        DecisionMap.from_layers(layers, PERMIT)
    )


@given(stores(), stores())
@settings(deadline=None, max_examples=30)
def test_stores_have_one_digest_exactly_when_they_are_equal(one: PolicyStore, other: PolicyStore) -> None:
    assert (digest(one) == digest(other)) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("ab", "c"), ("a", "bc")),
        ((("a",), "b"), ("a", ("b",))),
        ((1,), ("1",)),
        ((None,), ("None",)),
        ((True,), (1,)),
        ((), ("",)),
        ((frozenset({1}),), ((1,),)),
    ],
)
def test_nothing_is_written_like_something_else(one: object, other: object) -> None:
    assert digest(one) != digest(other)


def test_sets_have_no_order_and_tuples_have() -> None:
    assert digest(frozenset({"a", "b", "c"})) == digest(frozenset({"c", "b", "a"}))
    assert digest(("a", "b")) != digest(("b", "a"))


def test_what_is_no_value_of_the_model_has_no_digest() -> None:
    with pytest.raises(TypeError):
        digest([1])
