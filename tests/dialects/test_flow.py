"""Conditions of statements: exact on small scripts, never lost on large ones."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from ipsecmig.dialects.containers.flow import CERTAIN, DEAD, Flow, describe

DECISIONS = 4
Program = list[tuple[int, bool]]

CHOICES = st.lists(st.tuples(st.integers(1, DECISIONS), st.booleans()), max_size=6)


def reached(flow: Flow, world: tuple[bool, ...]) -> bool:
    """Whether a place with this flow is reached when the decisions go as `world` says."""
    return any(all(world[d - 1] == outcome for d, outcome in path.outcomes) for path in flow.paths)


def taken(choices: Program) -> Flow:
    flow = CERTAIN
    for decision, outcome in choices:
        flow = flow.split(decision)[0 if outcome else 1]
    return flow


WORLDS = list(product([False, True], repeat=DECISIONS))


@given(CHOICES)
@settings(deadline=None)
def test_a_flow_is_reached_when_all_its_decisions_go_its_way(choices: Program) -> None:
    flow = taken(choices)
    for world in WORLDS:
        assert reached(flow, world) == all(world[d - 1] == outcome for d, outcome in choices)


@given(st.lists(CHOICES, max_size=6))
@settings(deadline=None)
def test_joined_flows_are_reached_when_one_of_them_is(several: list[Program]) -> None:
    joined = DEAD
    for choices in several:
        joined = joined.join(taken(choices))
    for world in WORLDS:
        assert reached(joined, world) == any(reached(taken(choices), world) for choices in several)


@given(CHOICES, st.integers(1, DECISIONS))
@settings(deadline=None)
def test_both_ways_of_a_decision_meet_where_they_parted(choices: Program, decision: int) -> None:
    flow = taken(choices)
    yes, no = flow.split(decision)
    assert [reached(yes.join(no), world) for world in WORLDS] == [reached(flow, world) for world in WORLDS]


@given(CHOICES, st.lists(CHOICES, max_size=3))
@settings(deadline=None)
def test_known_impossible_paths_change_nothing_elsewhere(choices: Program, excluded: list[Program]) -> None:
    flow, out = taken(choices), DEAD
    for each in excluded:
        out = out.join(taken(each))
    needed = flow.apart_from(out)
    for world in WORLDS:
        if not reached(out, world):
            assert reached(needed, world) == reached(flow, world)


def test_a_flow_with_too_many_paths_stays_uncertain() -> None:
    flow = DEAD
    for number in range(1, 200, 2):
        flow = flow.join(CERTAIN.split(number)[0].split(number + 1)[0])
    assert len(flow.paths) <= 24
    assert not flow.certain
    yes, no = flow.split(500)
    assert not yes.join(no).certain


def test_a_path_with_too_many_decisions_stays_uncertain() -> None:
    flow = CERTAIN
    for number in range(1, 200):
        flow = flow.split(number)[0]
    assert flow.alive
    assert not flow.certain


def test_conditions_in_words() -> None:
    decisions = ["", "exist a", "exist b"]
    one, other = CERTAIN.split(1)
    assert describe(CERTAIN, decisions) == ""
    assert describe(one.split(2)[1], decisions) == "if exist a and unless exist b"
    assert describe(one.split(2)[0].join(other), decisions) == "unless exist a or if exist a and if exist b"
