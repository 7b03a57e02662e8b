"""What the containers (batch file, netsh script, PowerShell) hand to the language: single netsh commands."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import Final

from ipsecmig.diagnostics import Origin
from ipsecmig.model.policy import HostSettings

IPSECCMD: Final = "ipseccmd"
"""The context of a command line of ipsecpol or ipseccmd, whose text is the whole line, the program first."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """From `offset` in a command's text on, characters stand at `line` and `column` of the file, one after another."""

    offset: int
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Command:
    """One command as netsh, or another program that the caller asked for, receives it.

    `context` is the netsh context it runs in, in lower case and single blanks, for example `ipsec static`, or the
    other program; the rest of the command is `text`, from the verb on. `anchors` map the text back to the file,
    sorted by offset, the first at 0: a value that came from a variable points at the place where it was used.
    `condition` is empty for what surely runs, else it says in words what that depends on (`if exist ...`).
    """

    context: str
    text: str
    file: str
    anchors: tuple[Anchor, ...]
    condition: str = ""

    def origin(self, start: int = 0, end: int | None = None) -> Origin:
        """Return the place in the file of the text from `start` to `end`, by default all of it."""
        anchor = self.anchors[bisect_right(self.anchors, start, key=lambda a: a.offset) - 1]
        column = anchor.column + start - anchor.offset
        length = (len(self.text) if end is None else end) - start
        return Origin(self.file, anchor.line, column, column + length)


@dataclass(frozen=True, slots=True)
class FilterRun:
    """Consecutive physical lines, each wholly one `add filter` command in the context `ipsec static`.

    The container guarantees that nothing in the lines means anything to it (no variable, escape, redirection, block
    or second command), so that the language may read them in bulk. `text` ends every line with a line feed;
    `line` is the number of the first one.
    """

    text: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class HostSetting:
    """A command outside netsh ipsec that bears on the meaning of the policy, such as a NoDefaultExempt in the registry.

    `name` is a field of `model.policy.HostSettings`; `value` is what it becomes.
    """

    name: str
    value: int | str | bool
    origin: Origin


@dataclass(frozen=True, slots=True)
class Opaque:
    """A statement whose effect depends on run time or that is not understood, kept as text with the reason."""

    text: str
    reason: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class ServiceStop:
    """The IPsec service is stopped, so that what is in force without being stored is gone."""

    text: str
    origin: Origin


Statement = Command | FilterRun | HostSetting | ServiceStop | Opaque


def with_setting(settings: HostSettings, name: str, value: int | str | bool) -> HostSettings:
    """Return `settings` with the field `name` set. Raises ValueError for a field or type that it does not have."""
    match name, value:
        case "exemptions", int():
            return replace(settings, exemptions=value)
        case "boot_mode", str():
            return replace(settings, boot_mode=value)
        case "boot_exemptions", str():
            return replace(settings, boot_exemptions=value)
        case "service_disabled", bool():
            return replace(settings, service_disabled=value)
        case _:
            raise ValueError(f"no such host setting: {name}={value!r}")
