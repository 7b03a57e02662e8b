"""What is written for a policy: connection security rules with their sets, and the settings of the host."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ipsecmig.consec.objects import (
    AuthenticationSet,
    ConnectionSecurityRule,
    MainModeCryptoSet,
    QuickModeCryptoSet,
    RuleScope,
    TunnelEnds,
)
from ipsecmig.consec.vocabulary import RuleAction
from ipsecmig.diagnostics import Origin
from ipsecmig.emit.common import CLOSED, OPEN, negotiates, widening_opens
from ipsecmig.emit.connection_rules import precedence, tunnels
from ipsecmig.emit.connection_rules.names import Names
from ipsecmig.emit.connection_rules.protection import Refusal, Sets, main_mode
from ipsecmig.emit.connection_rules.selection import INTERFACES, Selected, Unsayable, select
from ipsecmig.emit.connection_rules.troubles import Trouble, Troubles
from ipsecmig.model.attributes import AttributeKind
from ipsecmig.model.exemptions import NEIGHBOUR_DISCOVERY
from ipsecmig.model.policy import Action, Filter, FilterAction, FilterList, Rule
from ipsecmig.model.space import Box, Direction
from ipsecmig.model.targets import EmissionRequest, LossKind
from ipsecmig.model.windows import WindowsVersion

_BLOCK: Final = "connection security rules cannot block, and firewall rules that block prevail over what lies inside"
_BLOCK_ADVICE: Final = "block it with rules of Windows Firewall (advfirewall firewall add rule action=block)"
_RESPONSE: Final = "Windows Firewall has no default response rule"


class Planned(NamedTuple):
    """A rule with the sets that it names."""

    rule: ConnectionSecurityRule
    authentication: AuthenticationSet | None
    crypto: QuickModeCryptoSet | None


class Withheld(NamedTuple):
    """Something of the policy that no rule was made of, and why."""

    what: str
    reason: str
    origin: Origin


@dataclass(slots=True)
class Plan:
    """Everything that a target writes. `exemptions` adds up as `ConnectionSecurity` does."""

    sets: Sets
    troubles: Troubles
    exemptions: int
    main_mode: MainModeCryptoSet | None = None
    rules: list[Planned] = field(default_factory=list)
    withheld: list[Withheld] = field(default_factory=list)
    nested: bool = False

    @property
    def holds_secret(self) -> bool:
        """Whether a rule names a preshared key, which the script then holds."""
        return any(one.secret is not None for key in self.sets.authentication for one in key)

    @property
    def assumptions(self) -> frozenset[str]:
        """What the rules rest on, as `--assume` calls it."""
        return frozenset({"specific-first"} if self.nested else ())


class _Used(NamedTuple):
    """An active rule with its list and its action."""

    rule: Rule
    filter_list: FilterList
    action: FilterAction


def make_plan(request: EmissionRequest, refusal: Refusal) -> Plan:
    """Return the rules for the policy of `request`; `refusal` says which authentication the target cannot say."""
    troubles = Troubles()
    plan = Plan(Sets(refusal, troubles), troubles, _exemptions(request))
    if negotiates(request):
        plan.main_mode = main_mode(request.policy, troubles)
    if request.flat.default_response is not None and request.policy.default_response is not None:
        response = request.policy.default_response
        trouble = Trouble(LossKind.DROPPED, CLOSED, _RESPONSE, "write rules for the peers that may ask for protection")
        troubles.add(response, AttributeKind.DEFAULT_RESPONSE, trouble)
    _Planner(request, plan).run()
    return plan


def _exemptions(request: EmissionRequest) -> int:
    """Return what the firewall is to exempt: what Windows does for the policy, as far as it has words for it."""
    security = request.policy.connection_security
    if security is not None:
        return security.exemptions
    return NEIGHBOUR_DISCOVERY if request.flat.site.windows is WindowsVersion.VISTA else 0


class _Planner:
    """Makes the rules of one policy."""

    def __init__(self, request: EmissionRequest, plan: Plan) -> None:
        self._request, self._plan, self._names = request, plan, Names()
        self._troubles = plan.troubles
        self._me_is_any = precedence.me_is_any(request.flat)
        self._made: set[tuple[int, int]] = set()
        self._boxes: dict[tuple[int, int], list[Box]] = {}
        for specific in request.flat.filters:
            self._boxes.setdefault((id(specific.rule), id(specific.filter)), []).extend(specific.boxes)

    def run(self) -> None:
        """Make a rule of every filter; then note which of them lie inside others."""
        used = list(self._used())
        plans = tunnels.pairs([(u.rule, u.filter_list, u.action) for u in used], self._request.flat)
        for one in used:
            if one.action.action is Action.BLOCK:
                self._block(one)
            elif one.rule.tunnel_endpoint is not None and one.action.action is Action.NEGOTIATE:
                self._tunnel(one, plans[id(one.rule)])
            else:
                self._transport(one)
        for inner, outer in precedence.nested(self._request.flat, self._made):
            self._plan.nested = True
            reason = (
                f'it lies inside the rule "{outer.name}"; which of the two Windows Firewall follows is not documented'
            )
            trouble = Trouble(LossKind.WIDENED, OPEN, reason, "keep the two rules apart, or test which one prevails")
            self._troubles.add(inner, AttributeKind.RULE_ACTIVE, trouble)

    def _used(self) -> Iterator[_Used]:
        store, policy = self._request.store, self._request.policy
        for rule in policy.rules:
            filter_list = store.filter_list(rule.filter_list, policy.store)
            action = store.filter_action(rule.filter_action, policy.store)
            if rule.active and filter_list is not None and action is not None:
                yield _Used(rule, filter_list, action)

    def _withheld(self, rule: Rule, reason: str, origin: Origin) -> None:
        self._plan.withheld.append(Withheld(f'rule "{rule.name}"', reason, origin))

    def _block(self, used: _Used) -> None:
        trouble = Trouble(LossKind.NEEDS_HUMAN, OPEN, _BLOCK, _BLOCK_ADVICE)
        self._troubles.add(used.action, AttributeKind.ACTION_ACTION, trouble)
        self._withheld(used.rule, _BLOCK, used.rule.origin)

    def _transport(self, used: _Used) -> None:
        made = self._protection(used, tunnel=False)
        if made is None:
            return
        for filter_ in used.filter_list.filters:
            selected = self._selected(used, filter_)
            if selected is None or selected.is_empty:
                continue
            if self._is_one_way(used, filter_):
                continue
            self._note_limits(used, filter_)
            self._write(used, filter_, selected, made, TunnelEnds())

    def _selected(self, used: _Used, filter_: Filter) -> Selected | None:
        """Return the ends of a filter, None where it is withheld or no packet of the host can match it."""
        selected = select(filter_, self._request.flat.site, me_is_any=self._me_is_any)
        if isinstance(selected, Unsayable):
            opens = used.action.action is not Action.PERMIT
            about, reason, advice = selected
            self._troubles.withhold(filter_, about, reason, opens=opens, advice=advice)
            self._withheld(used.rule, reason, filter_.origin)
            return None
        return selected if self._boxes.get((id(used.rule), id(filter_))) else None

    def _is_one_way(self, used: _Used, filter_: Filter) -> bool:
        """Whether the filter is withheld because it permits one direction only; else note that it is widened."""
        same = filter_.source == filter_.destination and filter_.source_port == filter_.destination_port
        if filter_.mirrored or same:
            return False
        if used.action.action is Action.PERMIT:
            reason = "connection security rules exempt both directions, and the filter permits one"
            self._troubles.withhold(filter_, AttributeKind.FILTER_MIRRORED, reason, opens=False)
            self._withheld(used.rule, reason, filter_.origin)
            return True
        reason = "connection security rules apply to both directions, and the filter is for one"
        opens = OPEN if widening_opens(self._request, used.rule) else CLOSED
        trouble = Trouble(LossKind.WIDENED, opens, reason, "check what the other direction is to be")
        self._troubles.add(filter_, AttributeKind.FILTER_MIRRORED, trouble)
        return False

    def _note_limits(self, used: _Used, filter_: Filter) -> None:
        """Note what a rule in transport mode leaves alone, and what it no longer leaves alone."""
        boxes = self._boxes[id(used.rule), id(filter_)]
        if used.action.action is Action.PERMIT:
            return
        if any(box.direction[0] == Direction.FORWARD for box in boxes):
            reason = "in transport mode connection security rules do not apply to what this host forwards"
            advice = "let nothing through that must not be forwarded: block it on the way, or use a tunnel"
            trouble = Trouble(LossKind.NARROWED, OPEN, reason, advice, Direction.FORWARD)
            self._troubles.add(filter_, AttributeKind.FILTER_DESTINATION, trouble)
        exempt = [e for e in self._request.flat.exemptions if e.name in _EXEMPT_BEFORE]
        if any(box.intersection(b) is not None for e in exempt for b in e.boxes for box in boxes):
            reason = "Windows Firewall does not exempt everything that the policy's Windows does"
            trouble = Trouble(LossKind.WIDENED, CLOSED, reason, "exempt it with rules of their own where it is needed")
            self._troubles.add(filter_, AttributeKind.FILTER_PROTOCOL, trouble)

    def _tunnel(self, used: _Used, plan: tunnels.Planned) -> None:
        """Make one rule of the two of a tunnel, when its outbound half comes."""
        if plan.reason:
            self._troubles.withhold(used.rule, AttributeKind.RULE_TUNNEL, plan.reason, opens=True)
            self._withheld(used.rule, plan.reason, used.rule.origin)
            return
        made = self._protection(used, tunnel=True)
        if made is None or plan.ends is None:
            return
        for filter_ in used.filter_list.filters:
            selected = self._selected(used, filter_)
            if selected is not None and not selected.is_empty:
                self._write(used, filter_, selected, made, plan.ends)

    def _protection(self, used: _Used, *, tunnel: bool) -> _Protection | None:
        """Return what the rules for `used` ask for, None where they are withheld."""
        if used.action.action is Action.PERMIT:
            return _Protection(RuleAction.NO_AUTHENTICATION, None, None)
        crypto = self._plan.sets.crypto(used.action)
        authentication = self._plan.sets.first(used.rule)
        if authentication is None:
            reason = "Windows Firewall can say none of the authentication methods"
            self._troubles.withhold(used.rule, AttributeKind.RULE_ACTIVE, reason, opens=True)
            self._withheld(used.rule, reason, used.rule.origin)
        if crypto is None:
            reason = "Windows Firewall can say none of the offers"
            self._withheld(used.rule, reason, used.action.origin)
        if authentication is None or crypto is None:
            return None
        return _Protection(self._plan.sets.action(used.action, tunnel=tunnel), authentication, crypto)

    def _write(self, used: _Used, filter_: Filter, selected: Selected, made: _Protection, ends: TunnelEnds) -> None:
        self._made.add((id(used.rule), id(filter_)))
        rule = ConnectionSecurityRule(
            f"ipsecmig-{len(self._plan.rules) + 1:04}",
            self._names.give(used.rule.name),
            made.action,
            active=False,
            scope=RuleScope(endpoint1=selected.endpoint1, endpoint2=selected.endpoint2),
            protocol=filter_.protocol or None,
            ports1=() if filter_.source_port.is_any else (filter_.source_port,),
            ports2=() if filter_.destination_port.is_any else (filter_.destination_port,),
            interface_types=INTERFACES[used.rule.connection_type],
            auth1_set="" if made.authentication is None else made.authentication.id,
            crypto2_set="" if made.crypto is None else made.crypto.id,
            tunnel=ends,
            description=filter_.description or used.rule.description,
            origin=filter_.origin,
        )
        self._plan.rules.append(Planned(rule, made.authentication, made.crypto))


class _Protection(NamedTuple):
    action: RuleAction
    authentication: AuthenticationSet | None
    crypto: QuickModeCryptoSet | None


_EXEMPT_BEFORE: Final = frozenset({"kerberos", "rsvp", "multicast", "broadcast"})
"""What older versions of Windows exempt, and Windows Firewall does not."""
