"""Repairs: what a rule found is gone afterwards, and what packets meet is the same unless that was allowed."""

from __future__ import annotations

import pytest

from ipsecmig.lint.registry import RULES
from ipsecmig.lint.repair import repair
from ipsecmig.lint.rule import LintRule
from ipsecmig.model.conflicts import decision_map, treat_alike
from ipsecmig.model.policy import Filter
from lint.rule_cases import RuleCase, cases_of

REPAIRABLE = [rule for rule in RULES if rule.repair is not None]
CASES = [
    (rule, case)
    for rule in REPAIRABLE
    for case in cases_of(rule.code)
    if case.kind == "fires" and "peer" not in case.source
]


@pytest.mark.parametrize(("rule", "case"), CASES, ids=lambda part: getattr(part, "code", part))
def test_what_is_found_is_gone(rule: LintRule, case: RuleCase) -> None:
    inspection = case.inspection()
    outcome = repair([rule], inspection, unsafe=True)
    assert not list(rule.check(outcome.inspection))
    assert outcome.withheld == ()
    (step,) = outcome.steps
    same = treat_alike(inspection.flat, outcome.inspection.flat)
    assert (step.effect is None) == same
    if step.effect is not None:
        before, after = decision_map(inspection.flat), decision_map(outcome.inspection.flat)
        assert step.effect.differences
        for difference in step.effect.differences:
            assert (before.at(difference.witness), after.at(difference.witness)) == (difference.left, difference.right)
            assert difference.left != difference.right


@pytest.mark.parametrize(("rule", "case"), CASES, ids=lambda part: getattr(part, "code", part))
def test_nothing_changes_what_packets_meet_unless_that_is_allowed(rule: LintRule, case: RuleCase) -> None:
    inspection = case.inspection()
    outcome = repair([rule], inspection, unsafe=False)
    assert treat_alike(inspection.flat, outcome.inspection.flat)
    assert len(outcome.steps) + len(outcome.withheld) == 1


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
