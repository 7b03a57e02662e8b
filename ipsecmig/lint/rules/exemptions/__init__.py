"""What passes without a filter."""

from __future__ import annotations

from typing import Final

from ipsecmig.lint.rule import LintRule

RULES: Final[tuple[LintRule, ...]] = ()
