"""Scenarios: what Microsoft's document recommends, does not recommend, and has considered specially."""

from __future__ import annotations

from typing import Final

from ipsecmig.lint.rule import LintRule
from ipsecmig.lint.rules.scenario import (
    all_traffic,
    complexity,
    domain_controllers,
    dynamic_addresses,
    dynamic_both,
    firewall,
    groups,
    home,
    infrastructure,
    internet_facing,
    l2tp,
    local_policy,
    management,
    nat,
    outsiders,
    overhead,
    performance,
    polling,
    real_time,
    secured_groups,
    sensitive,
    third_party,
    wireless,
    wireless_incapable,
    without_ipsec,
)

RULES: Final[tuple[LintRule, ...]] = (
    complexity.RULE,
    groups.RULE,
    firewall.RULE,
    internet_facing.RULE,
    nat.RULE,
    infrastructure.RULE,
    without_ipsec.RULE,
    sensitive.RULE,
    outsiders.RULE,
    l2tp.RULE,
    overhead.RULE,
    dynamic_addresses.RULE,
    dynamic_both.RULE,
    domain_controllers.RULE,
    all_traffic.RULE,
    secured_groups.RULE,
    real_time.RULE,
    management.RULE,
    performance.RULE,
    wireless.RULE,
    wireless_incapable.RULE,
    home.RULE,
    third_party.RULE,
    local_policy.RULE,
    polling.RULE,
)
