"""The kernel of the guest: Debian's Linux source with `config`, built as a program (User Mode Linux) and kept.

Run as a program it builds what is missing. It needs the packages that the Makefile names, a few
minutes and 1.5 GB of disk, and uses nothing but the standard library.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

SOURCE: Final = Path("/usr/src/linux-source-6.12.tar.xz")
CONFIG: Final = Path(__file__).with_name("config")
MACHINE: Final = "x86_64"
"""The only one on which this Linux is a program."""

NEEDLESS: Final = ("drivers/gpu", "drivers/media", "drivers/net/ethernet", "drivers/net/wireless", "sound")
"""Where the source is large and none of it is built; its Kconfig files are read nevertheless."""

_REGISTERS: Final = Path("arch/x86/um/user-offsets.c")
_ROOM: Final = "DEFINE_LONGS(HOST_FP_SIZE, 2696)"
_MORE_ROOM: Final = "DEFINE_LONGS(HOST_FP_SIZE, 16384)"
"""The registers of processors with AMX take 11,008 octets; a kernel with less room panics at its first program."""


def kernel() -> Path:
    """Return where the kernel is, or would be; each configuration has its own."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    recipe = hashlib.sha256("\n".join((SOURCE.name, _MORE_ROOM, CONFIG.read_text())).encode()).hexdigest()[:16]
    return cache / "ipsecmig" / f"guest-kernel-{recipe}"


def build(target: Path) -> None:
    """Build the kernel. Raises CalledProcessError or OSError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="linux-", dir=target.parent) as folder:
        tree = Path(folder)
        unwanted = [f"--exclude=*/{part}/*.[ch]" for part in NEEDLESS]
        _run(tree, "tar", "-xJf", str(SOURCE), "--strip-components=1", *unwanted)
        _make_room(tree / _REGISTERS)
        _run(tree, "make", "-s", "ARCH=um", f"KCONFIG_ALLCONFIG={CONFIG}", "allnoconfig")
        _check(tree / ".config")
        _run(tree, "make", "-s", "ARCH=um", f"-j{os.cpu_count() or 1}", "KCFLAGS=-w", "linux")
        _run(tree, "strip", "linux")
        Path(shutil.copy2(tree / "linux", tree / "done")).replace(target)


def _run(folder: Path, *command: str) -> None:
    # What our own make was told is not for the kernel's.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=sys.stderr)


def _check(made: Path) -> None:
    """Raise OSError unless the kernel's own rules left everything that was asked for."""
    asked = {line for line in CONFIG.read_text().splitlines() if line.startswith("CONFIG_")}
    lost = asked - set(made.read_text().splitlines())
    if lost:
        raise OSError(f"not to be had: {', '.join(sorted(lost))}")


def _make_room(file: Path) -> None:
    text = file.read_text()
    if _ROOM not in text:
        raise OSError(f"{file.name} is not the one that is known")
    file.write_text(text.replace(_ROOM, _MORE_ROOM))


def main() -> int:
    """Build the kernel if it is wanting. With --is-wanting only say by the exit status whether it is."""
    target = kernel()
    is_wanting = platform.machine() == MACHINE and not target.exists()
    if sys.argv[1:] == ["--is-wanting"]:
        return 0 if is_wanting else 1
    if is_wanting:
        sys.stdout.write(f"building the guest's kernel, {target}\n")
        sys.stdout.flush()
        build(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
