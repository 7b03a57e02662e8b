"""Static mode: command lines that build, assign and delete stored policies.

Every line about one policy adds to it. What the tool does when a rule or a setting exists already is not verified, so
that a line which says something else about it is set aside.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from ipsecmig.dialects.ipseccmd import meaning, messages
from ipsecmig.dialects.ipseccmd.line import Line, PolicyName
from ipsecmig.dialects.ipseccmd.values import Item, Kind
from ipsecmig.dialects.netsh_static import defaults, policies
from ipsecmig.dialects.netsh_static import messages as netsh
from ipsecmig.dialects.netsh_static.dynamic_objects import DEFAULT_MAIN_MODE
from ipsecmig.dialects.netsh_static.objects import FilterListDraft, PolicyDraft, filter_key
from ipsecmig.dialects.netsh_static.session import Session
from ipsecmig.model.policy import (
    LOCAL_STORE,
    Action,
    DefaultResponseRule,
    FilterList,
    Policy,
    Rule,
    StoreKind,
    StoreLocation,
)

_RESPONSE: Final = "default response rule"
_UNSURE_RULE: Final = "whether the tool replaces a rule of this name or adds to it is not verified"


def run(session: Session, line: Line) -> None:
    """Carry out `line` on the store that -w names; the store of other commands stays what it was."""
    with _store(session, line.get("-w", LOCAL_STORE)):
        if line.has("-o"):
            _delete(session, line)
            return
        draft = _policy(session, line)
        if draft is None:
            return
        if line.has("-f"):
            _add_rules(session, line, draft)
        if line.has("-x", "-y"):
            _assign(session, line, draft)


@contextmanager
def _store(session: Session, location: StoreLocation) -> Iterator[None]:
    outer, session.workspace.location = session.workspace.location, location
    try:
        yield
    finally:
        session.workspace.location = outer


def _name(line: Line) -> PolicyName:
    return line.get("-p", PolicyName("", None))


def _policy(session: Session, line: Line) -> PolicyDraft | None:
    """Return the policy of -p with what `line` says of it, made if a rule is to go into it; None if there is none."""
    store, (name, minutes) = session.workspace.store, _name(line)
    draft = store.policies.get(name.casefold())
    if draft is None and not line.has("-f"):
        _say_missing(session, line)
        return None
    if draft is None:
        interval = 60 * (defaults.POLLING_INTERVAL_MINUTES if minutes is None else minutes)
        header = Policy(
            name,
            meaning.main_mode(session, line, DEFAULT_MAIN_MODE),
            polling_interval_seconds=interval,
            store=session.workspace.location,
            origin=line.origin(),
        )
        draft = store.policies[name.casefold()] = PolicyDraft(header)
        session.define(policies.KIND, name, line.origin())
        return draft
    main_mode = meaning.main_mode(session, line, draft.header.main_mode)
    if main_mode != draft.header.main_mode:
        _say_changed(session, line, "main mode")
    if minutes is not None and minutes * 60 != draft.header.polling_interval_seconds:
        _say_changed(session, line, "polling interval")
    interval = draft.header.polling_interval_seconds if minutes is None else minutes * 60
    draft.header = replace(draft.header, main_mode=main_mode, polling_interval_seconds=interval)
    return draft


def _say_missing(session: Session, line: Line) -> None:
    """Say that there is no policy to assign; to unassign what is not there is usual."""
    name = _name(line).name
    if line.has("-y"):
        session.diagnostics.append(line.say(netsh.NOTHING_TO_DELETE, "-p", what=f'policy "{name}"'))
    elif session.workspace.not_understood:
        session.diagnostics.append(line.say(netsh.MAY_BE_DEFINED, "-p", kind=policies.KIND, name=name))
        reason = f'the policy "{name}" may come from what was not carried out'
        session.set_aside(line.text, reason, line.origin())
    else:
        session.diagnostics.append(line.say(netsh.NEVER_DEFINED, "-p", kind=policies.KIND, name=name))


def _say_changed(session: Session, line: Line, what: str) -> None:
    session.diagnostics.append(line.say(messages.POLICY_CHANGED, policy=_name(line).name, what=what))
    if what == "main mode":
        session.set_aside(line.text, "whether the tool changes the main mode is not verified", line.origin())


def _add_rules(session: Session, line: Line, draft: PolicyDraft) -> None:
    """Add what -f, -n and -a say as a rule; filters in brackets and parentheses are rules of their own."""
    items: tuple[Item, ...] = line.get("-f", ())
    name = line.get("-r", "")
    for part in meaning.parts(session, line):
        _add_rule(session, line, draft, part.name_after(name), part)
    if any(item.kind is Kind.DEFAULT for item in items):
        _set_default_response(session, line, draft)


def _add_rule(session: Session, line: Line, draft: PolicyDraft, name: str, part: meaning.Part) -> None:
    objects = f"{draft.header.name}: {name}"
    rule = Rule(
        name,
        objects,
        objects,
        meaning.authentication(line),
        meaning.tunnel_endpoint(line),
        meaning.connection_type(line),
        origin=line.origin(),
    )
    store, location = session.workspace.store, session.workspace.location
    header = FilterList(objects, store=location, origin=line.origin())
    made = FilterListDraft(header, {filter_key(filter_): filter_ for filter_ in part.filters})
    action = replace(part.action, name=objects, store=location, origin=line.origin())
    key = objects.casefold()
    before = draft.rules.get(name.casefold()), store.actions.get(key), store.lists.get(key)
    if any(known is not None for known in before):
        list_before = before[2].filters.keys() if before[2] is not None else None
        if (*before[:2], list_before) != (rule, action, made.filters.keys()):
            session.diagnostics.append(line.say(messages.RULE_CHANGED, "-r", policy=draft.header.name, rule=name))
            session.set_aside(line.text, _UNSURE_RULE, line.origin("-r"))
    store.lists[key], store.actions[key], draft.rules[name.casefold()] = made, action, rule


def _set_default_response(session: Session, line: Line, draft: PolicyDraft) -> None:
    """Make the default response rule what -n and -a say."""
    action = meaning.action(session, line)
    rule = DefaultResponseRule(True, meaning.authentication(line), action.offers, action.pfs, line.origin())
    if action.action is not Action.NEGOTIATE or draft.header.default_response not in (None, rule):
        session.diagnostics.append(line.say(messages.POLICY_CHANGED, policy=draft.header.name, what=_RESPONSE))
        session.set_aside(line.text, f"what this makes of the {_RESPONSE} is not verified", line.origin("-f"))
    draft.header = replace(draft.header, default_response=rule)


def _assign(session: Session, line: Line, draft: PolicyDraft) -> None:
    """`-x` and `-y`: assign or unassign the policy; of one store's policies one is assigned, the last."""
    option = "-x" if line.has("-x") else "-y"
    if session.workspace.location.kind is StoreKind.DOMAIN:
        session.diagnostics.append(line.say(netsh.ASSIGN_IN_DOMAIN, option))
        return
    for other in policies.assign(session, draft, assigned=option == "-x"):
        session.diagnostics.append(line.say(netsh.ASSIGNED_INSTEAD, option, other=other))


def _delete(session: Session, line: Line) -> None:
    """`-o`: deletes the rule of -r, or else the policy, with the filters and actions made for it."""
    store, policy, rule = session.workspace.store, _name(line).name, line.get("-r", "")
    draft = store.policies.get(policy.casefold())
    doomed = [] if draft is None else [key for key in draft.rules if not rule or key == rule.casefold()]
    if draft is None or (rule and not doomed):
        what = f'rule "{rule}" of "{policy}"' if rule else f'policy "{policy}"'
        session.diagnostics.append(line.say(netsh.NOTHING_TO_DELETE, what=what))
        return
    for key in doomed:
        gone = draft.rules.pop(key)
        own = f"{draft.header.name}: {gone.name}"
        if gone.filter_list == gone.filter_action == own:
            store.lists.pop(own.casefold(), None)
            store.actions.pop(own.casefold(), None)
    if not rule:
        del store.policies[policy.casefold()]
