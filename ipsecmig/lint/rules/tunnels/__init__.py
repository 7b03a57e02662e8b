"""Tunnel mode."""

from __future__ import annotations

from typing import Final

from ipsecmig.lint.rule import LintRule
from ipsecmig.lint.rules.tunnels import gateways, remote_access, routing, shape, wrong_mode

RULES: Final[tuple[LintRule, ...]] = (
    wrong_mode.RULE,
    gateways.RULE,
    remote_access.RULE,
    routing.RULE,
    shape.RULE,
)
