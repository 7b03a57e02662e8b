"""The invariants of the state tables."""

from __future__ import annotations

import pytest

from ipsecmig.ike.states import (
    ACKNOWLEDGED_DELETE,
    AGGRESSIVE_MODE,
    FINAL,
    INFORMATIONAL,
    LIVENESS,
    MAIN_MODE,
    QUICK_MODE,
    Action,
    Cause,
    State,
    Table,
)
from ipsecmig.ike.steps import STEPS

TABLES = {
    "main": MAIN_MODE,
    "aggressive": AGGRESSIVE_MODE,
    "quick": QUICK_MODE,
    "informational": INFORMATIONAL,
    "delete": ACKNOWLEDGED_DELETE,
    "liveness": LIVENESS,
}
tables = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
begun = pytest.mark.parametrize("table", [table for table in TABLES.values() if (State.IDLE, Cause.START) in table])


def states_of(table: Table) -> set[State]:
    return {state for state, _ in table} | {row.state for row in table.values()}


@tables
def test_every_state_can_be_reached(table: Table) -> None:
    reached, before = {State.IDLE}, set[State]()
    while reached != before:
        before = reached
        reached = reached | {row.state for (state, _), row in table.items() if state in reached}
    assert reached == states_of(table)


@tables
def test_every_waiting_state_has_an_answer_to_everything_that_can_happen(table: Table) -> None:
    for state in states_of(table) - FINAL - {State.IDLE}:
        assert {cause for known, cause in table if known is state} == set(Cause) - {Cause.START}


@tables
def test_final_states_answer_nothing_but_repetitions(table: Table) -> None:
    for (state, cause), row in table.items():
        if state in FINAL:
            assert (cause, row.state) == (Cause.REPEATED, state)


@tables
def test_only_new_messages_lead_on(table: Table) -> None:
    for (state, cause), row in table.items():
        if cause in (Cause.TIMER, Cause.REPEATED):
            assert row.state is state
        if cause in (Cause.EXHAUSTED, Cause.REFUSED):
            assert row == (Action.FAIL, State.FAILED)
        assert (row.action in STEPS) == (cause in (Cause.START, Cause.MESSAGE))


@tables
def test_every_way_ends(table: Table) -> None:
    """Following new messages alone, no state comes twice."""

    def longest(state: State) -> int:
        following = [row.state for (known, cause), row in table.items() if known is state and row.action in STEPS]
        return 1 + max((longest(one) for one in following), default=0)

    assert longest(State.IDLE) <= 5


@pytest.mark.parametrize(
    ("table", "ends"),
    [
        (MAIN_MODE, (State.ESTABLISHED, State.ANSWERED)),
        (QUICK_MODE, (State.QUICK_CONFIRMED, State.QUICK_CHECKED)),
    ],
)
def test_of_the_two_ends_exactly_one_answers_repetitions_for_ever(table: Table, ends: tuple[State, State]) -> None:
    actions = [table[end, Cause.REPEATED].action for end in ends]
    assert sorted(action.name for action in actions) == ["IGNORE", "RESEND"]


@begun
def test_somebody_sends_again_in_every_stage(table: Table) -> None:
    """An initiator that waits resends by itself: whatever is lost, something moves."""
    resenders = {state for (state, cause), row in table.items() if cause is Cause.TIMER and row.action is Action.RESEND}
    first = table[State.IDLE, Cause.START].state
    while first not in FINAL:
        assert first in resenders
        first = table[first, Cause.MESSAGE].state


def test_every_step_is_in_a_table() -> None:
    actions = {row.action for table in TABLES.values() for row in table.values()}
    assert actions == set(Action)
    assert actions >= set(STEPS)
