"""The expansions of cmd.exe: `%NAME%`, `%1`, delayed `!NAME!` and the variables of `for`.

Sources: Microsoft's command-line reference for `set`, `for` and `call`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ipsecmig.dialects.containers.output import Output
from ipsecmig.dialects.containers.positions import HOLE, Mapped

LINE_LIMIT: Final = 8191
"""The longest line that cmd.exe takes, in characters (KB830473)."""

_PERCENT = re.compile(r"%%|%\*|%(?:~[a-z]*(?:\$[^:%\n]*:)?)?[0-9]|%([^%:\n]+)(?::([^%\n]+))?%|%", re.IGNORECASE)
_DELAYED = re.compile(r"!([^!:\n]+)(?::([^!\n]+))?!")
_SLICE = re.compile(r"~[ \t]*(-?\d+)[ \t]*(?:,[ \t]*(-?\d+))?$")


@dataclass(frozen=True, slots=True)
class Unknown:
    """The value of a variable that only the running script knows."""

    reason: str


Value = str | Unknown
Environment = dict[str, Value]


def unbound(name: str) -> Unknown:
    """Return the value of the parameter or variable `name` that nothing in the script sets."""
    return Unknown(f"`{name}` gets its value when the script runs: give it with --define {name.strip('%')}=VALUE")


def percents(line: Mapped, variables: Environment, parameters: Environment, out: Output) -> Mapped:
    """Expand what cmd.exe expands before it parses a line of a batch file.

    A name that the script does not set is a hole: it may come from the environment.
    """
    if "%" not in line.text:
        return line

    def value(match: re.Match[str]) -> str:
        text = match[0]
        if text == "%%":
            return "%"
        if match[1] is not None:
            found = edited(variables.get(match[1].lower(), unbound(match[1])), match[2])
        elif text == "%":
            return ""
        else:
            found = _parameter(text, parameters)
        return found if isinstance(found, str) else out.hole(line.places[match.start()], text, found.reason)

    return line.substitute(_PERCENT, value)


def _parameter(text: str, parameters: Environment) -> Value:
    number = text[-1]
    value = parameters.get(number, unbound(number))
    if text[1] != "~" or isinstance(value, Unknown):
        return value
    if text[2:-1]:
        return Unknown(f"`{text}` is a file name that depends on where the script runs")
    return value.strip('"')


def delayed(part: Mapped, variables: Environment, out: Output) -> Mapped:
    """Expand `!NAME!` in a command that is about to run."""
    if "!" not in part.text:
        return part

    def value(match: re.Match[str]) -> str:
        found = edited(variables.get(match[1].lower(), unbound(match[1])), match[2])
        return found if isinstance(found, str) else out.hole(part.places[match.start()], match[0], found.reason)

    return part.substitute(_DELAYED, value)


def edited(value: Value, edit: str | None) -> Value:
    """Apply the `~offset,length` or `old=new` that may stand after a variable's name."""
    if edit is None or isinstance(value, Unknown):
        return value
    if part := _SLICE.match(edit):
        start, length = int(part[1]), part[2]
        start = max(0, len(value) + start) if start < 0 else start
        rest = value[start:]
        return rest if length is None else rest[: int(length)]
    old, equals, new = edit.partition("=")
    if not equals or not old:
        return Unknown(f"`:{edit}` is no replacement that cmd.exe knows")
    if old.startswith("*"):
        at = value.lower().find(old[1:].lower())
        return value if at < 0 else new + value[at + len(old) - 1 :]
    replaced = re.sub(re.escape(old), lambda _: new, value, flags=re.IGNORECASE)
    return replaced if len(replaced) <= LINE_LIMIT else Unknown("its value is longer than cmd.exe allows")


def loop_variables(part: Mapped, loops: Environment, out: Output) -> Mapped:
    """Expand the variables of the `for` loops around a command."""
    if not loops or "%" not in part.text:
        return part
    names = "".join(re.escape(name) for name in loops)
    pattern = re.compile(rf"%(?:~([fdpnxsatzFDPNXSATZ]*))?([{names}])")

    def value(match: re.Match[str]) -> str:
        found = loops[match[2]]
        if match[1] and isinstance(found, str):
            found = Unknown(f"`%{match[0]}` is a file name that depends on where the script runs")
        if isinstance(found, str):
            return found if match[1] is None else found.strip('"')
        return out.hole(part.places[match.start()], f"%{match[0]}", found.reason)

    return part.substitute(pattern, value)


def known(part: Mapped, out: Output) -> Value:
    """Return the text of `part` as a value."""
    return Unknown(out.why(part)) if HOLE in part.text else part.text
