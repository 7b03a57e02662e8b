"""The commands about filter actions."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ipsecmig.dialects.netsh_static import defaults, messages
from ipsecmig.dialects.netsh_static.binding import Call
from ipsecmig.dialects.netsh_static.session import Session, renamed
from ipsecmig.model.policy import Action, FilterAction

KIND: Final = "filter action"
_ONLY_NEGOTIATED: Final = ("qmpfs", "inpass", "soft", "qmsecmethods")


def add_filteraction(session: Session, call: Call) -> None:
    """`add filteraction`: makes a filter action."""
    actions, name = session.workspace.store.actions, call.text_of("name")
    if not session.is_new(call, KIND, actions):
        return
    if not call.given("action"):
        session.diagnostics.append(call.say(messages.DEFAULT_ACTION))
    unset = FilterAction(
        name,
        defaults.ACTION,
        pfs=defaults.SESSION_PFS,
        inbound_passthrough=defaults.INBOUND_PASSTHROUGH,
        soft=defaults.SOFT,
        store=session.workspace.location,
        origin=call.origin(),
    )
    actions[name.casefold()] = _changed(session, call, unset)
    session.define(KIND, name, call.origin())


def set_filteraction(session: Session, call: Call) -> None:
    """`set filteraction`: changes what is given and keeps the rest; rules follow a new name."""
    store = session.workspace.store
    action = _find_action(session, call)
    if action is None:
        return
    old, new = action.name, call.get("newname", action.name)
    if new.casefold() != old.casefold() and not session.is_new(call, KIND, store.actions, "newname"):
        return
    store.actions[old.casefold()] = replace(_changed(session, call, action), name=new)
    if new != old:
        store.actions = renamed(store.actions, old.casefold(), new.casefold())
        session.define(KIND, new, call.origin())
        for policy, key, rule in list(store.rules()):
            if rule.filter_action.casefold() == old.casefold():
                policy.rules[key] = replace(rule, filter_action=new)


def delete_filteraction(session: Session, call: Call) -> None:
    """`delete filteraction`: removes one filter action or all, except those that rules use."""
    store = session.workspace.store
    users = {rule.filter_action.casefold(): rule.name for _, _, rule in store.rules()}
    session.delete(call, KIND, store.actions, users)


def _find_action(session: Session, call: Call) -> FilterAction | None:
    actions = session.workspace.store.actions
    if call.given("name"):
        return session.look_up(call, KIND, actions)
    return session.look_up_by(
        call, KIND, "guid", lambda guid: next((a for a in actions.values() if a.guid == guid), None)
    )


def _changed(session: Session, call: Call, old: FilterAction) -> FilterAction:
    """Return `old` with the changes in `call`; only an action that negotiates keeps offers and their options."""
    kind = call.get("action", old.action)
    description = call.get("description", old.description)
    if kind is not Action.NEGOTIATE:
        for tag in _ONLY_NEGOTIATED:
            if call.given(tag) and call.value_of(tag) is not False:
                session.diagnostics.append(call.say(messages.NOT_NEGOTIATED, tag, tag=tag, action=kind.value))
        return FilterAction(old.name, kind, description=description, store=old.store, guid=old.guid, origin=old.origin)
    offers = call.get("qmsecmethods", old.offers)
    if not offers:
        session.diagnostics.append(call.say(messages.DEFAULT_OFFERS, offers=defaults.QUICK_MODE_OFFERS_TEXT))
        offers = defaults.QUICK_MODE_OFFERS
    return replace(
        old,
        action=kind,
        offers=offers,
        pfs=call.get("qmpfs", old.pfs),
        inbound_passthrough=call.get("inpass", old.inbound_passthrough),
        soft=call.get("soft", old.soft),
        description=description,
    )
