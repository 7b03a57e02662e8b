"""What is stored of a policy: its rules and what they use, without what cannot be stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ipsecmig.emit.stored import words
from ipsecmig.emit.stored.filters import filter_specs
from ipsecmig.model.policy import (
    Action,
    DefaultResponseRule,
    Filter,
    FilterAction,
    FilterList,
    MainModeOffer,
    Policy,
    PolicyStore,
    Rule,
    StoreKind,
    StoreLocation,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """One policy for `store`, with what its rules name, by case-folded names.

    `rules`, `response` and `actions` are those that can be stored; `complete` says whether these and every filter and
    main mode offer are all there is.
    """

    policy: Policy
    store: StoreLocation
    lists: Mapping[str, FilterList]
    actions: Mapping[str, FilterAction]
    rules: tuple[Rule, ...]
    response: DefaultResponseRule | None
    complete: bool

    @property
    def is_assigned(self) -> bool:
        """Whether the policy is to be assigned; one that is not complete never is, nor in a domain without a GPO."""
        in_domain = self.store.kind is StoreKind.DOMAIN
        return self.complete and self.policy.assigned and (not in_domain or bool(self.policy.gpo))

    @property
    def gpo(self) -> str:
        """The group policy object that assigns the policy; only domains have any."""
        return self.policy.gpo if self.store.kind is StoreKind.DOMAIN else ""


def make_plan(source: PolicyStore, policy: Policy, store: StoreLocation) -> Plan:
    """Return what of `policy` can go into `store`."""
    lists, actions = source.defined_in(policy.store)
    rules = tuple(rule for rule in policy.rules if not rule_refusal(rule, lists, actions))
    response = policy.default_response
    if response is not None and response_refusal(response):
        response = None
    used = {rule.filter_list.casefold() for rule in rules}
    named = {rule.filter_action.casefold() for rule in rules}
    used_lists = {key: value for key, value in lists.items() if key in used}
    complete = (
        rules == policy.rules
        and response == policy.default_response
        and not any(words.refusal(words.main_mode_method, offer, 0) for offer in policy.main_mode.offers)
        and not any(filter_refusal(f) for value in used_lists.values() for f in value.filters)
    )
    return Plan(
        policy,
        store,
        used_lists,
        {key: value for key, value in actions.items() if key in named},
        rules,
        response,
        complete and bool(policy.main_mode.offers),
    )


def filter_refusal(value: Filter) -> str:
    """Return why a filter cannot be stored, or an empty text."""
    return words.refusal(filter_specs, value)


def action_refusal(action: FilterAction) -> str:
    """Return why a filter action cannot be stored, or an empty text."""
    if action.action is not Action.NEGOTIATE:
        return ""
    return words.refusal(words.quick_mode_offers, action.offers, action.pfs)


def rule_refusal(rule: Rule, lists: Mapping[str, FilterList], actions: Mapping[str, FilterAction]) -> str:
    """Return why a rule cannot be stored, or an empty text."""
    action = actions.get(rule.filter_action.casefold())
    if action is None or rule.filter_list.casefold() not in lists:
        return "the source does not define the filter list or the filter action that the rule names"
    if action.action is Action.NEGOTIATE and not rule.authentication:
        return "it negotiates security but has no authentication methods"
    refusals = [action_refusal(action), *(words.refusal(words.authentication, m) for m in rule.authentication)]
    if rule.tunnel_endpoint is not None:
        refusals.append(words.refusal(words.endpoint, rule.tunnel_endpoint))
    return "; ".join(filter(None, refusals))


def response_refusal(response: DefaultResponseRule) -> str:
    """Return why a default response rule cannot be stored, or an empty text."""
    refusals = [words.refusal(words.authentication, method) for method in response.authentication]
    refusals.append(words.refusal(words.quick_mode_offers, response.offers, response.pfs))
    if not response.authentication:
        refusals.append("it has no authentication methods")
    return "; ".join(filter(None, refusals))


def offers_stored(policy: Policy) -> tuple[MainModeOffer, ...]:
    """Return the main mode offers that can be stored."""
    return tuple(o for o in policy.main_mode.offers if not words.refusal(words.main_mode_method, o, 0))
