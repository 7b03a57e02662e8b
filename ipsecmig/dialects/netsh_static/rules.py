"""The commands about rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from ipsecmig.diagnostics import Diagnostic
from ipsecmig.dialects.netsh_static import actions, defaults, filters, messages, policies
from ipsecmig.dialects.netsh_static.assumptions import RULE_IDS
from ipsecmig.dialects.netsh_static.binding import Call
from ipsecmig.dialects.netsh_static.objects import PolicyDraft
from ipsecmig.dialects.netsh_static.session import ALL, Session, renamed
from ipsecmig.model.policy import (
    Action,
    AuthenticationMethod,
    Certificate,
    Kerberos,
    PresharedKey,
    Rule,
)
from ipsecmig.model.selectors import AddressRange, DnsName

KIND: Final = "rule"
AUTHENTICATION: Final = ("kerberos", "psk", "rootca")


def add_rule(session: Session, call: Call) -> None:
    """`add rule`: adds a rule to a policy; both it and what the rule names must exist."""
    draft = _find_policy(session, call)
    references = _references(session, call)
    if draft is None or references is None or not session.is_new(call, KIND, draft.rules):
        return
    name = call.text_of("name")
    if call.given("tunnel") and call.value_of("tunnel") is None:
        session.diagnostics.append(call.say(messages.NO_TUNNEL, "tunnel"))
    authentication = authentication_of(call)
    if not call.given(*AUTHENTICATION):
        authentication = (Kerberos(),)
        if session.workspace.store.actions[references[1].casefold()].action is Action.NEGOTIATE:
            session.diagnostics.append(call.say(messages.DEFAULT_AUTHENTICATION))
    if draft.header.assigned and not draft.rules:
        session.diagnostics.append(call.say(messages.HALF_BUILT, "policy", name=draft.header.name))
    unset = Rule(name, *references, authentication, active=defaults.RULE_ACTIVE, origin=call.origin())
    draft.rules[name.casefold()] = _changed(call, unset)
    session.define(KIND, name, call.origin())


def set_rule(session: Session, call: Call) -> None:
    """`set rule`: changes what is given and keeps the rest."""
    draft = _find_policy(session, call)
    key = None if draft is None else _find_rule(session, call, draft)
    references = _references(session, call)
    if draft is None or key is None or references is None:
        return
    rule = draft.rules[key]
    new = call.get("newname", rule.name)
    if new.casefold() != key and not session.is_new(call, KIND, draft.rules, "newname"):
        return
    authentication = authentication_of(call) if call.given(*AUTHENTICATION) else rule.authentication
    if call.find("kerberos", bool) is False and not call.given("psk", "rootca"):
        authentication = tuple(method for method in rule.authentication if not isinstance(method, Kerberos))
    draft.rules[key] = replace(
        _changed(call, rule),
        name=new,
        filter_list=references[0] or rule.filter_list,
        filter_action=references[1] or rule.filter_action,
        authentication=authentication,
    )
    draft.rules = renamed(draft.rules, key, new.casefold())


def delete_rule(session: Session, call: Call) -> None:
    """`delete rule`: removes one rule of a policy or all; the default response rule stays."""
    draft = session.workspace.store.policies.get(call.text_of("policy").casefold())
    if draft is None:
        what = f'policy "{call.text_of("policy")}"'
        session.diagnostics.append(call.say(messages.NOTHING_TO_DELETE, "policy", what=what))
    elif call.get("name", "").lower() == ALL:
        draft.rules.clear()
    elif call.given("name") and call.text_of("name").casefold() not in draft.rules:
        what = f'rule "{call.text_of("name")}"'
        session.diagnostics.append(call.say(messages.NOTHING_TO_DELETE, "name", what=what))
    elif (key := _find_rule(session, call, draft)) is not None:
        del draft.rules[key]


def set_defaultrule(session: Session, call: Call) -> None:
    """`set defaultrule`: changes the default response rule of a policy."""
    draft = _find_policy(session, call)
    if draft is None or draft.header.default_response is None:
        return
    rule = draft.header.default_response
    changed = replace(
        rule,
        active=call.get("activate", rule.active),
        authentication=authentication_of(call) if call.given(*AUTHENTICATION) else rule.authentication,
        offers=call.get("qmsecmethods", rule.offers),
        pfs=call.get("qmpfs", rule.pfs),
        origin=call.origin(),
    )
    draft.header = replace(draft.header, default_response=changed)


def without_authentication(session: Session) -> Iterator[Diagnostic]:
    """Yield an objection for every rule that negotiates but has no authentication method."""
    for store in session.workspace.stores.values():
        for _, _, rule in store.rules():
            action = store.actions[rule.filter_action.casefold()].action
            if action is Action.NEGOTIATE and not rule.authentication:
                yield messages.NO_AUTHENTICATION.say(rule.origin, rule.name, rule=rule.name)


def _find_policy(session: Session, call: Call) -> PolicyDraft | None:
    return session.look_up(call, policies.KIND, session.workspace.store.policies, "policy")


def _find_rule(session: Session, call: Call, draft: PolicyDraft) -> str | None:
    """Return the key of the rule that `call` names, or numbers, in `draft`."""
    if call.given("name"):
        rule = session.look_up(call, KIND, draft.rules)
        return None if rule is None else rule.name.casefold()
    if RULE_IDS not in session.assumptions:
        session.diagnostics.append(call.say(messages.RULE_NUMBER, "id"))
        session.set_aside(call.text, "how Windows numbers rules is not verified", call.origin("id"))
    keys = dict(enumerate(draft.rules, start=1))
    return session.look_up_by(call, KIND, "id", lambda number: keys.get(int(number)))


def _references(session: Session, call: Call) -> tuple[str, str] | None:
    """Return the names of the filter list and action that `call` gives, empty where it does not.

    Says so and returns None when one of them does not exist. The names are spelt as in their definitions.
    """
    store = session.workspace.store
    names: list[str] = []
    if call.given("filterlist"):
        found = session.look_up(call, filters.KIND, store.lists, "filterlist")
        names += [] if found is None else [found.header.name]
    else:
        names.append("")
    if call.given("filteraction"):
        action = session.look_up(call, actions.KIND, store.actions, "filteraction")
        names += [] if action is None else [action.name]
    else:
        names.append("")
    return (names[0], names[1]) if len(names) == 2 else None


def authentication_of(call: Call) -> tuple[AuthenticationMethod, ...]:
    """Return the methods in the order in which they are given, which is the order of preference."""
    methods: list[AuthenticationMethod] = []
    for parameter in call.parameters:
        if parameter.tag == "kerberos" and parameter.value is True:
            methods.append(Kerberos())
        elif isinstance(parameter.value, PresharedKey | Certificate):
            methods.append(parameter.value)
    return tuple(methods)


def _changed(call: Call, rule: Rule) -> Rule:
    """Return `rule` with the changes in `call` that need no look at other objects."""
    tunnel = call.value_of("tunnel") if call.given("tunnel") else rule.tunnel_endpoint
    return replace(
        rule,
        tunnel_endpoint=tunnel if isinstance(tunnel, AddressRange | DnsName) else None,
        connection_type=call.get("conntype", rule.connection_type),
        active=call.get("activate", rule.active),
        description=call.get("description", rule.description),
    )
