"""Changes of a policy store as data, for repairs. What a change does not name stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from ipsecmig.lint.finding import Finding
from ipsecmig.lint.inspection import Changed, Inspection
from ipsecmig.model.explanation import explain
from ipsecmig.model.policy import (
    Action,
    DefaultResponseRule,
    Filter,
    FilterAction,
    FilterList,
    MainMode,
    MainModeOffer,
    Policy,
    PolicyStore,
    QuickModeOffer,
)


def with_policy(inspection: Inspection, policy: Policy) -> Changed:
    """Return the store with `policy` in the place of the one inspected."""
    return _exchanged(inspection.store, inspection.policy, policy), policy


def _exchanged(store: PolicyStore, old: Policy, new: Policy) -> PolicyStore:
    return replace(store, policies=tuple(new if one is old else one for one in store.policies))


def with_actions(inspection: Inspection, change: Callable[[FilterAction], FilterAction]) -> Changed:
    """Return the store with every filter action changed that the policy uses and that negotiates."""
    used = {id(action) for _, _, action in inspection.bound if action.action is Action.NEGOTIATE}
    actions = tuple(change(one) if id(one) in used else one for one in inspection.store.filter_actions)
    return replace(inspection.store, filter_actions=actions), inspection.policy


def deciding_actions(inspection: Inspection, findings: Iterable[Finding]) -> frozenset[str]:
    """Return the names, case folded, of the filter actions that decide about the witnesses of `findings`."""
    shown = (finding.witness for finding in findings)
    deciding = (explain(inspection.flat, one.packet).deciding for one in shown if one is not None)
    return frozenset(specific.rule.filter_action.casefold() for filters in deciding for specific in filters)


def with_negotiation(
    inspection: Inspection,
    main_mode: Callable[[MainMode], MainMode],
    action: Callable[[FilterAction], FilterAction],
    response: Callable[[DefaultResponseRule], DefaultResponseRule],
) -> Changed:
    """Return the store with main mode, every filter action that negotiates, and the default response rule changed."""
    store, policy = with_actions(inspection, action)
    default = None if policy.default_response is None else response(policy.default_response)
    changed = replace(policy, main_mode=main_mode(policy.main_mode), default_response=default)
    return _exchanged(store, policy, changed), changed


def without_offers(
    inspection: Inspection, main: Callable[[MainModeOffer], bool], quick: Callable[[QuickModeOffer], bool]
) -> Changed:
    """Return the store without the offers of which `main` and `quick` hold, wherever others are left."""
    return with_negotiation(
        inspection,
        lambda one: replace(one, offers=_others(one.offers, main)),
        lambda one: replace(one, offers=_others(one.offers, quick)),
        lambda one: replace(one, offers=_others(one.offers, quick)),
    )


_Offer = TypeVar("_Offer", MainModeOffer, QuickModeOffer)


def _others(offers: tuple[_Offer, ...], unwanted: Callable[[_Offer], bool]) -> tuple[_Offer, ...]:
    return tuple(offer for offer in offers if not unwanted(offer)) or offers


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
