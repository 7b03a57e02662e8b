"""Where the readers of all containers put their statements, and what they share while they read one script."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace
from typing import Final, NamedTuple

from ipsecmig.diagnostics import Diagnostic
from ipsecmig.dialects.base import ReadOptions
from ipsecmig.dialects.containers import flow as flows
from ipsecmig.dialects.containers import messages
from ipsecmig.dialects.containers.command import (
    IPSECCMD,
    Command,
    FilterRun,
    HostSetting,
    Opaque,
    ServiceStop,
    Statement,
)
from ipsecmig.dialects.containers.files import WrittenFiles
from ipsecmig.dialects.containers.flow import CERTAIN, DEAD, Flow
from ipsecmig.dialects.containers.positions import HOLE, Document, Mapped
from ipsecmig.dialects.containers.redaction import redact
from ipsecmig.dialects.notes import Note

BUDGET: Final = 100_000
"""How many rounds of loops and calls one script may take; beyond it, loops are left unread."""

_IN_FORCE: Final = frozenset({"ipsec dynamic", IPSECCMD})
"""The contexts whose commands put something into force that is gone when the service stops."""

DEPTH_LIMIT: Final = 24
"""How deep calls and commands within commands may nest."""

_PASSWORD = re.compile(r"""([ \t]-p(?:w|assword)?[ \t]+)("[^"\n]*"?|'[^'\n]*'?|[^\s"']+)""", re.IGNORECASE)
_REGISTRY_DATA = re.compile(
    r"""[0-9a-f]{40,}|(\bSHKey\b(?:(?!SHKey)[^\n])*?["' \t][/-]d["']?[ \t]+)(?:"[^"\n]*"?|[^\s"]+)""", re.IGNORECASE
)
"""The data of `reg add` that can hold a preshared key: any blob, or the key of an authentication set."""
_RUN_LINE = re.compile(r"[ \t]*(?:netsh[ \t]+ipsec[ \t]+static[ \t]+)?([^\n]*)\n", re.IGNORECASE)


class Hole(NamedTuple):
    """A reference whose value is not known: as written, why, and what to do about it."""

    text: str
    reason: str


Reader = Callable[[Sequence[Mapped], "Output"], None]


