"""Every rule, family by family."""

from __future__ import annotations

from typing import Final

from ipsecmig.lint.rule import LintRule
from ipsecmig.lint.rules import (
    authentication,
    cryptography,
    exemptions,
    filters,
    migration,
    scenario,
    tunnels,
)

RULES: Final[tuple[LintRule, ...]] = (
    *scenario.RULES,
    *authentication.RULES,
    *cryptography.RULES,
    *filters.RULES,
    *tunnels.RULES,
    *exemptions.RULES,
    *migration.RULES,
)
