"""Scenarios: what Microsoft's document recommends, does not recommend, and has considered specially."""

from __future__ import annotations

from typing import Final

from ipsecmig.lint.rule import LintRule
from ipsecmig.lint.rules.scenario import domain_controllers

RULES: Final[tuple[LintRule, ...]] = (domain_controllers.RULE,)
