"""What passes without a filter."""

from __future__ import annotations

from typing import Final

from ipsecmig.lint.rule import LintRule
from ipsecmig.lint.rules.exemptions import default_response, kerberos_exempt, open_at_start

RULES: Final[tuple[LintRule, ...]] = (kerberos_exempt.RULE, open_at_start.RULE, default_response.RULE)
