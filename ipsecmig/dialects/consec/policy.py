"""From a store of connection security rules to a policy store: the one place where their meaning is decided.

All rules of a store become one policy, `Connection security rules`, assigned, marked as one of connection security
(see `model.policy.ConnectionSecurity`). Each rule becomes a filter list, a filter action and a rule of its name:

- Endpoint 1 with its ports is the source and endpoint 2 the destination of every filter. Outside tunnels a rule is
  symmetric, so the filters are mirrored. No address means `any`; each address, port and range gives filters of its own.
- Require in and out negotiates. Request out is `soft` (clear where the peer does not negotiate), request in is also
  inbound pass-through. No authentication permits.
- A tunnel with one address at both ends becomes the two rules of a Windows tunnel, `NAME` and `NAME (inbound)`, whose
  filters are not mirrored: endpoint 1 is the local side.
- Rules that are not active stay, inactive. Rules for other profiles than the host is said to have are left out.
- Sets that no rule names or that the store lacks are those built into Windows, if they are default sets.

What the policy model cannot say is doubted (`not_understood`), which makes every answer undecided; what stays in the
policy then errs on the closed side: a doubted rule that permits is left out, one that protects applies wherever it
may, and where no method, offer or end of a tunnel is left that can be said, the traffic counts as blocked.

That rules are symmetric (this host may be either end) is inferred from the fields, which speak of endpoints 1 and 2 and
of local and remote for tunnels only; where the host's addresses are known, what is not its own drops out.

Precedence: that an exemption prevails over the wider rule around it is what rules of the kind "authentication
exemption" are there for. Nothing is documented about other rules inside wider ones that treat their traffic otherwise;
such pairs are doubted. Rules that only overlap are conflicts, as the policy model has them anyhow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from ipsecmig.consec.objects import ConnectionSecurityRule, ConsecStore, Flag, TunnelEnds
from ipsecmig.consec.vocabulary import KeyModule, RuleAction
from ipsecmig.diagnostics import NOWHERE, Origin
from ipsecmig.dialects.base import Reading
from ipsecmig.dialects.consec import messages, nesting, selection
from ipsecmig.dialects.consec.draft import COMPUTERS_ONLY, Draft
from ipsecmig.dialects.consec.protection import Asker, Sets, forward_secrecy, main_mode, methods, quick_mode
from ipsecmig.model.policy import (
    LOCAL_STORE,
    Action,
    AuthenticationMethod,
    ConnectionSecurity,
    ConnectionType,
    Filter,
    FilterAction,
    FilterList,
    NotUnderstood,
    Policy,
    PolicyStore,
    Rule,
    StoreLocation,
)
from ipsecmig.model.selectors import AddressRange

POLICY_NAME: Final = "Connection security rules"
INBOUND: Final = " (inbound)"


class _Part(NamedTuple):
    """A rule of the policy with the list and the action that it names."""

    rule: Rule
    filter_list: FilterList
    action: FilterAction


def convert(
    store: ConsecStore, assumptions: frozenset[str] = frozenset(), location: StoreLocation = LOCAL_STORE, gpo: str = ""
) -> Reading:
    """Return `store` as a policy store with everything there is to say about it, in the order of their places."""
    draft, sets = Draft(assumptions), Sets(store)
    for text, reason, origin in store.refused:
        draft.diagnostics.append(messages.REFUSED.say(origin, text, reason=reason))
        draft.not_understood.append(NotUnderstood(text, reason, origin))
    parts: list[_Part] = []
    room = selection.MOST_FILTERS
    for name, rule in zip(_names(store.rules), store.rules, strict=True):
        found = tuple(_Converter(rule, f'rule "{name}"', draft, sets, room).parts(name, location))
        room -= sum(len(part.filter_list.filters) for part in found)
        parts.extend(found)
    for each in store.main_mode_rules:
        owner = f'main mode rule "{each.name or each.id}"'
        if each.active and selection.is_for_this_host(each, owner, draft):
            draft.doubt(messages.MAIN_MODE_RULE, each.origin, owner)
    nesting.doubt_nested([(p.rule, p.filter_list.filters, p.action) for p in parts if p.rule.active], draft)
    _settings(store, draft)
    states = store.rules or store.main_mode_rules or store.main_mode_sets or store.settings.exemptions is not None
    policies = (_policy(store, parts, sets, draft, location),) if states else ()
    return Reading(
        PolicyStore(
            tuple(replace(policy, gpo=gpo) for policy in policies),
            tuple(part.filter_list for part in parts),
            tuple(part.action for part in parts),
            not_understood=tuple(draft.not_understood),
            sources=store.sources,
        ),
        tuple(sorted(draft.diagnostics, key=lambda d: (d.origin.file, d.origin.line, d.origin.column))),
    )


def _policy(store: ConsecStore, parts: Sequence[_Part], sets: Sets, draft: Draft, location: StoreLocation) -> Policy:
    origin = next((rule.origin for rule in store.rules), NOWHERE)
    asker = Asker("main mode", Origin(origin.file), draft)
    exemptions = store.settings.exemptions
    if exemptions is None:
        draft.tell(messages.DEFAULT_EXEMPTIONS, asker.origin, "exemptions")
    security = ConnectionSecurity() if exemptions is None else ConnectionSecurity(exemptions & 15)
    return Policy(
        POLICY_NAME,
        main_mode(sets.main(asker), asker),
        tuple(part.rule for part in parts),
        assigned=True,
        store=location,
        origin=origin,
        connection_security=security,
    )


def _settings(store: ConsecStore, draft: Draft) -> None:
    origin = Origin(store.sources[0]) if store.sources else NOWHERE
    for token in store.settings.unread:
        draft.doubt(messages.SETTING, origin, f"setting {token.name}", name=token.name)
    if (store.settings.exemptions or 0) > 15:
        draft.doubt(messages.SETTING, origin, "setting IPsecExempt", name=f"IPsecExempt={store.settings.exemptions}")


def _names(rules: Sequence[ConnectionSecurityRule]) -> Iterator[str]:
    """Yield a name of its own for each rule, the rule's own where it is free."""
    taken: set[str] = set()
    for number, rule in enumerate(rules, start=1):
        wanted = rule.name or rule.id or "rule"
        candidates = (wanted, f"{wanted} {rule.id}", f"{wanted} #{number}", f"{wanted} {rule.id} #{number}")
        free = (each for each in candidates if not taken & {each.casefold(), f"{each}{INBOUND}".casefold()})
        name = next(free)
        taken |= {name.casefold(), f"{name}{INBOUND}".casefold()}
        yield name


