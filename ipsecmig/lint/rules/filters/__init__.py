"""Filters, and what packets meet."""

from __future__ import annotations

from typing import Final

from ipsecmig.lint.rule import LintRule
from ipsecmig.lint.rules.filters import (
    broad_me,
    conflict,
    isolation,
    missing_mirror,
    one_way_permit,
    overridden,
    persistent,
    redundant,
    snmp,
    unreachable,
    unused,
    written_twice,
)

RULES: Final[tuple[LintRule, ...]] = (
    conflict.RULE,
    snmp.RULE,
    isolation.RULE,
    broad_me.RULE,
    unused.RULE,
    one_way_permit.RULE,
    persistent.RULE,
    overridden.RULE,
    missing_mirror.RULE,
    written_twice.RULE,
    unreachable.RULE,
    redundant.RULE,
)
