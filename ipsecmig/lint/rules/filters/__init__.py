"""Filters, and what packets meet."""

from __future__ import annotations

from typing import Final

from ipsecmig.lint.rule import LintRule
from ipsecmig.lint.rules.filters import (
    broad_me,
    conflict,
    missing_mirror,
    one_way_permit,
    redundant,
    unreachable,
    written_twice,
)

RULES: Final[tuple[LintRule, ...]] = (
    conflict.RULE,
    broad_me.RULE,
    one_way_permit.RULE,
    missing_mirror.RULE,
    written_twice.RULE,
    unreachable.RULE,
    redundant.RULE,
)
