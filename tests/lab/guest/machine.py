"""Starts the guest: a Linux of its own, as root in it, with this machine's file system, which it cannot change.

It sees the same files at the same places, and has networks of its own. What it writes is gone when it ends, except in
one folder. Booting takes about a second.
"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from lab.guest.kernel import MACHINE, kernel

MEGABYTES: Final = 1024
_INIT: Final = Path(__file__).with_name("init.sh")
_MEMORIES: Final = ("/dev/shm", "/tmp", "/var/tmp")


class Outcome(NamedTuple):
    """How a command ended in the guest. `status` is None when the guest itself came to an end before it, or too late.

    `output` is what the command printed, `console` what the guest's kernel said.
    """

    status: int | None
    output: str
    console: str


def missing_guest() -> str:
    """Return why no guest can be started here, or an empty string when one can."""
    if platform.machine() != MACHINE:
        return f"the guest runs on {MACHINE} only"
    return "" if kernel().exists() else "the guest's kernel is not built (as root: make guest-kernel)"


def run_in_guest(command: Sequence[str], environment: Mapping[str, str], folder: Path, seconds: float) -> Outcome:
    """Run `command` in a fresh guest, in the present folder, and wait for it, at most so many seconds.

    `folder` is an empty one, the only one that both can write.
    """
    variables = [f"{name}={value}" for name, value in environment.items()]
    (folder / "command").write_text(shlex.join(("env", "-i", "-C", str(Path.cwd()), *variables, *command)) + "\n")
    with (folder / "console").open("wb") as console:
        guest = subprocess.Popen(
            [str(kernel()), *_options(folder)],
            env={"TMPDIR": _memory(), "PATH": os.defpath, "HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        with suppress(subprocess.TimeoutExpired):
            guest.wait(seconds)
    finally:
        _end(guest)
    status = _text(folder / "status").strip()
    return Outcome(int(status) if status else None, _text(folder / "output"), _text(folder / "console"))


def _options(folder: Path) -> Iterable[str]:
    yield from (f"mem={MEGABYTES}M", f"uml_dir={folder}/", "root=none", "rootfstype=hostfs", "rootflags=/", "ro")
    yield from ("quiet", "con=null", "con0=null,fd:1", "init=/bin/bash", "--", str(_INIT), str(folder), sys.executable)


def _end(guest: subprocess.Popen[bytes]) -> None:
    """End what is left of the guest: its programs are processes of this machine, in a session of their own."""
    with suppress(ProcessLookupError):
        os.killpg(guest.pid, signal.SIGKILL)
    guest.wait()


def _memory() -> str:
    """Return where the guest's memory can be: a folder with the room, on which code may be mapped."""
    for folder in _MEMORIES:
        if os.statvfs(folder).f_flag & os.ST_NOEXEC == 0 and shutil.disk_usage(folder).free > MEGABYTES << 20:
            return folder
    raise OSError(f"none of {', '.join(_MEMORIES)} has room for the guest's memory")


def _text(file: Path) -> str:
    return file.read_text(errors="replace") if file.exists() else ""