class Output:
    """Collects what one script says. `flow`, `host` and `depth` are those of the place being read.

    `programs` are those whose commands are wanted beside netsh's, in lower case.
    """

    def __init__(
        self, document: Document, options: ReadOptions, readers: Mapping[str, Reader], programs: Set[str] = frozenset()
    ) -> None:
        self.document = document
        self.programs = programs
        self.options = options
        self.definitions = {name.lower(): value for name, value in options.definitions.items()}
        self.readers = readers
        self.flow: Flow = CERTAIN
        self.idle: Flow = DEAD
        self.host = ""
        self.depth = 0
        self.files = WrittenFiles()
        self._budget = BUDGET
        self._decisions = ["the script decides so when it runs"]
        self._entries: list[tuple[Statement, Flow]] = []
        self._diagnostics: list[Diagnostic] = []
        self._holes: dict[int, Hole] = {}
        self._hosts: list[str] = []
        self._stopped: Diagnostic | None = None
        self._said: set[tuple[str, str]] = set()

    def __len__(self) -> int:
        return len(self._entries)

    def spend(self) -> bool:
        """Take one round from the budget; False when it is used up."""
        self._budget -= 1
        return self._budget >= 0

    def decide(self, text: str) -> int:
        """Return the number of a new decision that is known only at run time; `text` says what it asks."""
        self._decisions.append(self.masked(text))
        return len(self._decisions) - 1

    def hole(self, offset: int, text: str, reason: str) -> str:
        """Return what stands for the reference `text` at `offset`, whose value is unknown for the `reason`."""
        self._holes[offset] = Hole(text, reason)
        return HOLE

    def readable(self, part: Mapped) -> str:
        """Return `part` with references as they were written, and without secrets."""
        text = part.text
        if HOLE in text:
            pieces = zip(text, part.places, strict=True)
            text = "".join(self._holes[place].text if c == HOLE else c for c, place in pieces)
        return self.masked(text)

    def masked(self, text: str) -> str:
        """Return `text` without the values of preshared keys and passwords."""
        return _REGISTRY_DATA.sub(r"\1...", _PASSWORD.sub(r"\1***", redact(text)))

    def why(self, part: Mapped) -> str:
        """Return why the first unknown reference in `part` is unknown."""
        return self._holes[part.places[part.text.index(HOLE)]].reason

    def note(self, note: Note, part: Mapped, **fields: str | int) -> None:
        """Say `note` about `part`."""
        self._diagnostics.append(note.say(self.document.origin(part), self.readable(part), "", **fields))

    def note_once(self, note: Note, part: Mapped, key: str = "", **fields: str | int) -> None:
        """Say `note` about `part` unless it was said before with the same `key`."""
        if (note.code, key) not in self._said:
            self._said.add((note.code, key))
            self.note(note, part, **fields)

    def command(self, context: str, part: Mapped) -> None:
        """Add the command `part` of `context`, or what stands for it when it cannot be known."""
        part = part.strip()
        if HOLE in part.text:
            self.opaque(part, self.why(part))
        elif self._for_this_host(part):
            anchors = self.document.anchors(part)
            self._add(Command(context, part.text.replace("\n", " "), self.document.file, anchors))

    def _for_this_host(self, part: Mapped) -> bool:
        if self.host not in self._hosts:
            self._hosts.append(self.host)
            if self.host:
                self.note(messages.OTHER_HOST, part, host=self.host)
        if self.host != self._hosts[0]:
            self.opaque(part, f"is for {self.host or 'this host'}, while the commands before are for another host")
        return self.host == self._hosts[0]

    def filter_run(self, text: str, line: int) -> None:
        """Add the lines `text`, each of them one `add filter` command, from line number `line` on."""
        self._hosts = self._hosts or [""]
        self._add(FilterRun(text, self.document.file, line))

    def opaque(self, part: Mapped, reason: str) -> None:
        """Add `part` as a statement whose effect is not known for the `reason`."""
        part = part.strip()
        self._add(Opaque(self.readable(part), reason, self.document.origin(part)))

    def setting(self, name: str, value: int | str | bool, part: Mapped) -> None:
        """Add a setting of the host."""
        self._add(HostSetting(name, value, self.document.origin(part)))

    def service(self, part: Mapped, *, running: bool) -> None:
        """Take note that the IPsec service is stopped or started."""
        origin, text = self.document.origin(part), self.readable(part)
        say = messages.SERVICE_STOPPED.say(origin, text)
        if not running and any(isinstance(s, Command) and s.context in _IN_FORCE for s, _ in self._entries):
            self._add(ServiceStop(text, origin))
        self._stopped = None if running else say

    def _add(self, statement: Statement) -> None:
        self.flow = self.flow.touched()
        self._entries.append((statement, self.flow))

    def end_path(self) -> None:
        """End the paths that lead here, as `exit` does."""
        self.flow = self.flow.left()
        self.end_script()

    def end_script(self) -> None:
        """Reach the end of the script."""
        self.idle = self.idle.join(self.flow.idle())
        self.flow = DEAD

    def finish(self) -> tuple[list[Statement], tuple[Diagnostic, ...]]:
        """Return all statements, each with its condition, and all diagnostics."""
        texts: dict[Flow, str] = {CERTAIN.touched(): ""}
        found: list[Statement] = []
        for statement, flow in self._entries:
            if flow not in texts:
                texts[flow] = self._condition(flow)
            found += self._conditional(statement, texts[flow]) if texts[flow] else (statement,)
        if self._stopped is not None:
            self._diagnostics.append(self._stopped)
        if not found and not any(d.severity is messages.NO_COMMAND.severity for d in self._diagnostics):
            self._diagnostics.append(messages.NO_COMMAND.say(self.document.origin(self.document[0])))
        return found, tuple(self._diagnostics)

    def _condition(self, flow: Flow) -> str:
        """Return the condition of `flow`; a run that ends without having done anything is no run of the script."""
        needed = flow.apart_from(self.idle)
        if needed.paths != flow.apart_from(DEAD).paths:
            condition = flows.describe(self.idle, self._decisions)
            self.note_once(messages.IDLE_PATH, self.document[0].cut(0, 0), condition, condition=condition)
        return flows.describe(needed, self._decisions)

    def _conditional(self, statement: Statement, condition: str) -> list[Statement]:
        if isinstance(statement, Command):
            return [replace(statement, condition=condition)]
        if isinstance(statement, FilterRun):
            return list(self._single(statement, condition))
        if isinstance(statement, ServiceStop):
            return [Opaque(statement.text, f"stops the IPsec service {condition}", statement.origin)]
        if isinstance(statement, HostSetting):
            return [Opaque(f"{statement.name} = {statement.value}", f"is set only {condition}", statement.origin)]
        return [statement]

    def _single(self, run: FilterRun, condition: str) -> list[Statement]:
        """Return the lines of `run` one by one."""
        found: list[Statement] = []
        for number, match in enumerate(_RUN_LINE.finditer(run.text)):
            part = self.document[run.line - 1 + number].cut(
                match.start(1) - match.start(), match.end(1) - match.start()
            )
            part = part.strip()
            anchors = self.document.anchors(part)
            found.append(Command("ipsec static", part.text, run.file, anchors, condition))
        return found
