"""What netsh can say of each attribute, and what becomes of the rest.

A command with something inexpressible in it is withheld, so what it would have protected or blocked is open until a
person completes it; withholding a permit closes instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ipsecmig.emit.netsh import commands, words
from ipsecmig.emit.netsh.plan import Plan
from ipsecmig.model.accounting import EXACT, Attribute, Capabilities, Judge
from ipsecmig.model.attributes import AttributeKind
from ipsecmig.model.policy import (
    Action,
    Certificate,
    DefaultResponseRule,
    Filter,
    PresharedKey,
    QuickModeOffer,
    Rule,
    StoreKind,
)
from ipsecmig.model.selectors import Address, DnsName
from ipsecmig.model.targets import EmissionRequest, Loss, LossKind, SecurityDirection

_OPEN: Final = SecurityDirection.FAILS_OPEN
_CLOSED: Final = SecurityDirection.FAILS_CLOSED


@dataclass(frozen=True, slots=True)
class _Case:
    """What the judges know: the plan, and whether every command of the script stands."""

    plan: Plan
    complete: bool


_CaseJudge = Callable[[Attribute, _Case], Loss | None]


def capabilities(plan: Plan, *, complete: bool) -> Capabilities:
    """Return what netsh can say of `plan`, whose script is `complete` or has commands withheld."""
    case = _Case(plan, complete)
    return {kind: EXACT if judge is None else _bind(judge, case) for kind, judge in JUDGES.items()}


def _bind(judge: _CaseJudge, case: _Case) -> Judge:
    def bound(attribute: Attribute, request: EmissionRequest) -> Loss | None:
        return judge(attribute, case)

    return bound


def _loss(attribute: Attribute, kind: LossKind, direction: SecurityDirection, reason: str, advice: str) -> Loss:
    return attribute.loss(words.TARGET_NAME, kind, direction, reason, advice)


def _withheld(attribute: Attribute, direction: SecurityDirection, reason: str) -> Loss | None:
    """Return the loss of an attribute whose command is withheld for `reason`; None without a reason."""
    if not reason:
        return None
    advice = "complete the marked command in the script; until then it does not assign the policy"
    return _loss(attribute, LossKind.NEEDS_HUMAN, direction, reason, advice)


def _changed(attribute: Attribute, reason: str, advice: str, *, longer: bool) -> Loss:
    """Return the loss of a time that comes out longer or shorter than the policy says."""
    kind, direction = (LossKind.WIDENED, _OPEN) if longer else (LossKind.NARROWED, _CLOSED)
    return _loss(attribute, kind, direction, reason, advice)


# The policy and its main mode.


def _name(attribute: Attribute, case: _Case) -> Loss | None:
    reason = words.refusal(words.quoted, case.plan.policy.name)
    if not reason:
        return None
    advice = f'in the script the policy is called "{case.plan.policy_name}"'
    return _loss(attribute, LossKind.NEEDS_HUMAN, _CLOSED, f"netsh cannot say the name: {reason}", advice)


def _store(attribute: Attribute, case: _Case) -> Loss | None:
    store = case.plan.policy.store
    if store.kind is StoreKind.CACHE:
        reason = "the cache is Windows' own copy of a policy of the domain and cannot be written"
        return _loss(attribute, LossKind.DROPPED, _CLOSED, reason, "the script builds the policy in the local store")
    if store.kind is StoreKind.DYNAMIC:
        reason = "the rules were in force until the IPsec service stopped, and the script makes a policy that stays"
        return _loss(attribute, LossKind.DROPPED, _CLOSED, reason, "the script builds the policy in the local store")
    return _withheld(attribute, _OPEN, "; ".join(commands.set_store(store).reasons))


def _assigned(attribute: Attribute, case: _Case) -> Loss | None:
    missing = case.plan.policy.assigned and not case.complete
    return _withheld(attribute, _OPEN, "the script cannot assign the policy, or is not complete" if missing else "")


def _gpo(attribute: Attribute, case: _Case) -> Loss | None:
    policy = case.plan.policy
    if not policy.gpo:
        return None
    if policy.assigned and policy.store.kind is StoreKind.DOMAIN:
        return _withheld(attribute, _OPEN, words.refusal(words.quoted, policy.gpo))
    reason = "netsh names a group policy object only when it assigns a policy of the domain"
    advice = "assign the policy in the group policy object by hand if it is to be there"
    return _loss(attribute, LossKind.DROPPED, _CLOSED, reason, advice)


def _connection_security(attribute: Attribute, case: _Case) -> Loss | None:
    reason = "the policies of netsh ipsec apply to forwarded packets too, and have other exemptions"
    advice = "keep the rules in Windows Firewall, or check the forwarded packets and the exemptions by hand"
    return _loss(attribute, LossKind.NEEDS_HUMAN, _OPEN, reason, advice)


def _minutes(attribute: Attribute, seconds: int) -> Loss | None:
    said = words.minutes(seconds)
    if said * 60 == seconds:
        return None
    reason = f"netsh takes whole minutes, and it is {seconds} seconds"
    return _changed(attribute, reason, f"the script says {said} minute(s)", longer=said * 60 > seconds)


def _polling(attribute: Attribute, case: _Case) -> Loss | None:
    return _minutes(attribute, case.plan.policy.polling_interval_seconds)


def _main_mode_lifetime(attribute: Attribute, case: _Case) -> Loss | None:
    return _minutes(attribute, case.plan.policy.main_mode.lifetime_seconds)


def _main_mode_offers(attribute: Attribute, case: _Case) -> Loss | None:
    return _withheld(attribute, _OPEN, words.refusal(words.main_mode_offers, case.plan.policy.main_mode.offers))


def _default_response(attribute: Attribute, case: _Case) -> Loss | None:
    response = attribute.subject
    if not isinstance(response, DefaultResponseRule):
        return None
    reasons = commands.set_default_rule(response, case.plan).reasons
    if reasons:
        return _withheld(attribute, _CLOSED, "; ".join(reasons))
    return _lifetimes(attribute, response.offers) or _not_ascii(attribute, response.authentication)


# Rules.


def _direction(rule: Rule, plan: Plan) -> SecurityDirection:
    """Return the direction of losing `rule`: closed when it only permits."""
    action = plan.actions.get(rule.filter_action.casefold())
    return _CLOSED if action is not None and action[0].action is Action.PERMIT else _OPEN


def _authentication(attribute: Attribute, case: _Case) -> Loss | None:
    rule = attribute.rule
    if rule is None:
        return None
    reason = words.refusal(words.authentication, attribute.value, rule.authentication)
    if reason:
        return _withheld(attribute, _direction(rule, case.plan), reason)
    return _not_ascii(attribute, (attribute.value,))


def _not_ascii(attribute: Attribute, methods: Sequence[object]) -> Loss | None:
    """Judge keys and names of authorities that depend on the code page in which netsh reads the script."""
    texts = [m.secret.reveal() for m in methods if isinstance(m, PresharedKey) and m.secret is not None]
    texts += [m.authority for m in methods if isinstance(m, Certificate)]
    if all(text.isascii() for text in texts):
        return None
    reason = "it holds characters outside ASCII, which netsh reads in the code page of the machine"
    advice = "convert the script to that code page before it runs, then check the rule on the machine"
    return _loss(attribute, LossKind.NEEDS_HUMAN, _CLOSED, reason, advice)


def _tunnel(attribute: Attribute, case: _Case) -> Loss | None:
    rule = attribute.rule
    if rule is None:
        return None
    reason = words.refusal(words.endpoint, rule.tunnel_endpoint)
    return _withheld(attribute, _direction(rule, case.plan), reason) or _resolved(attribute)


def _resolved(attribute: Attribute) -> Loss | None:
    """Judge a host name whose addresses the source holds: netsh looks the name up again."""
    if not isinstance(attribute.value, DnsName) or not attribute.value.resolved:
        return None
    reason = "netsh looks the name up when the script runs, and may find other addresses than the source holds"
    advice = f"check that the name still means {', '.join(r.text() for r in attribute.value.resolved)}"
    return _loss(attribute, LossKind.NEEDS_HUMAN, _OPEN, reason, advice)


def _active(attribute: Attribute, case: _Case) -> Loss | None:
    """Judge whether the rule is there at all: what it names, and for an inactive one everything that it holds."""
    rule, plan = attribute.subject, case.plan
    if not isinstance(rule, Rule):
        return None
    if rule.filter_list.casefold() not in plan.lists or rule.filter_action.casefold() not in plan.actions:
        reason = "the source does not define the filter list or the filter action that the rule names"
        return _withheld(attribute, _OPEN, reason)
    if rule.active or _stands(rule, plan):
        return None
    return _withheld(attribute, _CLOSED, "netsh cannot say everything that this inactive rule holds")


def _stands(rule: Rule, plan: Plan) -> bool:
    """Return whether no command for `rule` and what it names is withheld."""
    filter_list, action = plan.lists[rule.filter_list.casefold()][0], plan.actions[rule.filter_action.casefold()][0]
    if commands.add_rule(rule, "x", plan).reasons or commands.add_filter_action(action, "x").reasons:
        return False
    return not any(words.refusal(words.filter_words, f) for f in filter_list.filters)


# Filter actions.


def _offers(attribute: Attribute, case: _Case) -> Loss | None:
    action = attribute.action
    if action is None or action.action is not Action.NEGOTIATE:
        return None
    return _withheld(attribute, _OPEN, words.refusal(words.quick_mode_offers, action.offers))


def _action_lifetimes(attribute: Attribute, case: _Case) -> Loss | None:
    action = attribute.action
    if action is None or action.action is not Action.NEGOTIATE:
        return None
    return _lifetimes(attribute, action.offers)


def _lifetimes(attribute: Attribute, offers: Sequence[QuickModeOffer]) -> Loss | None:
    """Judge lifetimes outside netsh's limits, which are brought within them."""
    pairs = [
        (stated, said)
        for offer in offers
        for stated, said in zip(
            (offer.lifetime_seconds, offer.lifetime_kilobytes), words.sayable_lifetimes(offer), strict=True
        )
        if stated != said
    ]
    if not pairs:
        return None
    (low, high), (least, most) = words.SECONDS_LIMITS, words.KILOBYTES_LIMITS
    reason = f"netsh accepts lifetimes of {low} to {high} seconds and {least} to {most} kilobytes"
    advice = "the script says the nearest lifetime that netsh accepts"
    return _changed(attribute, reason, advice, longer=any(said > stated for stated, said in pairs))


