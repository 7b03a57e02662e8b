"""The conservation rule: every attribute of the source ends as exact or as a loss, and the sum is checked.

Each target declares one table, from every kind of attribute to a judge. A judge is either `EXACT` or a function that
looks at one attribute and returns the loss, or None where this one is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ipsecmig.diagnostics import Origin
from ipsecmig.model.attributes import AttributeKind
from ipsecmig.model.policy import (
    AuthenticationMethod,
    ConnectionType,
    DefaultResponseRule,
    Filter,
    FilterAction,
    FilterList,
    MainMode,
    Policy,
    PolicyStore,
    Rule,
)
from ipsecmig.model.space import Direction
from ipsecmig.model.targets import EmissionRequest, Loss, LossKind, SecurityDirection

Subject = Policy | DefaultResponseRule | Rule | FilterAction | Filter
"""The object that an attribute belongs to; main mode belongs to its policy."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of one object.

    `owner` names the object for people, for example `rule "Secure SQL"`. `value` is the attribute's own value, for
    RULE_AUTHENTICATION one `AuthenticationMethod` each. `rule` and `action` are those of a used filter, else None.
    """

    kind: AttributeKind
    owner: str
    subject: Subject
    value: object
    origin: Origin
    rule: Rule | None = None
    action: FilterAction | None = None

    def loss(
        self,
        target: str,
        kind: LossKind,
        direction: SecurityDirection,
        reason: str,
        advice: str,
        along: Direction | None = None,
    ) -> Loss:
        """Return the loss of this attribute, or of what it says about packets `along` one direction."""
        name = f"{self.owner}: {self.kind.value}"
        return Loss(target, kind, direction, name, self.origin, reason, advice, self.kind, self.subject, along)


Judge = Callable[[Attribute, EmissionRequest], Loss | None]


def exact(attribute: Attribute, request: EmissionRequest) -> None:
    """Judge what the target always says exactly."""


EXACT: Final[Judge] = exact

Capabilities = Mapping[AttributeKind, Judge]
"""What a target can express: one judge for every kind."""


def always_exact(capabilities: Capabilities) -> frozenset[AttributeKind]:
    """Return the kinds of attributes of which no policy loses anything."""
    return frozenset(kind for kind, judge in capabilities.items() if judge is EXACT)


def account(request: EmissionRequest, capabilities: Capabilities) -> tuple[tuple[Loss, ...], int]:
    """Return the losses, in source order by kind, and the number of exact attributes."""
    losses: list[Loss] = []
    count = 0
    for attribute in attributes(request.store, request.policy):
        judge = capabilities[attribute.kind]
        loss = None if judge is EXACT else judge(attribute, request)
        if loss is None:
            count += 1
        else:
            losses.append(loss)
    return tuple(losses), count


def attributes(store: PolicyStore, policy: Policy) -> Iterator[Attribute]:
    """Yield every attribute of `policy` and of what its active rules use; a rule's list and action are used once."""
    yield from _policy_attributes(policy)
    lists, actions = store.defined_in(policy.store)
    seen: set[int] = set()
    for rule in policy.rules:
        yield from _rule_attributes(rule)
        filter_list, action = lists.get(rule.filter_list.casefold()), actions.get(rule.filter_action.casefold())
        if not rule.active or filter_list is None or action is None:
            continue
        if id(action) not in seen:
            seen.add(id(action))
            yield from _action_attributes(action)
        if id(filter_list) not in seen:
            seen.add(id(filter_list))
            yield from _filter_attributes(filter_list, rule, action)


def _policy_attributes(policy: Policy) -> Iterator[Attribute]:
    owner = f'policy "{policy.name}"'
    main: MainMode = policy.main_mode
    for kind, value in (
        (AttributeKind.POLICY_NAME, policy.name),
        (AttributeKind.POLICY_STORE, policy.store),
        (AttributeKind.POLICY_POLLING_INTERVAL, policy.polling_interval_seconds),
        (AttributeKind.POLICY_ASSIGNED, policy.assigned),
        (AttributeKind.POLICY_GPO, policy.gpo),
        (AttributeKind.MAIN_MODE_OFFERS, main.offers),
        (AttributeKind.MAIN_MODE_LIFETIME, main.lifetime_seconds),
        (AttributeKind.MAIN_MODE_QUICK_MODE_LIMIT, main.quick_mode_limit),
        (AttributeKind.MAIN_MODE_PFS, main.perfect_forward_secrecy),
    ):
        yield Attribute(kind, owner, policy, value, policy.origin)
    security = policy.connection_security
    if security is not None:
        yield Attribute(AttributeKind.POLICY_CONNECTION_SECURITY, owner, policy, security, policy.origin)
    response = policy.default_response
    if response is not None:
        yield Attribute(AttributeKind.DEFAULT_RESPONSE, owner, response, response, response.origin)


def _rule_attributes(rule: Rule) -> Iterator[Attribute]:
    owner = f'rule "{rule.name}"'
    yield Attribute(AttributeKind.RULE_ACTIVE, owner, rule, rule.active, rule.origin)
    if not rule.active:
        return
    method: AuthenticationMethod
    for method in rule.authentication:
        yield Attribute(AttributeKind.RULE_AUTHENTICATION, owner, rule, method, rule.origin, rule)
    if rule.tunnel_endpoint is not None:
        yield Attribute(AttributeKind.RULE_TUNNEL, owner, rule, rule.tunnel_endpoint, rule.origin, rule)
    kind: ConnectionType = rule.connection_type
    yield Attribute(AttributeKind.RULE_CONNECTION_TYPE, owner, rule, kind, rule.origin, rule)


def _action_attributes(action: FilterAction) -> Iterator[Attribute]:
    owner = f'filter action "{action.name}"'
    yield Attribute(AttributeKind.ACTION_ACTION, owner, action, action.action, action.origin, None, action)
    if not action.offers:
        return
    for kind, value in (
        (AttributeKind.ACTION_OFFERS, action.offers),
        (AttributeKind.ACTION_LIFETIMES, action.offers),
        (AttributeKind.ACTION_PFS, action.pfs),
        (AttributeKind.ACTION_INBOUND_PASSTHROUGH, action.inbound_passthrough),
        (AttributeKind.ACTION_SOFT, action.soft),
    ):
        yield Attribute(kind, owner, action, value, action.origin, None, action)


def _filter_attributes(filter_list: FilterList, rule: Rule, action: FilterAction) -> Iterator[Attribute]:
    owner = f'filter list "{filter_list.name}"'
    for filter_ in filter_list.filters:
        for kind, value in (
            (AttributeKind.FILTER_SOURCE, filter_.source),
            (AttributeKind.FILTER_DESTINATION, filter_.destination),
            (AttributeKind.FILTER_PROTOCOL, filter_.protocol),
            (AttributeKind.FILTER_SOURCE_PORT, filter_.source_port),
            (AttributeKind.FILTER_DESTINATION_PORT, filter_.destination_port),
            (AttributeKind.FILTER_MIRRORED, filter_.mirrored),
        ):
            yield Attribute(kind, owner, filter_, value, filter_.origin, rule, action)
