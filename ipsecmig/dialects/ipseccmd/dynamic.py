"""Dynamic mode: rules that are in force until the IPsec service stops."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ipsecmig.dialects.ipseccmd import meaning, messages
from ipsecmig.dialects.ipseccmd.line import Line
from ipsecmig.dialects.ipseccmd.values import Item, Kind
from ipsecmig.dialects.netsh_static import dynamic
from ipsecmig.dialects.netsh_static import messages as netsh
from ipsecmig.dialects.netsh_static.dynamic_objects import DEFAULT_MAIN_MODE, DynamicRule
from ipsecmig.dialects.netsh_static.session import Session

TOOL: Final = "ipseccmd"


def run(session: Session, line: Line) -> None:
    """Put the filters of `line` into force, or with -u take those of lines before out of force."""
    if line.has("-u"):
        _delete(session, line)
        return
    items: tuple[Item, ...] = line.get("-f", ())
    if any(item.kind is Kind.DEFAULT for item in items):
        reason = "the default response rule in dynamic mode cannot be said of a policy here"
        session.set_aside(line.text, reason, line.origin("-f"))
    main_mode = meaning.main_mode(session, line, DEFAULT_MAIN_MODE)
    name = session.workspace.dynamic.next_name(TOOL)
    for part in meaning.parts(session, line):
        rule = DynamicRule(
            part.name_after(name),
            part.filters,
            part.action.action,
            part.action.action,
            main_mode,
            part.action,
            meaning.authentication(line),
            meaning.tunnel_endpoint(line),
            meaning.connection_type(line),
            line.text,
            line.origin(),
        )
        _put(session, line, rule)


def _put(session: Session, line: Line, rule: DynamicRule) -> None:
    known = session.workspace.dynamic.rules.get(rule.key)
    if known is None:
        dynamic.put(session, rule)
    elif replace(known, name=rule.name, text=rule.text, filters=rule.filters) == rule:
        session.diagnostics.append(line.say(netsh.RULE_TWICE))
    else:
        session.diagnostics.append(line.say(messages.FILTERS_TWICE))
        session.set_aside(line.text, "dynamic rules with these filters exist already", line.origin())


def _delete(session: Session, line: Line) -> None:
    """`-u`: take the dynamic rules that the tool made out of force."""
    rules = session.workspace.dynamic.rules
    if any(rule.name.startswith(f"{dynamic.TOOL} ") for rule in rules.values()):
        session.diagnostics.append(line.say(messages.OTHERS_DELETED))
        session.set_aside(line.text, "whether it deletes the rules that netsh made is not verified", line.origin())
    for key in [key for key, rule in rules.items() if rule.name.startswith(f"{TOOL} ")]:
        del rules[key]