def _pfs(attribute: Attribute, case: _Case) -> Loss | None:
    action, main_mode = attribute.action, case.plan.policy.main_mode
    if action is None or not action.pfs or action.pfs_group is None:
        return None
    if {o.group for o in main_mode.offers} == {action.pfs_group}:
        return None
    reason = f"netsh takes the group of main mode for session key PFS and cannot name {action.pfs_group.name}"
    advice = "check that the peers accept the group of main mode"
    return _loss(attribute, LossKind.NEEDS_HUMAN, _CLOSED, reason, advice)


# Filters.


def _source(attribute: Attribute, case: _Case) -> Loss | None:
    subject = attribute.subject
    return _address(attribute, case, subject.source, subject.destination) if isinstance(subject, Filter) else None


def _destination(attribute: Attribute, case: _Case) -> Loss | None:
    subject = attribute.subject
    return _address(attribute, case, subject.destination, subject.source) if isinstance(subject, Filter) else None


def _address(attribute: Attribute, case: _Case, value: Address, other: Address) -> Loss | None:
    if case.complete:
        return _resolved(attribute)
    reason = words.refusal(words.address, value) or words.refusal(words.server_side, value, other)
    if not reason:
        return _resolved(attribute)
    return _withheld(attribute, _filter_direction(attribute, case.plan), reason)


