"""Tunnel mode."""

from __future__ import annotations

from typing import Final

from ipsecmig.lint.rule import LintRule
from ipsecmig.lint.rules.tunnels import gateways, wrong_mode

RULES: Final[tuple[LintRule, ...]] = (wrong_mode.RULE, gateways.RULE)
