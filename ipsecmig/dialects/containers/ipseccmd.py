"""Command lines of ipsecpol.exe (Windows 2000) and ipseccmd.exe (Windows XP)."""

from __future__ import annotations

import re
from typing import Final

from ipsecmig.dialects.containers.command import IPSECCMD
from ipsecmig.dialects.containers.output import Output
from ipsecmig.dialects.containers.positions import Mapped

PROGRAMS: Final = frozenset({"ipseccmd", "ipsecpol"})
"""The programs, without path and `.exe`."""

_HOST = re.compile(r"(?i)[ \t]*\\\\([^ \t\"]+)(?=[ \t]|\Z)(?![ \t]+show\b)")


def command_line(arguments: Mapped, whole: Mapped, out: Output) -> None:
    """Read the command `whole`, which hands `arguments` to the program; they may begin with another host's name.

    What is only shown of another host does not matter.
    """
    outer = out.host
    if match := _HOST.match(arguments.text):
        out.host = match[1].lower()
    out.command(IPSECCMD, whole)
    out.host = outer
