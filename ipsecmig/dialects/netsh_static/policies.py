"""The commands about policies and about the store as a whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ipsecmig.dialects.netsh_static import defaults, messages
from ipsecmig.dialects.netsh_static.binding import Call
from ipsecmig.dialects.netsh_static.objects import PolicyDraft, StoreDraft
from ipsecmig.dialects.netsh_static.session import ALL, Session, renamed
from ipsecmig.model.policy import DefaultResponseRule, MainMode, Policy, StoreKind, StoreLocation

KIND: Final = "policy"


def set_store(session: Session, call: Call) -> None:
    """`set store`: later commands work on another store."""
    session.workspace.location = StoreLocation(call.get("location", StoreKind.LOCAL), call.get("domain", ""))


def delete_all(session: Session, call: Call) -> None:
    """`delete all`: empties the store."""
    del call
    session.workspace.stores[session.workspace.location] = StoreDraft()


def add_policy(session: Session, call: Call) -> None:
    """`add policy`: makes a policy with a default response rule, active or not."""
    store = session.workspace.store
    if not session.is_new(call, KIND, store.policies):
        return
    name = call.text_of("name")
    unset = MainMode(
        defaults.MAIN_MODE_OFFERS,
        defaults.MAIN_MODE_LIFETIME_MINUTES * 60,
        defaults.QUICK_MODE_LIMIT,
        defaults.MASTER_PFS,
    )
    response = DefaultResponseRule(defaults.DEFAULT_RESPONSE_ACTIVE, offers=defaults.QUICK_MODE_OFFERS)
    header = Policy(
        name,
        _main_mode(session, call, unset),
        default_response=replace(response, origin=call.origin()),
        polling_interval_seconds=defaults.POLLING_INTERVAL_MINUTES * 60,
        store=session.workspace.location,
        origin=call.origin(),
    )
    draft = store.policies[name.casefold()] = PolicyDraft(_described(call, header))
    session.define(KIND, name, call.origin())
    _assign(session, call, draft)


def set_policy(session: Session, call: Call) -> None:
    """`set policy`: changes what is given and keeps the rest."""
    store = session.workspace.store
    draft = find_policy(session, call)
    if draft is None:
        return
    old, new = draft.header.name.casefold(), call.get("newname", draft.header.name)
    if new.casefold() != old and not session.is_new(call, KIND, store.policies, "newname"):
        return
    if call.given("newname"):
        store.policies = renamed(store.policies, old, new.casefold())
        session.define(KIND, new, call.origin())
    header = replace(
        draft.header,
        name=new,
        main_mode=_main_mode(session, call, draft.header.main_mode),
        gpo=call.get("gponame", draft.header.gpo),
    )
    draft.header = _described(call, header)
    _assign(session, call, draft)


def delete_policy(session: Session, call: Call) -> None:
    """`delete policy`: removes one policy or all, with their rules; lists and actions stay."""
    policies, name = session.workspace.store.policies, call.text_of("name")
    if name.lower() == ALL:
        policies.clear()
    elif policies.pop(name.casefold(), None) is None:
        session.diagnostics.append(call.say(messages.NOTHING_TO_DELETE, "name", what=f'policy "{name}"'))


def find_policy(session: Session, call: Call) -> PolicyDraft | None:
    """Return the policy that `call` names by its name or GUID, or None after saying that there is none."""
    policies = session.workspace.store.policies
    if call.given("name"):
        return session.look_up(call, KIND, policies)
    return session.look_up_by(
        call, KIND, "guid", lambda guid: next((p for p in policies.values() if p.header.guid == guid), None)
    )


def _main_mode(session: Session, call: Call, old: MainMode) -> MainMode:
    """Return `old` with the changes in `call`; lifetimes are given in minutes."""
    pfs = call.get("mmpfs", old.perfect_forward_secrecy)
    limit = call.get("qmpermm", old.quick_mode_limit)
    if pfs and call.given("qmpermm") and limit != defaults.MASTER_PFS_LIMIT:
        session.diagnostics.append(call.say(messages.FORCED_LIMIT, "qmpermm", given=limit))
    return MainMode(
        call.get("mmsecmethods", old.offers),
        call.get("mmlifetime", 0) * 60 if call.given("mmlifetime") else old.lifetime_seconds,
        defaults.MASTER_PFS_LIMIT if pfs else limit,
        pfs,
    )


def _described(call: Call, policy: Policy) -> Policy:
    """Return `policy` with the description, polling interval and default response that `call` gives."""
    response = policy.default_response
    if response is not None and call.given("activatedefaultrule"):
        response = replace(response, active=call.get("activatedefaultrule", response.active))
    interval = policy.polling_interval_seconds
    return replace(
        policy,
        description=call.get("description", policy.description),
        default_response=response,
        polling_interval_seconds=call.get("pollinginterval", 0) * 60 if call.given("pollinginterval") else interval,
    )


def _assign(session: Session, call: Call, draft: PolicyDraft) -> None:
    """Assign or unassign the policy as `call` says; of one store's policies only one is assigned, the last.

    In a domain store, `assign` ties the policy to the group policy object that `gponame` names, and each such object
    has one policy.
    """
    if not call.given("assign"):
        return
    if session.workspace.location.kind is StoreKind.DOMAIN and not call.given("gponame"):
        session.diagnostics.append(call.say(messages.ASSIGN_IN_DOMAIN, "assign"))
        return
    for other in assign(session, draft, assigned=call.get("assign", False)):
        session.diagnostics.append(call.say(messages.ASSIGNED_INSTEAD, "assign", other=other))


def assign(session: Session, draft: PolicyDraft, *, assigned: bool) -> tuple[str, ...]:
    """Assign or unassign `draft`; return the names of the policies that no longer are assigned because of that."""
    gpo = draft.header.gpo.casefold()
    policies = session.workspace.store.policies.values()
    others = [p for p in policies if p is not draft and p.header.assigned and p.header.gpo.casefold() == gpo]
    replaced = others if assigned else []
    for other in replaced:
        other.header = replace(other.header, assigned=False)
    draft.header = replace(draft.header, assigned=assigned)
    return tuple(other.header.name for other in replaced)
