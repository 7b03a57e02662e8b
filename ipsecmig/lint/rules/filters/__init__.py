"""Filters, and what packets meet."""

from __future__ import annotations

from typing import Final

from ipsecmig.lint.rule import LintRule
from ipsecmig.lint.rules.filters import missing_mirror, written_twice

RULES: Final[tuple[LintRule, ...]] = (missing_mirror.RULE, written_twice.RULE)
