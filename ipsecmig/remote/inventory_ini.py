"""The INI form of an Ansible inventory; a list with one host a line is one without sections."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from typing import Final

from ipsecmig.diagnostics import Origin
from ipsecmig.remote import inventory_messages as messages
from ipsecmig.remote.inventory import Draft, Said, Variables, check_children

_UNGROUPED: Final = "ungrouped"
_SECTION: Final = re.compile(r"\[([^:\]]+)(?::(children|vars))?\]\s*(?:[#;].*)?")
_KINDS: Final = ("hosts", "children", "vars")


def read_ini(name: str, text: str) -> Draft:
    """Return what the text of the file `name` says; mistakes are among its problems."""
    draft = Draft()
    group, kind = _UNGROUPED, "hosts"
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line[0] in "#;":
            continue
        origin = Origin(name, number)
        section = _SECTION.fullmatch(line)
        if section is not None:
            group, kind = section[1].strip(), section[2] or "hosts"
            draft.group(group)
        elif kind == "vars":
            _variable(draft, group, line, origin)
        elif kind == "children":
            draft.group(group).children[line.split()[0]] = origin
        else:
            _host(draft, group, line, origin)
    check_children(draft)
    return draft


def _variable(draft: Draft, group: str, line: str, origin: Origin) -> None:
    variable, separator, value = line.partition("=")
    if not separator:
        draft.problems.append(messages.SYNTAX.say(origin, reason="a variable of a group is written name=value"))
        return
    draft.group(group).variables[variable.strip()] = Said(value.strip().strip("\"'"), origin)


def _host(draft: Draft, group: str, line: str, origin: Origin) -> None:
    try:
        pattern, *assignments = shlex.split(line, comments=True)
    except ValueError:
        draft.problems.append(messages.SYNTAX.say(origin, reason="a quotation mark has no partner"))
        return
    if any("=" not in assignment for assignment in assignments) or "=" in pattern:
        draft.problems.append(messages.SYNTAX.say(origin, reason="after a host stand only variables, name=value"))
        return
    draft.add(group, pattern, _variables(assignments, origin), origin)


def _variables(assignments: Iterable[str], origin: Origin) -> Variables:
    pairs = (assignment.partition("=") for assignment in assignments)
    return {variable: Said(value, origin) for variable, _, value in pairs}
