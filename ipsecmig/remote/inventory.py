"""Lists of hosts: one a line, or an Ansible inventory in its INI or YAML form.

Of Ansible's variables only those that say where WinRM is reached count; passwords are neither kept nor shown.
Source: Ansible documentation, "How to build your inventory" and "Windows Remote Management".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Final

from ipsecmig.diagnostics import Diagnostic, Origin
from ipsecmig.dialects.base import Source
from ipsecmig.errors import InputError
from ipsecmig.remote import inventory_messages as messages

ALL: Final = "all"
"""The group that all hosts are in."""

MOST_HOSTS: Final = 20_000

_VARIABLES: Final[Mapping[str, str]] = {
    "ansible_ssh_host": "host",
    "ansible_host": "host",
    "ansible_ssh_port": "port",
    "ansible_port": "port",
    "ansible_winrm_port": "port",
    "ansible_winrm_transport": "transport",
    "ansible_winrm_scheme": "scheme",
}
"""What counts, by Ansible's name for it; of two names for one thing the later counts."""

_RANGE: Final = re.compile(r"\[(\w+):(\w+)(?::(\w+))?\]")
_PORTED: Final = re.compile(r"(\[[^\]]+\]|[^:\[\]]+):(\d+)")
_YAML_SUFFIXES: Final = (".yml", ".yaml", ".json")
_YAML_START: Final = re.compile(r"---(\s|$)|[\w.-]+\s*:\s*(#.*)?$|\{")


@dataclass(frozen=True, slots=True)
class ListedHost:
    """A host of the list: its name there, where it is reached, and the groups that it is in.

    `address` is the name unless the inventory gives another. What the inventory leaves open is None.
    """

    name: str
    address: str
    port: int | None = None
    transport: str | None = None
    scheme: str | None = None
    groups: frozenset[str] = frozenset({ALL})
    origin: Origin = field(default=Origin(""), compare=False)


@dataclass(frozen=True, slots=True)
class Said:
    """The value of a variable, and where it stands. It may be a password: only those of `_VARIABLES` are looked at."""

    value: str = field(repr=False)
    origin: Origin


Variables = dict[str, Said]


@dataclass(slots=True)
class GroupDraft:
    """What an inventory says of one group, before groups are put together."""

    variables: Variables = field(default_factory=dict)
    hosts: dict[str, None] = field(default_factory=dict)
    children: dict[str, Origin] = field(default_factory=dict)


@dataclass(slots=True)
class Draft:
    """What an inventory says, as a reader of its syntax finds it. Hosts stand in the order of their first mention."""

    groups: dict[str, GroupDraft] = field(default_factory=dict)
    hosts: dict[str, Variables] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    problems: list[Diagnostic] = field(default_factory=list)

    def group(self, name: str) -> GroupDraft:
        """Return the group called `name`, new or known."""
        return self.groups.setdefault(name, GroupDraft())

    def add(self, group: str, pattern: str, variables: Variables, origin: Origin) -> None:
        """Add the hosts that `pattern` names, with a range or a port in it or not, to a group."""
        for text in expanded(pattern, origin, self.problems):
            name, own = text, dict(variables)
            ported = _PORTED.fullmatch(text)
            if ported is not None:
                name = ported[1]
                own.setdefault("ansible_port", Said(ported[2], origin))
            name = name.removeprefix("[").removesuffix("]")
            if len(self.hosts) >= MOST_HOSTS and name not in self.hosts:
                self.problems.append(messages.RANGE.say(origin, reason=f"one of more than {MOST_HOSTS:,} hosts"))
                return
            self.hosts.setdefault(name, {}).update(own)
            self.origins.setdefault(name, origin)
            self.group(group).hosts[name] = None


def read_hosts(source: Source) -> tuple[ListedHost, ...]:
    """Return the hosts of a list, in its order, each once. Raises InputError with every mistake in it."""
    from ipsecmig.remote.inventory_ini import read_ini
    from ipsecmig.remote.inventory_yaml import read_yaml

    try:
        text = source.data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError((messages.SYNTAX.say(Origin(source.name), reason="it is not UTF-8"),)) from None
    draft = (read_yaml if _is_yaml(source.name, text) else read_ini)(source.name, text)
    hosts = () if draft.problems else tuple(_hosts(draft))
    if not hosts and not draft.problems:
        draft.problems.append(messages.EMPTY.say(Origin(source.name)))
    if draft.problems:
        raise InputError(tuple(draft.problems))
    return hosts


def _is_yaml(name: str, text: str) -> bool:
    if name.lower().endswith(_YAML_SUFFIXES):
        return True
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and line[0] not in "#;"), "")
    return _YAML_START.match(first) is not None