def _port(attribute: Attribute, case: _Case) -> Loss | None:
    if case.complete or not isinstance(attribute.subject, Filter):
        return None
    reason = words.refusal(words.port, attribute.value, attribute.subject.protocol)
    return _withheld(attribute, _filter_direction(attribute, case.plan), reason) if reason else None


def _filter_direction(attribute: Attribute, plan: Plan) -> SecurityDirection:
    """Return the direction of losing a filter: closed when every active rule that uses its list permits."""
    if attribute.rule is None:
        return _OPEN
    key = attribute.rule.filter_list.casefold()
    users = (rule for rule, _ in plan.rules if rule.active and rule.filter_list.casefold() == key)
    return _CLOSED if all(_direction(rule, plan) is _CLOSED for rule in users) else _OPEN


JUDGES: Final[dict[AttributeKind, _CaseJudge | None]] = {
    AttributeKind.POLICY_NAME: _name,
    AttributeKind.POLICY_STORE: _store,
    AttributeKind.POLICY_POLLING_INTERVAL: _polling,
    AttributeKind.POLICY_ASSIGNED: _assigned,
    AttributeKind.POLICY_GPO: _gpo,
    AttributeKind.POLICY_CONNECTION_SECURITY: _connection_security,
    AttributeKind.MAIN_MODE_OFFERS: _main_mode_offers,
    AttributeKind.MAIN_MODE_LIFETIME: _main_mode_lifetime,
    AttributeKind.MAIN_MODE_QUICK_MODE_LIMIT: None,
    AttributeKind.MAIN_MODE_PFS: None,
    AttributeKind.DEFAULT_RESPONSE: _default_response,
    AttributeKind.RULE_AUTHENTICATION: _authentication,
    AttributeKind.RULE_TUNNEL: _tunnel,
    AttributeKind.RULE_CONNECTION_TYPE: None,
    AttributeKind.RULE_ACTIVE: _active,
    AttributeKind.ACTION_ACTION: None,
    AttributeKind.ACTION_OFFERS: _offers,
    AttributeKind.ACTION_LIFETIMES: _action_lifetimes,
    AttributeKind.ACTION_PFS: _pfs,
    AttributeKind.ACTION_INBOUND_PASSTHROUGH: None,
    AttributeKind.ACTION_SOFT: None,
    AttributeKind.FILTER_SOURCE: _source,
    AttributeKind.FILTER_DESTINATION: _destination,
    AttributeKind.FILTER_PROTOCOL: None,
    AttributeKind.FILTER_SOURCE_PORT: _port,
    AttributeKind.FILTER_DESTINATION_PORT: _port,
    AttributeKind.FILTER_MIRRORED: None,
}
"""What netsh says of every kind of attribute: always exactly (None), or as the judge finds."""
