"""What is in force without being stored: the rules of dynamic mode, and what they make in the model.

`netsh ipsec dynamic` and, without -w, ipsecpol and ipseccmd put rules straight into force, where they stay until the
IPsec service stops. In the model they are one policy of `StoreKind.DYNAMIC`: each rule with a filter list and a filter
action of its own, both named after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from ipsecmig.diagnostics import Origin
from ipsecmig.dialects.netsh_static import defaults
from ipsecmig.dialects.netsh_static.objects import FilterKey, filter_key
from ipsecmig.model.policy import (
    Action,
    AuthenticationMethod,
    ConnectionType,
    Filter,
    FilterAction,
    FilterList,
    Kerberos,
    MainMode,
    NotUnderstood,
    Policy,
    Rule,
    StoreKind,
    StoreLocation,
)
from ipsecmig.model.selectors import AddressRange, DnsName, Me

DYNAMIC_STORE: Final = StoreLocation(StoreKind.DYNAMIC)
POLICY_NAME: Final = "dynamic rules"

DEFAULT_MAIN_MODE: Final = MainMode(
    defaults.MAIN_MODE_OFFERS, defaults.MAIN_MODE_LIFETIME_MINUTES * 60, defaults.QUICK_MODE_LIMIT
)
DEFAULT_QUICK_MODE: Final = FilterAction(
    "", Action.NEGOTIATE, defaults.QUICK_MODE_OFFERS, defaults.SESSION_PFS, soft=defaults.SOFT, store=DYNAMIC_STORE
)

_DIRECTION: Final = "which of the two actions holds for a packet depends on which address is this computer's"
_MAIN_MODE: Final = "negotiates with another main mode than the dynamic rules before it, and a policy here has one"

RuleKey = tuple[tuple[FilterKey, ...], ConnectionType, AddressRange | DnsName | None]
"""What makes two dynamic rules the same: filters, kind of connection and tunnel endpoint."""


class NamedMainMode(NamedTuple):
    """A main mode policy with its name."""

    name: str
    main_mode: MainMode


@dataclass(frozen=True, slots=True)
class DynamicRule:
    """One rule of dynamic mode.

    `main_mode` and `quick_mode` are the policy itself, or the name without case of one that may still change; of a
    quick mode policy only what a filter action that negotiates has counts.
    """

    name: str
    filters: tuple[Filter, ...]
    inbound: Action
    outbound: Action
    main_mode: MainMode | str = DEFAULT_MAIN_MODE
    quick_mode: FilterAction | str = DEFAULT_QUICK_MODE
    authentication: tuple[AuthenticationMethod, ...] = (Kerberos(),)
    tunnel_endpoint: AddressRange | DnsName | None = None
    connection_type: ConnectionType = ConnectionType.ALL
    text: str = ""
    origin: Origin = field(default=Origin(""), compare=False)

    @property
    def key(self) -> RuleKey:
        """What the rule is known by."""
        return tuple(map(filter_key, self.filters)), self.connection_type, self.tunnel_endpoint

    @property
    def negotiates(self) -> bool:
        """Whether the rule negotiates in a direction."""
        return Action.NEGOTIATE in (self.inbound, self.outbound)


@dataclass(slots=True)
class DynamicDraft:
    """Everything in dynamic mode while a script runs; policies by name without case, rules in order."""

    main_modes: dict[str, NamedMainMode] = field(default_factory=dict)
    quick_modes: dict[str, FilterAction] = field(default_factory=dict)
    rules: dict[RuleKey, DynamicRule] = field(default_factory=dict)
    made: int = 0

    def next_name(self, tool: str) -> str:
        """Return the name of the next rule that `tool` makes."""
        self.made += 1
        return f"{tool} rule {self.made}"

    def freeze(self) -> Frozen | None:
        """Return what the rules make in the model, None where there are none."""
        return _freeze(self) if self.rules else None


class Frozen(NamedTuple):
    """The policy made of all dynamic rules, what its rules refer to, and what it cannot say."""

    policy: Policy
    lists: tuple[FilterList, ...]
    actions: tuple[FilterAction, ...]
    not_understood: tuple[NotUnderstood, ...]


def _freeze(draft: DynamicDraft) -> Frozen:
    rules = list(draft.rules.values())
    main_modes = {rule.key: main_mode_of(draft, rule) for rule in rules if rule.negotiates}
    main_mode = next(iter(main_modes.values()), DEFAULT_MAIN_MODE)
    unclear = [
        NotUnderstood(rule.text, f"it {_MAIN_MODE}", rule.origin)
        for rule in rules
        if rule.negotiates and main_modes[rule.key] != main_mode
    ]
    unclear += [NotUnderstood(rule.text, _DIRECTION, rule.origin) for rule in rules if not is_directed(rule)]
    parts = [part for rule in rules if is_directed(rule) for part in _parts(draft, rule)]
    policy = Policy(
        POLICY_NAME,
        main_mode,
        tuple(part.rule for part in parts),
        polling_interval_seconds=0,
        assigned=True,
        store=DYNAMIC_STORE,
        origin=rules[0].origin,
    )
    lists, actions = tuple(part.filter_list for part in parts), tuple(part.action for part in parts)
    return Frozen(policy, lists, actions, tuple(unclear))


def main_mode_of(draft: DynamicDraft, rule: DynamicRule) -> MainMode:
    """Return the main mode that `rule` negotiates with."""
    return rule.main_mode if isinstance(rule.main_mode, MainMode) else draft.main_modes[rule.main_mode].main_mode


def is_directed(rule: DynamicRule) -> bool:
    """Whether it is known which action of `rule` holds for a packet: both are one, or one address of two is `me`."""
    return rule.inbound is rule.outbound or all(
        isinstance(f.source, Me) is not isinstance(f.destination, Me) for f in rule.filters
    )


class _Part(NamedTuple):
    """One rule of the model with what it refers to."""

    rule: Rule
    filter_list: FilterList
    action: FilterAction


def _parts(draft: DynamicDraft, rule: DynamicRule) -> Iterator[_Part]:
    """Yield the rules that `rule` makes in the model: two of one direction each where its actions differ."""
    if rule.inbound is rule.outbound:
        yield _part(draft, rule, rule.name, rule.filters, rule.inbound)
        return
    halves = [half for filter_ in rule.filters for half in _halves(filter_)]
    coming, going = (tuple(h for h in halves if isinstance(h.source, Me) is out) for out in (False, True))
    for direction, filters, action in (("in", coming, rule.inbound), ("out", going, rule.outbound)):
        if filters:
            yield _part(draft, rule, f"{rule.name} {direction}", filters, action)


def _halves(filter_: Filter) -> Iterator[Filter]:
    """Yield `filter_` as filters of one direction each."""
    going = replace(filter_, mirrored=False)
    yield going
    if filter_.mirrored:
        yield going.reversed()


def _part(draft: DynamicDraft, rule: DynamicRule, name: str, filters: tuple[Filter, ...], action: Action) -> _Part:
    quick_mode = draft.quick_modes[rule.quick_mode] if isinstance(rule.quick_mode, str) else rule.quick_mode
    made = FilterAction(name, action, store=DYNAMIC_STORE, origin=rule.origin)
    if action is Action.NEGOTIATE:
        made = replace(quick_mode, name=name, action=action, store=DYNAMIC_STORE, origin=rule.origin)
    return _Part(
        Rule(
            name,
            name,
            name,
            rule.authentication,
            rule.tunnel_endpoint,
            rule.connection_type,
            origin=rule.origin,
        ),
        FilterList(name, filters, store=DYNAMIC_STORE, origin=rule.origin),
        made,
    )
