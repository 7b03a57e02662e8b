"""What a target cannot say as Windows does."""

from __future__ import annotations

from typing import Final

from ipsecmig.lint.rule import LintRule
from ipsecmig.lint.rules.migration import many_exchanges, not_carried_over, widened_filter

RULES: Final[tuple[LintRule, ...]] = (widened_filter.RULE, many_exchanges.RULE, not_carried_over.RULE)
