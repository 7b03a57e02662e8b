"""No condition of a rule is idle: without it some case comes out otherwise."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from ipsecmig.lint.finding import Finding
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.registry import RULES
from ipsecmig.lint.rule import LintRule
from ipsecmig.lint.run import run
from ipsecmig.model.policy import PolicyStore
from linting.mutants import mutants
from linting.rule_cases import cases_of


@cache
def _inspections(code: str) -> tuple[Inspection, ...]:
    return tuple(case.inspection() for case in cases_of(code))


Result = tuple[tuple[Finding, ...], PolicyStore | None]


def _results(rule: LintRule, code: str) -> list[Result]:
    return [(run((rule,), inspection), _repaired(rule, inspection)) for inspection in _inspections(code)]


def _repaired(rule: LintRule, inspection: Inspection) -> PolicyStore | None:
    return None if rule.repair is None else rule.repair(inspection)[0]


def _attempt(action: Callable[[], list[Result]]) -> list[Result] | str:
    """Return what comes of it; a rule that fails without a condition needs it."""
    try:
        return action()
    except Exception as failure:
        return type(failure).__name__


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_without_a_condition_a_case_comes_out_otherwise(rule: LintRule) -> None:
    expected = _results(rule, rule.code)
    survivors = [
        mutant.text
        for mutant in mutants(rule)
        if _attempt(lambda built=mutant: _results(built.build(), rule.code)) == expected  # type: ignore[misc]
    ]
    assert not survivors, "\n".join(survivors)
