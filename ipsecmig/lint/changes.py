"""Changes of a policy store as data, for repairs. What a change does not name stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ipsecmig.lint.inspection import Changed, Inspection
from ipsecmig.model.policy import Filter, FilterAction, FilterList, Policy, PolicyStore


def with_policy(inspection: Inspection, policy: Policy) -> Changed:
    """Return the store with `policy` in the place of the one inspected."""
    policies = tuple(policy if one is inspection.policy else one for one in inspection.store.policies)
    return replace(inspection.store, policies=policies), policy


def with_actions(inspection: Inspection, change: Callable[[FilterAction], FilterAction]) -> Changed:
    """Return the store with every filter action that the policy uses changed."""
    used = {id(action) for _, _, action in inspection.bound}
    actions = tuple(change(one) if id(one) in used else one for one in inspection.store.filter_actions)
    return replace(inspection.store, filter_actions=actions), inspection.policy


def with_lists(inspection: Inspection, change: Callable[[FilterList], tuple[Filter, ...]]) -> Changed:
    """Return the store with other filters in every filter list that the policy uses."""
    used = {id(filter_list) for _, filter_list, _ in inspection.bound}
    lists = tuple(
        replace(one, filters=change(one)) if id(one) in used else one for one in inspection.store.filter_lists
    )
    return replace(inspection.store, filter_lists=lists), inspection.policy


def without(store: PolicyStore, unwanted: Callable[[FilterList | FilterAction], bool]) -> PolicyStore:
    """Return the store without the filter lists and actions that are unwanted."""
    return replace(
        store,
        filter_lists=tuple(one for one in store.filter_lists if not unwanted(one)),
        filter_actions=tuple(one for one in store.filter_actions if not unwanted(one)),
    )