def expanded(pattern: str, origin: Origin, problems: list[Diagnostic]) -> Iterator[str]:
    """Yield the names that `pattern` stands for; a range that is none is a problem."""
    pieces = _RANGE.split(pattern)
    parts: list[list[str]] = [[pieces[0]]]
    total = 1
    for at in range(1, len(pieces), 4):
        first, last, step, rest = pieces[at : at + 4]
        values = _values(first, last, step or "1")
        total *= len(values)
        if not values or total > MOST_HOSTS:
            reason = "not one that ascends" if not values else f"one of more than {MOST_HOSTS:,} hosts"
            problems.append(messages.RANGE.say(origin, reason=reason))
            return
        parts += [[str(value) for value in values], [rest]]
    yield from map("".join, product(*parts))


def _values(first: str, last: str, step: str) -> range | list[str]:
    """Return what a range counts through, empty for none; its numbers have the width of the first."""
    if not (step.isdecimal() and step.isascii() and 0 < int(step) <= MOST_HOSTS):
        return []
    if len(first) == len(last) == 1 and first.isalpha() and last.isalpha():
        return [chr(code) for code in range(ord(first), ord(last) + 1, int(step))]
    numbers = (first, last)
    if not all(text.isdecimal() and text.isascii() and len(text) <= 9 for text in numbers):
        return []
    counted = range(int(first), int(last) + 1, int(step))
    if len(counted) > MOST_HOSTS:
        return counted
    return [str(number).zfill(len(first)) for number in counted]


def _hosts(draft: Draft) -> Iterator[ListedHost]:
    """Yield the hosts with what their groups say of them: children overrule parents, and a host its groups."""
    order = _from_parents(draft)
    above = _above(draft)
    for name, own in draft.hosts.items():
        direct = [group for group in order if name in draft.group(group).hosts]
        member = {ALL}.union(*(above[group] for group in direct))
        variables: Variables = {}
        for group in order:
            if group in member:
                variables |= draft.groups[group].variables
        yield from _host(name, variables | own, frozenset(member), draft)


def _host(name: str, variables: Variables, groups: frozenset[str], draft: Draft) -> Iterator[ListedHost]:
    found = {key: (variable, variables[variable]) for variable, key in _VARIABLES.items() if variable in variables}
    for key, (variable, said) in found.items():
        problem = _problem(key, variable, said)
        if problem is not None:
            draft.problems.append(problem)
            return
    said_of = {key: said.value for key, (_, said) in found.items()}
    port = int(said_of["port"]) if "port" in said_of else None
    transport = said_of.get("transport", "").partition(",")[0].strip().lower() or None
    address = said_of.get("host", name)
    scheme = said_of.get("scheme", "").lower() or None
    yield ListedHost(name, address, port, transport, scheme, groups, draft.origins[name])


def _problem(key: str, variable: str, said: Said) -> Diagnostic | None:
    if "{{" in said.value or "{%" in said.value:
        return messages.TEMPLATE.say(said.origin, variable=variable)
    if key == "port" and not (said.value.isdecimal() and said.value.isascii() and 0 < int(said.value) < 1 << 16):
        return messages.VALUE.say(said.origin, variable=variable, wanted="a port")
    if key == "scheme" and said.value.lower() not in {"http", "https"}:
        return messages.VALUE.say(said.origin, variable=variable, wanted="http or https")
    return None


def _from_parents(draft: Draft) -> list[str]:
    """Return the groups, each after all that it is a child of, and alike ones by name; `all` comes first."""
    draft.group(ALL)
    depth = dict.fromkeys(draft.groups, 0)
    for _ in draft.groups:
        deeper = {c: depth[g] + 1 for g in draft.groups for c in draft.groups[g].children if depth[c] <= depth[g]}
        if not deeper:
            break
        depth |= deeper
    return sorted(draft.groups, key=lambda group: (group != ALL, depth[group], group))


def _above(draft: Draft) -> dict[str, set[str]]:
    """Return for each group itself and all that it is below."""
    found = {group: {group} for group in draft.groups}
    for parent in _from_parents(draft):
        for child in draft.groups[parent].children:
            found[child] |= found[parent]
    return found


def check_children(draft: Draft) -> None:
    """Add a problem for each child that is no group, and for each group that is among its own children."""
    for name, group in draft.groups.items():
        for child, origin in group.children.items():
            if child not in draft.groups:
                draft.problems.append(messages.NO_GROUP.say(origin, group=child))
            elif _reaches(draft, child, name):
                draft.problems.append(messages.CIRCLE.say(origin, group=name))


def _reaches(draft: Draft, first: str, wanted: str) -> bool:
    waiting, seen = [first], set()
    while waiting:
        name = waiting.pop()
        if name == wanted:
            return True
        if name not in seen and name in draft.groups:
            seen.add(name)
            waiting.extend(draft.groups[name].children)
    return False
