"""What stored policies can say of each attribute, and what becomes of the rest.

What cannot be stored is left out, and then the policy is not assigned: a person has to complete it first. What the
missing part would have protected or blocked is open until then; a missing permit closes instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ipsecmig.emit.stored import words
from ipsecmig.emit.stored.filters import check_address, check_port
from ipsecmig.emit.stored.plan import Plan, action_refusal, filter_refusal, response_refusal, rule_refusal
from ipsecmig.model.accounting import EXACT, Attribute, Capabilities, Judge
from ipsecmig.model.algorithms import Encryption
from ipsecmig.model.attributes import AttributeKind
from ipsecmig.model.policy import (
    Action,
    DefaultResponseRule,
    EspTransform,
    Filter,
    FilterAction,
    FilterList,
    PolicyStore,
    QuickModeOffer,
    Rule,
    StoreKind,
)
from ipsecmig.model.targets import EmissionRequest, Loss, LossKind, SecurityDirection
from ipsecmig.stored.numbers import MAIN_MODE_LIFETIME_DEFAULT, POLLING_DEFAULT

_OPEN: Final = SecurityDirection.FAILS_OPEN
_CLOSED: Final = SecurityDirection.FAILS_CLOSED
_COMPLETE: Final = "complete the policy in Windows' own editor; until then the file does not assign it"
_UNPROVEN: Final = frozenset({Encryption.DES, Encryption.NULL})
"""The ciphers about whose numbers documentation and samples disagree."""


@dataclass(frozen=True, slots=True)
class _Case:
    """What the judges know: the name of the target, the plan, and the store that the policy comes from.

    `lists` and `actions` are what `source` defines where the policy is, by case-folded names.
    """

    target: str
    plan: Plan
    source: PolicyStore
    lists: Mapping[str, FilterList]
    actions: Mapping[str, FilterAction]

    def loss(
        self, attribute: Attribute, kind: LossKind, direction: SecurityDirection, reason: str, advice: str
    ) -> Loss:
        return attribute.loss(self.target, kind, direction, reason, advice)

    def withheld(self, attribute: Attribute, direction: SecurityDirection, reason: str) -> Loss | None:
        """Return the loss of what is left out for `reason`; None without a reason."""
        return self.loss(attribute, LossKind.NEEDS_HUMAN, direction, reason, _COMPLETE) if reason else None

    def direction(self, rule: Rule) -> SecurityDirection:
        """Return the direction of losing `rule`: closed when it only permits."""
        action = self.source.filter_action(rule.filter_action, self.plan.policy.store)
        return _CLOSED if action is not None and action.action is Action.PERMIT else _OPEN


_CaseJudge = Callable[[Attribute, _Case], Loss | None]


def capabilities(target: str, plan: Plan, source: PolicyStore) -> Capabilities:
    """Return what can be stored of `plan`, made of the policy of `source`, in the words of `target`."""
    case = _Case(target, plan, source, *source.defined_in(plan.policy.store))
    return {kind: EXACT if judge is None else _bind(judge, case) for kind, judge in JUDGES.items()}


def _bind(judge: _CaseJudge, case: _Case) -> Judge:
    def bound(attribute: Attribute, request: EmissionRequest) -> Loss | None:
        return judge(attribute, case)

    return bound


# The policy and its main mode.


def _name(attribute: Attribute, case: _Case) -> Loss | None:
    name = case.plan.policy.name
    if words.plain(name) == name:
        return None
    reason, advice = "a stored name ends at its first NUL", "the name has a question mark instead"
    return case.loss(attribute, LossKind.NEEDS_HUMAN, _CLOSED, reason, advice)


def _store(attribute: Attribute, case: _Case) -> Loss | None:
    wanted, found = case.plan.policy.store, case.plan.store
    if wanted == found or (wanted.kind is found.kind and not (wanted.domain and found.domain)):
        return None
    reason = f"the file puts the policy into the {found.kind.value} store, not the {wanted.kind.value} one"
    advice = "check where the policy is to be, and that nothing takes precedence over it there"
    return case.loss(attribute, LossKind.DROPPED, _CLOSED, reason, advice)


def _connection_security(attribute: Attribute, case: _Case) -> Loss | None:
    reason = "the policies of netsh ipsec apply to forwarded packets too, and have other exemptions"
    advice = "keep the rules in Windows Firewall, or check the forwarded packets and the exemptions by hand"
    return case.loss(attribute, LossKind.NEEDS_HUMAN, _OPEN, reason, advice)


def _stated_zero(attribute: Attribute, case: _Case, default: int, *, longer: bool) -> Loss:
    """Return the loss of a time of 0, which Windows takes as its default: a longer time than was meant, or not."""
    kind, direction = (LossKind.WIDENED, _OPEN) if longer else (LossKind.NARROWED, _CLOSED)
    reason, advice = f"Windows takes a stored 0 as {default:,} seconds", "state the time in the source"
    return case.loss(attribute, kind, direction, reason, advice)


def _number(attribute: Attribute, case: _Case, *numbers: int) -> Loss | None:
    """Judge numbers that may not fit four bytes."""
    if max(numbers, default=0) <= words.LARGEST:
        return None
    reason, advice = f"the largest number that can be stored is {words.LARGEST:,}", "the file says that one"
    return case.loss(attribute, LossKind.NARROWED, _CLOSED, reason, advice)


def _polling(attribute: Attribute, case: _Case) -> Loss | None:
    seconds = case.plan.policy.polling_interval_seconds
    if not seconds:
        return _stated_zero(attribute, case, POLLING_DEFAULT, longer=False)
    return _number(attribute, case, seconds)


def _assigned(attribute: Attribute, case: _Case) -> Loss | None:
    if not case.plan.policy.assigned or case.plan.is_assigned:
        return None
    if not case.plan.complete:
        return case.withheld(attribute, _OPEN, "the file does not assign a policy that is not complete")
    reason = "a policy of a domain is assigned by a group policy object, and the source names none"
    return case.loss(attribute, LossKind.NEEDS_HUMAN, _OPEN, reason, "assign it in a group policy object")


def _gpo(attribute: Attribute, case: _Case) -> Loss | None:
    plan = case.plan
    if not plan.policy.gpo or (plan.is_assigned and plan.store.kind is StoreKind.DOMAIN):
        return None
    reason = "a group policy object is named only where it assigns a policy of the domain"
    advice = "assign the policy in the group policy object by hand if it is to be there"
    return case.loss(attribute, LossKind.DROPPED, _CLOSED, reason, advice)


def _main_mode_offers(attribute: Attribute, case: _Case) -> Loss | None:
    offers = case.plan.policy.main_mode.offers
    reasons = [words.refusal(words.main_mode_method, offer, 0) for offer in offers]
    reason = next(filter(None, reasons), "" if offers else "there are no main mode offers")
    return case.withheld(attribute, _OPEN, reason)


def _main_mode_lifetime(attribute: Attribute, case: _Case) -> Loss | None:
    seconds = case.plan.policy.main_mode.lifetime_seconds
    if not seconds:
        return _stated_zero(attribute, case, MAIN_MODE_LIFETIME_DEFAULT, longer=True)
    return _number(attribute, case, seconds)


def _quick_mode_limit(attribute: Attribute, case: _Case) -> Loss | None:
    return _number(attribute, case, case.plan.policy.main_mode.quick_mode_limit)


def _default_response(attribute: Attribute, case: _Case) -> Loss | None:
    response = attribute.subject
    if not isinstance(response, DefaultResponseRule):
        return None
    return (
        case.withheld(attribute, _CLOSED, response_refusal(response))
        or _unproven(attribute, case, response.offers)
        or _lifetimes(attribute, case, response.offers)
    )


# Rules.


def _authentication(attribute: Attribute, case: _Case) -> Loss | None:
    if attribute.rule is None:
        return None
    return case.withheld(
        attribute, case.direction(attribute.rule), words.refusal(words.authentication, attribute.value)
    )


def _tunnel(attribute: Attribute, case: _Case) -> Loss | None:
    if attribute.rule is None:
        return None
    return case.withheld(attribute, case.direction(attribute.rule), words.refusal(words.endpoint, attribute.value))


def _active(attribute: Attribute, case: _Case) -> Loss | None:
    """Judge whether the rule is there at all: what it names, and for an inactive one everything that it holds."""
    rule = attribute.subject
    if not isinstance(rule, Rule):
        return None
    store = case.plan.policy.store
    filter_list = case.source.filter_list(rule.filter_list, store)
    action = case.source.filter_action(rule.filter_action, store)
    if filter_list is None or action is None or (action.action is Action.NEGOTIATE and not rule.authentication):
        return case.withheld(attribute, case.direction(rule), rule_refusal(rule, case.lists, case.actions))
    if rule.active:
        return None
    gaps = [rule_refusal(rule, case.lists, case.actions), *map(filter_refusal, filter_list.filters)]
    return case.withheld(attribute, _CLOSED, next(filter(None, gaps), ""))


# Filter actions.


def _negotiating(attribute: Attribute) -> FilterAction | None:
    action = attribute.action
    return action if action is not None and action.action is Action.NEGOTIATE else None


def _action(attribute: Attribute, case: _Case) -> Loss | None:
    action = _negotiating(attribute)
    return None if action is None or action.offers else case.withheld(attribute, _OPEN, action_refusal(action))


def _offers(attribute: Attribute, case: _Case) -> Loss | None:
    action = _negotiating(attribute)
    if action is None:
        return None
    return case.withheld(attribute, _OPEN, action_refusal(action)) or _unproven(attribute, case, action.offers)


def _unproven(attribute: Attribute, case: _Case, offers: tuple[QuickModeOffer, ...]) -> Loss | None:
    """Judge ciphers that Windows might read as others."""
    ciphers = {t.encryption for offer in offers for t in offer.transforms if isinstance(t, EspTransform)}
    if ciphers.isdisjoint(_UNPROVEN):
        return None
    names = " and ".join(sorted("no cipher" if c is Encryption.NULL else c.value.upper() for c in ciphers & _UNPROVEN))
    reason = f"documentation and the policies that come with Windows disagree about the number of {names} in ESP"
    advice = "look at the security methods in Windows' own editor before the policy is in force"
    return case.loss(attribute, LossKind.NEEDS_HUMAN, _OPEN, reason, advice)


def _action_lifetimes(attribute: Attribute, case: _Case) -> Loss | None:
    action = _negotiating(attribute)
    return None if action is None else _lifetimes(attribute, case, action.offers)


def _lifetimes(attribute: Attribute, case: _Case, offers: tuple[QuickModeOffer, ...]) -> Loss | None:
    return _number(attribute, case, *(n for o in offers for n in (o.lifetime_seconds, o.lifetime_kilobytes)))


def _pfs(attribute: Attribute, case: _Case) -> Loss | None:
    action, groups = attribute.action, {offer.group for offer in case.plan.policy.main_mode.offers}
    if action is None or not action.pfs or action.pfs_group is None or groups == {action.pfs_group}:
        return None
    reason = f"the group of session key PFS is that of main mode, and {action.pfs_group.name} cannot be named"
    advice = "check that the peers accept the group of main mode"
    return case.loss(attribute, LossKind.NEEDS_HUMAN, _CLOSED, reason, advice)


# Filters.


def _address(attribute: Attribute, case: _Case) -> Loss | None:
    reason = words.refusal(check_address, attribute.value)
    return case.withheld(attribute, _filter_direction(attribute, case), reason) if reason else None


def _port(attribute: Attribute, case: _Case) -> Loss | None:
    if not isinstance(attribute.subject, Filter):
        return None
    reason = words.refusal(check_port, attribute.value, attribute.subject.protocol)
    return case.withheld(attribute, _filter_direction(attribute, case), reason) if reason else None


def _filter_direction(attribute: Attribute, case: _Case) -> SecurityDirection:
    """Return the direction of losing a filter: closed when every active rule that uses its list permits."""
    if attribute.rule is None:
        return _OPEN
    key = attribute.rule.filter_list.casefold()
    users = [rule for rule in case.plan.policy.rules if rule.active and rule.filter_list.casefold() == key]
    return _CLOSED if all(case.direction(rule) is _CLOSED for rule in users) else _OPEN


JUDGES: Final[dict[AttributeKind, _CaseJudge | None]] = {
    AttributeKind.POLICY_NAME: _name,
    AttributeKind.POLICY_STORE: _store,
    AttributeKind.POLICY_POLLING_INTERVAL: _polling,
    AttributeKind.POLICY_ASSIGNED: _assigned,
    AttributeKind.POLICY_GPO: _gpo,
    AttributeKind.POLICY_CONNECTION_SECURITY: _connection_security,
    AttributeKind.MAIN_MODE_OFFERS: _main_mode_offers,
    AttributeKind.MAIN_MODE_LIFETIME: _main_mode_lifetime,
    AttributeKind.MAIN_MODE_QUICK_MODE_LIMIT: _quick_mode_limit,
    AttributeKind.MAIN_MODE_PFS: None,
    AttributeKind.DEFAULT_RESPONSE: _default_response,
    AttributeKind.RULE_AUTHENTICATION: _authentication,
    AttributeKind.RULE_TUNNEL: _tunnel,
    AttributeKind.RULE_CONNECTION_TYPE: None,
    AttributeKind.RULE_ACTIVE: _active,
    AttributeKind.ACTION_ACTION: _action,
    AttributeKind.ACTION_OFFERS: _offers,
    AttributeKind.ACTION_LIFETIMES: _action_lifetimes,
    AttributeKind.ACTION_PFS: _pfs,
    AttributeKind.ACTION_INBOUND_PASSTHROUGH: None,
    AttributeKind.ACTION_SOFT: None,
    AttributeKind.FILTER_SOURCE: _address,
    AttributeKind.FILTER_DESTINATION: _address,
    AttributeKind.FILTER_PROTOCOL: None,
    AttributeKind.FILTER_SOURCE_PORT: _port,
    AttributeKind.FILTER_DESTINATION_PORT: _port,
    AttributeKind.FILTER_MIRRORED: None,
}
"""What can be stored of every kind of attribute: it always can (None), or as the judge finds."""

ALWAYS_EXACT: Final = frozenset(kind for kind, judge in JUDGES.items() if judge is None)
"""The kinds of attributes of which nothing is ever lost."""
