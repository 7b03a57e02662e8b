"""The dialect `reg-add`: scripts of `reg add` commands, in whatever container."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from ipsecmig.diagnostics import Diagnostic
from ipsecmig.dialects import containers, decoding
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.containers.command import Command, FilterRun, HostSetting, Opaque, Statement, with_setting
from ipsecmig.dialects.containers.messages import NO_COMMAND
from ipsecmig.dialects.reg_add import syntax
from ipsecmig.dialects.reg_add.entry import CONDITIONS
from ipsecmig.dialects.reg_add.syntax import CommandError, UnknownCommandError
from ipsecmig.dialects.registry_tree import messages
from ipsecmig.dialects.registry_tree.convert import reading
from ipsecmig.dialects.registry_tree.data import DataError
from ipsecmig.dialects.registry_tree.paths import place
from ipsecmig.dialects.registry_tree.tree import Change, KeyDeleted
from ipsecmig.model.policy import HostSettings, NotUnderstood

_REG: Final = "reg"
_ABOUT_POLICIES = re.compile(r"\\(?:ipsec|policyagent|windowsfirewall|firewallpolicy)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Run:
    """What the commands of a script do, one after another."""

    assumptions: frozenset[str]
    changes: list[Change] = field(default_factory=list)
    unknown: list[NotUnderstood] = field(default_factory=list)
    said: list[Diagnostic] = field(default_factory=list)

    def command(self, command: Command) -> None:
        """Take in one command; what depends on run time or is refused makes the store undecided."""
        if command.context != _REG:
            reason = "is a netsh command: convert this script with --from netsh-static as well"
            self.doubt(command, reason)
            return
        about = _ABOUT_POLICIES.search(command.text) is not None
        if command.condition and CONDITIONS not in self.assumptions:
            if about:
                self.said.append(messages.NOT_SURE.say(command.origin(), _head(command), condition=command.condition))
                self.doubt(command, f"it runs only {command.condition}")
            return
        try:
            found = [c for c in syntax.changes(command) if isinstance(c, KeyDeleted) or place(c.path) is not None]
        except UnknownCommandError as error:
            self.said.append(messages.UNKNOWN_COMMAND.say(command.origin(), _head(command)))
            self.doubt(command, str(error))
            return
        except (CommandError, DataError) as error:
            if about:
                self.said.append(messages.BAD_COMMAND.say(command.origin(), _head(command), reason=str(error)))
                self.doubt(command, str(error))
            return
        self.changes.extend(found)

    def doubt(self, command: Command, reason: str) -> None:
        """Keep a command that is not carried out."""
        self.unknown.append(NotUnderstood(_head(command), reason, command.origin()))


def _head(command: Command) -> str:
    """Return what the command does and to which key and value, without its data, which may be secret."""
    return " ".join((command.context, *syntax.subject(command.text)))


def read(source: Source, options: ReadOptions) -> Reading:
    """Return the policies that the script `source` writes into the registry.

    Raises InputError for what is no text or no script, or writes no policy; UsageError for an unknown encoding.
    """
    decoded = decoding.decode(source, options)
    scanned = containers.statements(decoded.text, source.name, options, frozenset({_REG}))
    run = _Run(options.assumptions)
    for statement in scanned.statements:
        if isinstance(statement, Command):
            run.command(statement)
    said = [d for d in (*decoded.diagnostics, *scanned.diagnostics, *run.said) if d.code != NO_COMMAND.code]
    found = reading(run.changes, source.name, options, said)
    unknown = (*found.store.not_understood, *run.unknown, *_others(scanned.statements))
    settings = _with_settings(found.store.settings, scanned.statements)
    return Reading(replace(found.store, settings=settings, not_understood=unknown), found.diagnostics)


def _others(statements: Iterable[Statement]) -> Iterator[NotUnderstood]:
    for one in statements:
        if isinstance(one, Opaque):
            yield NotUnderstood(one.text, one.reason, one.origin)
        elif isinstance(one, FilterRun):
            first = one.text.partition("\n")[0]
            yield NotUnderstood(first, "begins netsh commands, which this format does not read")


def _with_settings(settings: HostSettings, statements: Iterable[Statement]) -> HostSettings:
    for one in statements:
        if isinstance(one, HostSetting):
            settings = with_setting(settings, one.name, one.value)
    return settings
