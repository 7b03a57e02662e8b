"""Runs the statements of a script, in order, on an empty store.

A script is a program that edits a store: what stands at its end is what counts, with netsh's own rules on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from ipsecmig.diagnostics import Diagnostic
from ipsecmig.dialects.base import Reading, ReadOptions
from ipsecmig.dialects.containers.command import (
    IPSECCMD,
    Command,
    FilterRun,
    HostSetting,
    Opaque,
    ServiceStop,
    Statement,
    with_setting,
)
from ipsecmig.dialects.containers.redaction import redact
from ipsecmig.dialects.netsh_static import actions, bulk, dynamic, filters, messages, policies, rules, syntax
from ipsecmig.dialects.netsh_static.assumptions import CONDITIONS, IMPORTS, RESTART
from ipsecmig.dialects.netsh_static.binding import Call, bind, whole
from ipsecmig.dialects.netsh_static.dynamic_objects import DynamicDraft
from ipsecmig.dialects.netsh_static.objects import StoreDraft
from ipsecmig.dialects.netsh_static.session import Session
from ipsecmig.dialects.netsh_static.values import LOGGING_PROPERTIES
from ipsecmig.dialects.notes import Note

_CONTEXTS: Final = {"ipsec static": syntax.STATIC, "ipsec dynamic": syntax.DYNAMIC}
_FIREWALL_RESET: Final = ("advfirewall", "reset")
"""Takes away the rules of Windows Firewall, and none of netsh ipsec."""
_DELETE: Final = "delete"
_EXEMPTION_VALUES: Final = ("0", "1", "2", "3")
_BOOT_MODES: Final = ("stateful", "block", "permit")


def execute(statements: Iterable[Statement], options: ReadOptions, sources: tuple[str, ...] = ()) -> Reading:
    """Return the store that `statements` leave behind, and everything to be said about them.

    `sources` are the names of what they were read from. What is not carried out makes the store not understood.
    """
    session = Session(options.assumptions)
    for statement in statements:
        _run(session, statement)
    session.diagnostics.extend(rules.without_authentication(session))
    _note_both_in_force(session)
    return Reading(session.workspace.freeze(sources), session.finish())


def _run(session: Session, statement: Statement) -> None:
    match statement:
        case FilterRun():
            bulk.add_filters(session, statement, run_command)
        case Command():
            run_command(session, statement)
        case HostSetting(name, value):
            session.workspace.settings = with_setting(session.workspace.settings, name, value)
        case ServiceStop(text, origin):
            if session.workspace.dynamic.rules:
                session.diagnostics.append(messages.SERVICE_STOPS.say(origin, redact(text)))
            session.workspace.dynamic = DynamicDraft()
        case Opaque(text, reason, origin):
            session.diagnostics.append(messages.OPAQUE.say(origin, redact(text), reason=reason))
            session.set_aside(redact(text), reason, origin)


def _note_both_in_force(session: Session) -> None:
    """Set aside the dynamic rules where an assigned policy is in force beside them."""
    in_force, stored = session.workspace.dynamic.rules, session.workspace.assigned()
    if in_force and stored:
        rule = next(iter(in_force.values()))
        session.diagnostics.append(messages.BESIDE_DYNAMIC.say(rule.origin, rule.text, policy=stored[0]))
        session.set_aside(rule.text, f'it is in force beside the policy "{stored[0]}"', rule.origin)


def run_command(session: Session, command: Command) -> None:
    """Run one command of netsh, ipsecpol or ipseccmd."""
    context = _CONTEXTS.get(command.context)
    if not command.text.strip(" \t") or (command.context, command.text.lower()) == _FIREWALL_RESET:
        return
    if command.context == IPSECCMD:
        from ipsecmig.dialects.ipseccmd import execute as ipseccmd  # imported here, as it builds on this package

        ipseccmd.run_command(session, command)
        return
    if context is None:
        _keep(session, command, messages.OTHER_CONTEXT, f"the netsh context `{command.context}` is not understood")
        return
    call = bind(command, context)
    if isinstance(call, Diagnostic):
        session.diagnostics.append(call)
        return
    session.diagnostics.extend(call.diagnostics)
    handler = _HANDLERS.get(call.usage.name)
    if handler is None or call.refused:
        return
    if command.condition and CONDITIONS not in session.assumptions:
        if call.usage.words[0] == _DELETE and _is_empty(session, context):
            return
        session.diagnostics.append(call.say(messages.CONDITIONAL, condition=command.condition))
        session.set_aside(call.text, f"it runs only {command.condition}", call.origin())
        return
    if handler in _DYNAMIC and RESTART in session.assumptions:
        session.diagnostics.append(call.say(messages.GONE_BY_RESTART))
        return
    handler(session, call)


def _is_empty(session: Session, context: str) -> bool:
    """Whether there is nothing that a command of `context` could delete."""
    if context == syntax.STATIC:
        return session.workspace.store == StoreDraft()
    dynamic = session.workspace.dynamic
    return not (dynamic.rules or dynamic.main_modes or dynamic.quick_modes or session.workspace.assigned())


def _keep(session: Session, command: Command, note: Note, reason: str) -> None:
    text = redact(f"{command.context} {command.text}")
    session.diagnostics.append(note.say(whole(command), text, context=command.context))
    session.set_aside(text, reason, whole(command))


def _set_config(session: Session, call: Call) -> None:
    """`netsh ipsec dynamic set config`: the settings of the host that bear on the meaning of policies."""
    name, value = call.text_of("property"), call.text_of("value").lower()
    listed = {"ipsecexempt": _EXEMPTION_VALUES, "bootmode": _BOOT_MODES}.get(name)
    if listed is not None and value not in listed:
        said = replace(call.say(messages.NOT_LISTED, "value", tag=name), expected=", ".join(listed))
        session.diagnostics.append(said)
    elif name == "ipsecexempt":
        session.workspace.settings = with_setting(session.workspace.settings, "exemptions", int(value))
    elif name == "bootmode":
        session.workspace.settings = with_setting(session.workspace.settings, "boot_mode", value)
    elif name == "bootexemptions":
        text = call.text_of("value")
        session.workspace.settings = with_setting(session.workspace.settings, "boot_exemptions", text)
    elif name in LOGGING_PROPERTIES:
        session.diagnostics.append(call.say(messages.DYNAMIC_NO_EFFECT, "property", name=name))
    else:
        _set_aside_dynamic(session, call)


def _set_aside_dynamic(session: Session, call: Call) -> None:
    session.diagnostics.append(call.say(messages.DYNAMIC))
    session.set_aside(call.text, "it changes the rules in force, but no policy", call.origin())


def _import(session: Session, call: Call) -> None:
    """`importpolicy`, `restorepolicyexamples`: bring objects from elsewhere."""
    if IMPORTS in session.assumptions:
        return
    note = messages.IMPORT if call.usage.name == "importpolicy" else messages.EXAMPLES
    session.diagnostics.append(call.say(note))
    session.set_aside(call.text, "what it brings is not known here", call.origin())


_HANDLERS: Final[Mapping[str, Callable[[Session, Call], None]]] = {
    "add_policy": policies.add_policy,
    "set_policy": policies.set_policy,
    "delete_policy": policies.delete_policy,
    "add_filterlist": filters.add_filterlist,
    "set_filterlist": filters.set_filterlist,
    "delete_filterlist": filters.delete_filterlist,
    "add_filter": filters.add_filter,
    "delete_filter": filters.delete_filter,
    "add_filteraction": actions.add_filteraction,
    "set_filteraction": actions.set_filteraction,
    "delete_filteraction": actions.delete_filteraction,
    "add_rule": rules.add_rule,
    "set_rule": rules.set_rule,
    "delete_rule": rules.delete_rule,
    "set_defaultrule": rules.set_defaultrule,
    "set_store": policies.set_store,
    "delete_all": policies.delete_all,
    "importpolicy": _import,
    "restorepolicyexamples": _import,
    "dynamic_set_config": _set_config,
    "dynamic_add_mmpolicy": dynamic.add_mmpolicy,
    "dynamic_set_mmpolicy": dynamic.set_mmpolicy,
    "dynamic_delete_mmpolicy": dynamic.delete_mmpolicy,
    "dynamic_add_qmpolicy": dynamic.add_qmpolicy,
    "dynamic_set_qmpolicy": dynamic.set_qmpolicy,
    "dynamic_delete_qmpolicy": dynamic.delete_qmpolicy,
    "dynamic_add_rule": dynamic.add_rule,
    "dynamic_set_rule": dynamic.set_rule,
    "dynamic_delete_rule": dynamic.delete_rule,
    "dynamic_delete_all": dynamic.delete_all,
}
"""What each command does; one that is not listed changes nothing."""

_DYNAMIC: Final = frozenset(
    handler for name, handler in _HANDLERS.items() if name.startswith("dynamic_") and name != "dynamic_set_config"
)
"""The commands that put something into force without storing it."""
