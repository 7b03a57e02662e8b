"""The dialect `netsh-consec`: scripts of `netsh advfirewall consec` and `mainmode` commands, in whatever container.

A script edits a store that is taken to be empty when it begins. Parameters of a rule are kept as they are written until
the script ends, as `set rule ... new ...` changes some of them only. What other languages say in the same script is
kept as not understood, with its place. Source: the help of `netsh advfirewall consec`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ipsecmig.consec.defaults import DEFAULT_MAIN_MODE
from ipsecmig.consec.objects import ConsecStore, GlobalSettings, MainModeRule, Refused
from ipsecmig.diagnostics import NOWHERE, Origin
from ipsecmig.dialects import containers, decoding
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.consec.entry import CONDITIONS
from ipsecmig.dialects.consec.parameters import main_mode_of, rule_of
from ipsecmig.dialects.consec.policy import convert
from ipsecmig.dialects.containers.command import Command, FilterRun, HostSetting, Opaque, ServiceStop, Statement
from ipsecmig.dialects.containers.redaction import redact
from ipsecmig.dialects.netsh_static.syntax import Argument, split

CONTEXT: Final = "advfirewall"
_NEW: Final = "new"
_ALL: Final = "all"
_EXEMPTIONS: Final = {"none": 0, "neighbordiscovery": 1, "icmp": 2, "dhcp": 8}
_MAIN_MODE: Final = ("mmsecmethods", "mmkeylifetime", "mmforcedh")
_INNER_KEY: Final = re.compile(r"psk\w*[ \t]*=", re.IGNORECASE)
_HARMLESS: Final = frozenset({"strongcrlcheck", "saidletimemin", "ipsecthroughnat"})


class _Stated(NamedTuple):
    """A rule as its parameters, with the place of the command that made it."""

    values: Mapping[str, str]
    origin: Origin


@dataclass(slots=True)
class _Session:
    """The store while a script edits it: rules and main mode rules by name without case, and global settings."""

    assumptions: frozenset[str]
    rules: dict[str, _Stated] = field(default_factory=dict)
    main_mode_rules: dict[str, _Stated] = field(default_factory=dict)
    main_mode: dict[str, str] = field(default_factory=dict)
    exemptions: int | None = None
    main_mode_origin: Origin = NOWHERE
    refused: list[Refused] = field(default_factory=list)

    def refuse(self, text: str, reason: str, origin: Origin) -> None:
        """Keep what is not carried out, without secrets."""
        self.refused.append(Refused(redact(text), reason, origin))


class _Call(NamedTuple):
    """One command: its words, its parameters, those behind `new`, and what is wrong with it, empty where nothing is."""

    words: tuple[str, ...]
    values: Mapping[str, str]
    new: Mapping[str, str]
    wrong: str
    text: str
    origin: Origin


def _call(command: Command) -> _Call:
    arguments = split(command.text)
    words: list[str] = []
    while arguments and not arguments[0].tag and len(words) < 2:
        words.append(arguments.pop(0).text.lower())
    place = next((n for n, a in enumerate(arguments) if not a.tag and a.text.lower() == _NEW), len(arguments))
    values, wrong = _bound(arguments[:place])
    new, also_wrong = _bound(arguments[place + 1 :])
    text = f"{command.context} {command.text}"
    return _Call(tuple(words), values, new, wrong or also_wrong, text, command.origin())


def _bound(arguments: Iterable[Argument]) -> tuple[Mapping[str, str], str]:
    """Return the values by tag, and what is wrong with the arguments; a tag without a value of its own is none."""
    values: dict[str, str] = {}
    for argument in arguments:
        tag = argument.tag.lower()
        if not tag:
            return values, "a word in it belongs to no parameter"
        if tag in values:
            return values, f'the parameter "{tag}" is given twice'
        if _INNER_KEY.search(argument.text):
            return values, "a preshared key stands inside another parameter"
        values[tag] = argument.text
    return values, ""


def _add_rule(session: _Session, call: _Call) -> None:
    key = call.values.get("name", "").casefold()
    if not key or not {"endpoint1", "endpoint2", "action"} <= call.values.keys():
        session.refuse(call.text, "a rule needs name, endpoint1, endpoint2 and action", call.origin)
    elif key in session.rules:
        session.refuse(call.text, "a rule of this name exists already", call.origin)
    else:
        session.rules[key] = _Stated(call.values, call.origin)


def _set_rule(session: _Session, call: _Call) -> None:
    key = call.values.get("name", "").casefold()
    stated = session.rules.get(key)
    if stated is None or set(call.values) != {"name"} or not call.new:
        session.refuse(call.text, "which rules it changes, or how, is not known", call.origin)
        return
    renamed = call.new.get("name", key).casefold()
    if renamed != key and renamed in session.rules:
        session.refuse(call.text, "a rule of the new name exists already", call.origin)
        return
    del session.rules[key]
    session.rules[renamed] = _Stated({**stated.values, **call.new}, call.origin)


def _delete(rules: dict[str, _Stated], session: _Session, call: _Call) -> None:
    key = call.values.get("name", "").casefold()
    if set(call.values) != {"name"}:
        if rules:
            session.refuse(call.text, "which rules it deletes is not known", call.origin)
    elif key == _ALL:
        rules.clear()
    else:
        rules.pop(key, None)


def _delete_rule(session: _Session, call: _Call) -> None:
    _delete(session.rules, session, call)


def _add_main_mode_rule(session: _Session, call: _Call) -> None:
    session.main_mode_rules[call.values.get("name", "").casefold()] = _Stated(call.values, call.origin)


def _delete_main_mode_rule(session: _Session, call: _Call) -> None:
    _delete(session.main_mode_rules, session, call)


def _global(session: _Session, command: Command) -> bool:
    """Carry out `set global ...`; False where `command` is none."""
    words = [(a.tag, a.text) for a in split(command.text)]
    bare = [text.lower() for tag, text in words[:4] if not tag]
    if bare[:2] != ["set", "global"]:
        return False
    name, value = (bare[3], " ".join(text for _, text in words[4:])) if len(bare) == 4 else ("", "")
    group = bare[2] if len(bare) > 2 else ""
    origin, text = command.origin(), f"{command.context} {command.text}"
    if group == "mainmode" and name in _MAIN_MODE and value:
        session.main_mode[name] = value
        session.main_mode_origin = origin
    elif group == "ipsec" and name == "defaultexemptions" and _exempt(value) is not None:
        session.exemptions = _exempt(value)
    elif group == "ipsec" and name == "defaultexemptions" and value.lower() == "notconfigured":
        session.exemptions = None
    elif group != "ipsec" or name not in _HARMLESS:
        session.refuse(text, "what it sets is not understood", origin)
    return True


def _exempt(value: str) -> int | None:
    names = [each.strip().lower() for each in value.split(",")]
    if not set(names) <= _EXEMPTIONS.keys():
        return None
    return sum(_EXEMPTIONS[name] for name in set(names))


_HANDLERS: Final[Mapping[tuple[str, ...], Callable[[_Session, _Call], None]]] = {
    ("advfirewall consec", "add", "rule"): _add_rule,
    ("advfirewall consec", "set", "rule"): _set_rule,
    ("advfirewall consec", "delete", "rule"): _delete_rule,
    ("advfirewall mainmode", "add", "rule"): _add_main_mode_rule,
    ("advfirewall mainmode", "delete", "rule"): _delete_main_mode_rule,
}


def _run(session: _Session, command: Command) -> None:
    text, origin = f"{command.context} {command.text}", command.origin()
    if not command.text.strip():
        return
    if not command.context.startswith(CONTEXT):
        session.refuse(text, "is a command of another language, which is read by itself", origin)
    elif command.condition and CONDITIONS not in session.assumptions:
        session.refuse(text, f"it runs only {command.condition}", origin)
    elif command.context == CONTEXT and command.text.split()[0].lower() == "reset":
        session.rules.clear()
        session.main_mode_rules.clear()
        session.main_mode.clear()
        session.exemptions = None
    elif not _global(session, command):
        call = _call(command)
        handler = _HANDLERS.get((command.context, *call.words))
        if handler is None or call.wrong:
            session.refuse(text, call.wrong or "netsh has no such command that is understood", origin)
        else:
            handler(session, call)


def run(statements: Iterable[Statement], assumptions: frozenset[str], sources: tuple[str, ...]) -> ConsecStore:
    """Return the store that `statements` leave behind."""
    session = _Session(assumptions)
    for statement in statements:
        match statement:
            case Command():
                _run(session, statement)
            case FilterRun(file=file, line=line):
                reason = "are commands of netsh ipsec, which are read by themselves"
                session.refuse("add filter ...", reason, Origin(file, line))
            case HostSetting(name, value, origin):
                session.refuse(f"{name} = {value}", "is a setting of the policies of netsh ipsec", origin)
            case ServiceStop(text, origin):
                session.refuse(text, "without the IPsec service no rule is in force", origin)
            case Opaque(text, reason, origin):
                session.refuse(text, reason, origin)
    return _finished(session, sources)


def _finished(session: _Session, sources: tuple[str, ...]) -> ConsecStore:
    stated = [rule_of(each.values, f"rule {n}", each.origin) for n, each in enumerate(session.rules.values(), 1)]
    mode = session.main_mode
    methods, lifetime, forced = (mode.get(name, "") for name in _MAIN_MODE)
    main = main_mode_of(methods, lifetime, forced, DEFAULT_MAIN_MODE, session.main_mode_origin)
    return ConsecStore(
        tuple(each.rule for each in stated),
        tuple(_main_mode_rule(each) for each in session.main_mode_rules.values()),
        tuple(found for each in stated for found in each.authentication),
        (main,) if mode else (),
        tuple(found for each in stated for found in each.quick_mode),
        GlobalSettings(session.exemptions),
        refused=tuple(session.refused),
        sources=sources,
    )


def _main_mode_rule(stated: _Stated) -> MainModeRule:
    values = stated.values
    return MainModeRule(
        values.get("name", ""),
        values.get("name", ""),
        values.get("enable", "yes").lower() != "no",
        origin=stated.origin,
    )


def read(source: Source, options: ReadOptions) -> Reading:
    """Return the policy that the script `source` leaves behind.

    Raises InputError for what is no text or no script, UsageError for an unknown encoding.
    """
    decoded = decoding.decode(source, options)
    scanned = containers.statements(decoded.text, source.name, options)
    reading = convert(run(scanned.statements, options.assumptions, (source.name,)), options.assumptions)
    return Reading(reading.store, (*decoded.diagnostics, *scanned.diagnostics, *reading.diagnostics))
