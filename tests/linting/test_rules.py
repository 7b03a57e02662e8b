"""Every rule: documented, registered, and right about its cases."""

from __future__ import annotations

import pkgutil

import pytest

from ipsecmig.lint import rules
from ipsecmig.lint.registry import RULES
from ipsecmig.lint.rule import LintRule, documentation
from ipsecmig.lint.run import run
from ipsecmig.model.explanation import explain
from linting.rule_cases import FOLDER, RuleCase, cases_of, said

BY_CODE = {rule.code: rule for rule in RULES}
CASES = [case for code in BY_CODE for case in cases_of(code)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.kind}-{case.name}")
def test_case(case: RuleCase) -> None:
    inspection = case.inspection()
    found = run((BY_CODE[case.code],), inspection)
    assert len(found) == len(case.findings), [f.message for f in found]
    assert bool(found) == (case.kind == "fires")
    for finding, expected in zip(found, case.findings, strict=True):
        assert said(finding, expected) == expected
        if finding.witness is not None:
            assert explain(inspection.flat, finding.witness.packet).treatment == finding.witness.treatment


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_rule_is_documented_and_has_cases(rule: LintRule) -> None:
    sections = documentation(rule).sections
    assert all(sections.values())
    assert {case.kind for case in cases_of(rule.code)} >= {"fires", "silent"}


def test_codes_and_names_are_unique_and_none_is_forgotten() -> None:
    assert len(BY_CODE) == len(RULES) == len({rule.name for rule in RULES})
    modules = [m for m in pkgutil.walk_packages(rules.__path__, f"{rules.__name__}.") if not m.ispkg]
    assert len(modules) == len(RULES)
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(BY_CODE)
