"""The remote shells of a host, and the commands that run in them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ipsecmig.testing.answer import Answer
from ipsecmig.testing.releases import Quotas
from ipsecmig.testing.winrm.faults import (
    COMMAND_NOT_FOUND,
    SHELL_NOT_FOUND,
    TOO_MANY_OPERATIONS,
    TOO_MANY_SHELLS,
    Refused,
)
from ipsecmig.testing.winrm.soap import new_id


@dataclass(slots=True)
class Process:
    """A command: what it answers, and how much of each stream the client has."""

    answer: Answer
    told: dict[str, int] = field(default_factory=dict)

    def take(self, stream: str, octets: int) -> bytes:
        """Return the next part of a stream, at most so many octets."""
        data = {"stdout": self.answer.stdout, "stderr": self.answer.stderr}.get(stream, b"")
        begin = self.told.get(stream, 0)
        part = data[begin : begin + octets]
        self.told[stream] = begin + len(part)
        return part

    @property
    def told_all(self) -> bool:
        """Whether nothing is left of either stream."""
        left = (
            len(self.answer.stdout) - self.told.get("stdout", 0),
            len(self.answer.stderr) - self.told.get("stderr", 0),
        )
        return left == (0, 0)


@dataclass(slots=True)
class Shell:
    """A shell. `code_page` is None where the client asked for none; times are in seconds of the service's clock."""

    id: str
    owner: str
    code_page: int | None
    idle_seconds: float
    used: float
    processes: dict[str, Process] = field(default_factory=dict)

    def process(self, command_id: str) -> Process:
        """Return a command. Raises Refused where there is none of this identifier."""
        try:
            return self.processes[command_id]
        except KeyError:
            raise Refused(COMMAND_NOT_FOUND) from None


class Shells:
    """All shells, which threads share; the limits of the host hold for each of its users."""

    def __init__(self, quotas: Quotas, clock: Callable[[], float]) -> None:
        self._quotas = quotas
        self._clock = clock
        self._lock = threading.Lock()
        self._shells: dict[str, Shell] = {}
        self._operations: dict[str, int] = {}

    def create(self, owner: str, code_page: int | None, idle_seconds: float | None) -> Shell:
        """Return a new shell. Raises Refused where the owner has as many as may be."""
        with self._lock:
            self._drop_idle()
            if sum(shell.owner == owner for shell in self._shells.values()) >= self._quotas.shells:
                raise Refused(TOO_MANY_SHELLS)
            idle = self._quotas.idle_seconds if idle_seconds is None else min(idle_seconds, self._quotas.idle_seconds)
            shell = Shell(new_id(), owner, code_page, idle, self._clock())
            self._shells[shell.id] = shell
            return shell

    def find(self, owner: str, shell_id: str) -> Shell:
        """Return a shell of this owner, which is used thereby. Raises Refused where there is none."""
        with self._lock:
            self._drop_idle()
            shell = self._shells.get(shell_id.upper())
            if shell is None or shell.owner != owner:
                raise Refused(SHELL_NOT_FOUND)
            shell.used = self._clock()
            return shell

    def delete(self, shell: Shell) -> None:
        """End a shell with its commands."""
        with self._lock:
            self._shells.pop(shell.id, None)

    def all(self) -> tuple[Shell, ...]:
        """Return the shells that are open."""
        with self._lock:
            self._drop_idle()
            return tuple(self._shells.values())

    def _drop_idle(self) -> None:
        now = self._clock()
        self._shells = {id_: shell for id_, shell in self._shells.items() if now - shell.used < shell.idle_seconds}

    @contextmanager
    def operation(self, owner: str) -> Iterator[None]:
        """Count what is done inside as one operation of the owner. Raises Refused where that would be too many."""
        with self._lock:
            running = self._operations.get(owner, 0)
            if running >= self._quotas.operations:
                raise Refused(TOO_MANY_OPERATIONS)
            self._operations[owner] = running + 1
        try:
            yield
        finally:
            with self._lock:
                self._operations[owner] -= 1
