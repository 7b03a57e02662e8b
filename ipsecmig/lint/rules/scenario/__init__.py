"""Scenarios: what Microsoft's document recommends, does not recommend, and has considered specially."""

from __future__ import annotations

from typing import Final

from ipsecmig.lint.rule import LintRule
from ipsecmig.lint.rules.scenario import (
    complexity,
    domain_controllers,
    firewall,
    groups,
    infrastructure,
    internet_facing,
    nat,
    sensitive,
    without_ipsec,
)

RULES: Final[tuple[LintRule, ...]] = (
    complexity.RULE,
    groups.RULE,
    firewall.RULE,
    internet_facing.RULE,
    nat.RULE,
    infrastructure.RULE,
    without_ipsec.RULE,
    sensitive.RULE,
    domain_controllers.RULE,
)
