"""The invariants of the table of lives, and when moments come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipsecmig.ike.life import LIFE, Deed, Life, Moment, Renewal, Stage, begin
from ipsecmig.ike.lifetimes import Lifetimes

LIVING = [stage for stage in Stage if stage is not Stage.ENDED]


def test_every_living_sa_can_be_ended_by_everything_that_ends() -> None:
    for stage in LIVING:
        for moment in (Moment.HARD, Moment.DELETED, Moment.SILENT, Moment.CLOSED):
            assert LIFE[stage, moment].stage is Stage.ENDED


def test_the_end_is_the_end() -> None:
    assert all(stage is not Stage.ENDED for stage, _ in LIFE)
    ends = [turn for turn in LIFE.values() if turn.stage is Stage.ENDED]
    assert {turn.deed for turn in ends} == {Deed.DELETE, Deed.FORGET}


def test_nothing_leads_back_to_a_younger_stage() -> None:
    order = list(Stage)
    for (stage, _), turn in LIFE.items():
        assert order.index(turn.stage) > order.index(stage)


def test_a_successor_is_sought_once() -> None:
    assert [(stage, moment) for (stage, moment), turn in LIFE.items() if turn.deed is Deed.REPLACE] == [
        (Stage.FRESH, Moment.SOFT)
    ]


def test_what_the_peer_made_never_deletes() -> None:
    for (_, moment), turn in LIFE.items():
        if moment is Moment.SUPERSEDED:
            assert turn.deed is Deed.KEEP


def test_every_stage_moment_and_deed_occurs() -> None:
    assert {turn.stage for turn in LIFE.values()} | {Stage.FRESH} == set(Stage)
    assert {moment for _, moment in LIFE} == set(Moment)
    assert {turn.deed for turn in LIFE.values()} == set(Deed)


@pytest.mark.parametrize(
    ("initiated", "jitter", "soft", "soft_octets"),
    [
        (True, 0.0, 90, 921_600),
        (False, 0.0, 95, 972_800),
        (True, 0.5, 87.5, 896_000),
    ],
)
def test_the_limits(initiated: bool, jitter: float, soft: float, soft_octets: float) -> None:
    renewal = Renewal(margin=0.1, jitter=jitter)
    half = bytes((0x80, 0, 0, 0))
    life = begin(Lifetimes(100, 1000), renewal, initiated=initiated, now=0.0, random=half)
    assert (life.hard, life.hard_octets) == (100, 1_024_000)
    assert life.soft == pytest.approx(soft)
    assert life.soft_octets == pytest.approx(soft_octets)


def fresh() -> Life:
    return begin(Lifetimes(100, 1000), Renewal(), initiated=True, now=0.0, random=bytes(4))


@pytest.mark.parametrize(
    ("now", "octets", "moment"),
    [
        (89.9, 0, None),
        (90.0, 0, Moment.SOFT),
        (100.0, 0, Moment.HARD),
        (0.0, 921_599, None),
        (0.0, 921_600, Moment.SOFT),
        (0.0, 1_024_000, Moment.HARD),
    ],
)
def test_time_and_octets_bring_moments(now: float, octets: int, moment: Moment | None) -> None:
    life = fresh()
    life.octets_out = octets
    assert life.due(now) is moment
    life.octets_out, life.octets_in = 0, octets
    assert life.due(now) is moment


def test_without_limits_no_moment_comes() -> None:
    life = begin(Lifetimes(), Renewal(), initiated=True, now=0.0, random=bytes(4))
    life.octets_in = 1 << 60
    assert life.due(1e12) is None


@given(st.lists(st.tuples(st.sampled_from(Moment), st.floats(0, 200)), max_size=12))
def test_a_deadline_is_when_the_next_moment_is_due(moments: list[tuple[Moment, float]]) -> None:
    life, now = fresh(), 0.0
    for moment, passed in moments:
        now += passed
        life.take(moment, now, 5.0)
        deadline = life.deadline()
        assert (deadline is None) == (life.stage is Stage.ENDED)
        if deadline is not None:
            assert life.due(max(now, deadline)) is not None
            assert deadline <= now or life.due(now) is None
