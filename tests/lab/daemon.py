"""A program in a machine of the lab that runs meanwhile, and what it says."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from lab.harness import Machine

_SECONDS: Final = 15.0


class Daemon:
    """A running daemon with a folder of its own; `wait_for` follows what it says on its standard output."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        self.machine = machine
        self.folder = folder
        self._process: subprocess.Popen[str] | None = None
        self._listener: threading.Thread | None = None
        self._said: list[str] = []
        self._told = 0
        self._news = threading.Condition()

    def spawn(self, mount: str, *command: str) -> None:
        """Start `command` in the machine, with mounts of its own, which the shell command `mount` makes."""
        inside = ("ip", "netns", "exec", self.machine.name, "unshare", "-m", "sh", "-c", f'{mount} && exec "$0" "$@"')
        log = (self.folder / "log").open("wb")
        self._process = subprocess.Popen(
            (*inside, *command),
            env={**os.environ, **self.environment()},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            errors="replace",
        )
        log.close()
        self._listener = threading.Thread(target=self._listen, args=(self._process.stdout,), daemon=True)
        self._listener.start()

    def environment(self) -> Mapping[str, str]:
        """Return the variables that the daemon and its tools need besides those of the test."""
        return {}

    def _listen(self, output: Iterable[str]) -> None:
        """Take in what the daemon says, line by line, until it ends."""
        for line in output:
            with self._news:
                self._said.append(line)
                self._news.notify_all()

    def stop(self) -> None:
        """End the daemon."""
        if self._process is not None and self._listener is not None:
            self._process.terminate()
            self._process.wait()
            self._listener.join()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None

    def wait_for(self, pattern: str, seconds: float = _SECONDS) -> str:
        """Return what is said until `pattern` is in it, from where the last wait ended; fails when it never is."""
        with self._news:
            if not self._news.wait_for(lambda: re.search(pattern, self._untold()), seconds):
                errors = (self.folder / "log").read_text()
                raise RuntimeError(f"nothing said {pattern!r}: {self._untold()[-4000:]}{errors}")
            said = self._untold()
            self._told = len(self._said)
        return said

    def _untold(self) -> str:
        return "".join(self._said[self._told :])

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the machine that finds the daemon's files and socket."""
        inside = ("ip", "netns", "exec", self.machine.name, *command)
        environment = {**os.environ, **self.environment()}
        return subprocess.run(inside, env=environment, capture_output=True, text=True, check=False)
