"""Repairs: what a rule found is gone afterwards, and what packets meet is the same unless that was allowed."""

from __future__ import annotations

import pytest

from ipsecmig.lint.registry import RULES
from ipsecmig.lint.repair import LEFT, Step, repair
from ipsecmig.lint.rule import LintRule
from ipsecmig.model.conflicts import decision_map, treat_alike
from ipsecmig.model.policy import Filter
from linting.rule_cases import RuleCase, cases_of

REPAIRABLE = [rule for rule in RULES if rule.repair is not None]
CASES = [
    (rule, case)
    for rule in REPAIRABLE
    for case in cases_of(rule.code)
    if case.kind == "fires" and "peer" not in case.source
]


LEFT_OVER = {
    ("X02", "the default response rule accepts it"),
    ("X04", "AH uses it"),
    ("X04", "the default response rule accepts it"),
    ("X06", "the default response rule may use it"),
    ("X20", "the inventory says 2"),
    ("X33", "a rule that is not active"),
    ("X33", "a list without filters"),
    ("X33", "a policy that is not assigned"),
}
"""Cases of which something stays, since nothing better is offered or only a person knows what is meant."""


@pytest.mark.parametrize(("rule", "case"), CASES, ids=lambda part: getattr(part, "code", part))
def test_what_is_found_is_gone(rule: LintRule, case: RuleCase) -> None:
    inspection = case.inspection()
    outcome = repair([rule], inspection, unsafe=True)
    expected = (LEFT,) if (rule.code, case.name) in LEFT_OVER else ()
    assert tuple(one.reason for one in outcome.withheld) == expected
    assert bool(list(rule.check(outcome.inspection))) == bool(expected)
    assert outcome.steps or expected
    for step in outcome.steps:
        check_effect(step)


def check_effect(step: Step) -> None:
    """Assert that the packets which a step says to change, and no others, change as it says."""
    before, after = decision_map(step.before.flat), decision_map(step.after.flat)
    assert (step.effect is None) == treat_alike(step.before.flat, step.after.flat)
    assert bool(step.beside) == (step.before.flat.default_response != step.after.flat.default_response)
    if step.effect is not None:
        assert step.effect.differences
        for difference in step.effect.differences:
            assert (before.at(difference.witness), after.at(difference.witness)) == (difference.left, difference.right)
            assert difference.left != difference.right


@pytest.mark.parametrize(("rule", "case"), CASES, ids=lambda part: getattr(part, "code", part))
def test_nothing_changes_what_packets_meet_unless_that_is_allowed(rule: LintRule, case: RuleCase) -> None:
    inspection = case.inspection()
    outcome = repair([rule], inspection, unsafe=False)
    assert treat_alike(inspection.flat, outcome.inspection.flat)
    assert inspection.flat.default_response == outcome.inspection.flat.default_response
    assert outcome.steps or outcome.withheld


def test_two_halves_become_one_mirrored_filter() -> None:
    (case,) = [case for case in cases_of("X44") if case.name == "one of three stays"]
    (rule,) = [rule for rule in RULES if rule.code == "X44"]
    outcome = repair([rule], case.inspection(), unsafe=False)
    (filter_list,) = outcome.inspection.store.filter_lists
    assert [one.mirrored for one in filter_list.filters] == [True, False]
    assert all(isinstance(one, Filter) for one in filter_list.filters)


def test_repairs_build_on_each_other() -> None:
    rules = [rule for rule in RULES if rule.code in {"X43", "X44"}]
    (case,) = [case for case in cases_of("X43") if case.name == "requests are secured and replies are not"]
    outcome = repair(rules, case.inspection(), unsafe=True)
    assert [step.rule.code for step in outcome.steps] == ["X43"]
    assert [step.before for step in outcome.steps] != [step.after for step in outcome.steps]
    assert repair(rules, outcome.inspection, unsafe=True).steps == ()


def test_the_better_offers_stay_in_their_order() -> None:
    (case,) = [case for case in cases_of("X02") if case.name == "quick mode offers it last"]
    (rule,) = [rule for rule in RULES if rule.code == "X02"]
    before = case.inspection()
    after = repair([rule], before, unsafe=True).inspection
    (old,), (new,) = before.store.filter_actions, after.store.filter_actions
    assert new.offers == old.offers[:1]
    assert after.policy.main_mode == before.policy.main_mode


def test_what_answers_others_is_not_changed_unless_that_is_allowed() -> None:
    (case,) = [case for case in cases_of("X22") if case.kind == "fires"][:1]
    (rule,) = [rule for rule in RULES if rule.code == "X22"]
    assert [one.repairable for one in repair([rule], case.inspection(), unsafe=False).withheld] == [True]
    (step,) = repair([rule], case.inspection(), unsafe=True).steps
    assert (step.effect, step.beside) == (
        None,
        ("the default response rule no longer answers hosts that begin to negotiate",),
    )
