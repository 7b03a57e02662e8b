"""Filters, and what packets meet."""

from __future__ import annotations

from typing import Final

from ipsecmig.lint.rule import LintRule
from ipsecmig.lint.rules.filters import (
    asymmetric_peers,
    behind_nat,
    broad_me,
    conflict,
    isolation,
    missing_mirror,
    not_mirror_images,
    one_way_permit,
    order,
    overridden,
    path,
    peer_not_compared,
    persistent,
    port_without_protocol,
    redundant,
    snmp,
    unreachable,
    unused,
    written_twice,
)

RULES: Final[tuple[LintRule, ...]] = (
    not_mirror_images.RULE,
    peer_not_compared.RULE,
    conflict.RULE,
    asymmetric_peers.RULE,
    behind_nat.RULE,
    snmp.RULE,
    path.RULE,
    isolation.RULE,
    broad_me.RULE,
    unused.RULE,
    port_without_protocol.RULE,
    one_way_permit.RULE,
    persistent.RULE,
    overridden.RULE,
    missing_mirror.RULE,
    written_twice.RULE,
    unreachable.RULE,
    redundant.RULE,
    order.RULE,
)