class _Converter:
    """Converts one rule. Nothing is doubted for a rule that is not active, as it does nothing."""

    def __init__(self, rule: ConnectionSecurityRule, owner: str, draft: Draft, sets: Sets, room: int) -> None:
        self._rule, self._owner, self._sets, self._room = rule, owner, sets, room
        self._active = rule.active or any(token.name.lower() == "active" for token in rule.unread)
        self._draft = draft if self._active else Draft(draft.assumptions)
        self._asker = Asker(owner, rule.origin, self._draft)

    def parts(self, name: str, location: StoreLocation) -> Iterator[_Part]:
        """Yield the rules that the rule becomes: one, two for a tunnel, none where it is left out."""
        before = len(self._draft.not_understood)
        rule, draft = self._rule, self._draft
        if not selection.is_for_this_host(rule, self._owner, draft):
            return
        link = selection.connection_type(rule, self._owner, draft)
        filters = selection.filters(rule, self._owner, draft, self._room)
        self._doubt_extras()
        action, authentication = self._action(name, location)
        if action.action is Action.PERMIT and len(draft.not_understood) > before:
            return
        if rule.tunnel.is_tunnel and action.action is Action.NEGOTIATE:
            yield from self._tunnel(name, location, filters, action, authentication, link)
            return
        yield self._part(name, location, filters, action, authentication, link)

    def _part(
        self,
        name: str,
        location: StoreLocation,
        filters: tuple[Filter, ...],
        action: FilterAction,
        authentication: tuple[AuthenticationMethod, ...],
        link: ConnectionType,
        end: AddressRange | None = None,
    ) -> _Part:
        origin, description = self._rule.origin, self._rule.description
        filter_list = FilterList(name, filters, store=location, origin=origin)
        active, guid = self._active, self._rule.id if self._rule.id.startswith("{") else ""
        rule = Rule(name, name, action.name, authentication, end, link, active, description, guid, origin)
        return _Part(rule, filter_list, action)

    def _tunnel(
        self,
        name: str,
        location: StoreLocation,
        filters: tuple[Filter, ...],
        action: FilterAction,
        authentication: tuple[AuthenticationMethod, ...],
        link: ConnectionType,
    ) -> Iterator[_Part]:
        reason = _why_not(self._rule.tunnel)
        if reason:
            self._draft.doubt(messages.TUNNEL, self._rule.origin, self._owner, reason=reason)
            block = FilterAction(name, Action.BLOCK, store=location, origin=self._rule.origin)
            yield self._part(name, location, filters, block, (), link)
            return
        outbound = tuple(replace(f, mirrored=False) for f in filters)
        inbound = tuple(each.reversed() for each in outbound)
        remote, local = self._rule.tunnel.remote[0], self._rule.tunnel.local[0]
        if self._rule.action is not RuleAction.REQUIRE_IN_CLEAR_OUT:
            yield self._part(name, location, outbound, action, authentication, link, remote)
        second = replace(action, name=f"{name}{INBOUND}")
        yield self._part(f"{name}{INBOUND}", location, inbound, second, authentication, link, local)

    def _action(self, name: str, location: StoreLocation) -> tuple[FilterAction, tuple[AuthenticationMethod, ...]]:
        """Return the filter action and the authentication methods; what cannot be said as protection is a block."""
        rule, asker = self._rule, self._asker
        block = FilterAction(name, Action.BLOCK, store=location, origin=rule.origin)
        if rule.action is None:
            self._draft.doubt(messages.NO_ACTION, rule.origin, self._owner)
            return block, ()
        if rule.action is RuleAction.NO_AUTHENTICATION:
            if rule.tunnel.is_tunnel:
                self._draft.doubt(messages.TUNNEL_EXEMPTION, rule.origin, self._owner)
            return replace(block, action=Action.PERMIT), ()
        if rule.action is RuleAction.REQUIRE_IN_CLEAR_OUT:
            self._draft.doubt(messages.CLEAR_OUT, rule.origin, self._owner)
        crypto = self._sets.quick(rule.crypto2_set, asker)
        offers, authentication = quick_mode(crypto, asker), self._authentication()
        for kind, found in (("offers of quick mode", offers), ("authentication methods", authentication)):
            if not found:
                self._draft.doubt(messages.NOTHING_LEFT, rule.origin, self._owner, kind=kind)
                return block, ()
        pfs, group = forward_secrecy(crypto, asker)
        requests_in = rule.action is RuleAction.REQUEST_BOTH
        requests_out = rule.action in {RuleAction.REQUEST_BOTH, RuleAction.REQUIRE_IN_REQUEST_OUT}
        negotiate = replace(block, action=Action.NEGOTIATE, offers=offers, pfs=pfs, pfs_group=group)
        return replace(negotiate, inbound_passthrough=requests_in, soft=requests_out), authentication

    def _authentication(self) -> tuple[AuthenticationMethod, ...]:
        rule, asker = self._rule, self._asker
        found = methods(self._sets.first(rule.auth1_set, asker), asker)
        if rule.auth2_set:
            second = self._sets.second(rule.auth2_set, asker)
            if second is not None and second.suites and COMPUTERS_ONLY in self._draft.assumptions:
                self._draft.tell(messages.SECOND_LEFT_OUT, rule.origin, self._owner)
            elif second is None or second.suites:
                self._draft.doubt(messages.SECOND, rule.origin, self._owner)
        return found

    def _doubt_extras(self) -> None:
        """Doubt what a rule says besides endpoints and action, unless it changes no treatment of packets."""
        rule, draft, origin, owner = self._rule, self._draft, self._rule.origin, self._owner
        for token in rule.unread:
            draft.doubt(messages.UNREAD, origin, owner, token=f"{token.name}={token.value}")
        modules = set(rule.key_modules)
        if modules and not modules & {KeyModule.DEFAULT, KeyModule.IKEV1}:
            named = " and ".join(m.value for m in KeyModule if m in modules)
            draft.doubt(messages.KEYING, origin, owner, module=named)
        if Flag.BYPASS_TUNNEL in rule.flags:
            draft.doubt(messages.TUNNEL_BYPASS, origin, owner)
        if Flag.KEY_MANAGER_DICTATES in rule.flags:
            draft.doubt(messages.KEY_MANAGER, origin, owner)
        if Flag.SECURITY_REALM in rule.flags:
            draft.doubt(messages.UNREAD, origin, owner, token=f"{Flag.SECURITY_REALM.value}=TRUE")
        if Flag.APPLY_AUTHORIZATION in rule.flags or rule.machine_authorization or rule.user_authorization:
            draft.doubt(messages.AUTHORIZATION, origin, owner)
        if Flag.KEY_MANAGER_NOTIFIED in rule.flags:
            draft.tell(messages.NO_EFFECT, origin, owner, token=Flag.KEY_MANAGER_NOTIFIED.value)
        if rule.forward_lifetime is not None:
            draft.tell(messages.NO_EFFECT, origin, owner, token="FwdLifetime")  # noqa: S106  the name of a token


def _why_not(tunnel: TunnelEnds) -> str:
    """Return why a tunnel cannot be said as the two rules of a Windows tunnel, empty where it can."""
    if tunnel.dynamic:
        return "the ends are found when they are needed"
    if len(tunnel.local) != 1 or len(tunnel.remote) != 1:
        return "not both ends are single addresses"
    local, remote = tunnel.local[0], tunnel.remote[0]
    if not local.is_host or not remote.is_host or local.family is not remote.family:
        return "the ends are not one address each, of one version of IP"
    return ""
