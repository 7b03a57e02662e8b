"""Programs that run a netsh command given to them, here or on another host: cmd, start, ssh, psexec, powershell."""

from __future__ import annotations

import re
from typing import Final

from ipsecmig.dialects.containers import ipseccmd, outside
from ipsecmig.dialects.containers.expansion import LINE_LIMIT
from ipsecmig.dialects.containers.output import DEPTH_LIMIT, Output
from ipsecmig.dialects.containers.positions import HOLE, Mapped

_LAUNCHERS: Final = {
    "cmd",
    "start",
    "ssh",
    "plink",
    "psexec",
    "psexec64",
    "paexec",
    "winrs",
    "runas",
    "sudo",
    "start-process",
    "invoke-expression",
    "iex",
}
_INNER = re.compile(r"""(?<![\w-])(?:netsh|ipseccmd|ipsecpol)(?:\.exe)?(?=[\s"'])""", re.IGNORECASE)
_POWERSHELL_COMMAND = re.compile(
    r"""^(?:.*?[ \t]-c(?:ommand)?[ \t]+|(?:[ \t]+-(?:nop\w*|noni\w*|nol\w*|sta|ex\w*[ \t]+\S+))*[ \t]+(?![-]))(.*)$""",
    re.IGNORECASE | re.DOTALL,
)
_HOST: Final = {
    "ssh": re.compile(r"[ \t]*(?:-[46AaCfGgKkMNnqsTtVvXxYy]+[ \t]+|-\w+[ \t]+\S+[ \t]+)*(?:[^\s@]+@)?([\w.:-]+)"),
    "psexec": re.compile(r".*?\\\\([^\s,\\]+)"),
    "winrs": re.compile(r".*?-r(?:emote)?:(?:https?://)?([\w.-]+)", re.IGNORECASE),
}
_HOST_OF: Final = {"plink": "ssh", "psexec64": "psexec", "paexec": "psexec"}
_ABOUT_IPSEC = re.compile(r"\b(?:ipsec|static|netsh|filter\w*|policy|rule)\b", re.IGNORECASE)


def read(name: str, arguments: Mapped, text: Mapped, out: Output) -> None:
    """Read the program `name`, called as `text`."""
    if len(text.text) > LINE_LIMIT:
        if _ABOUT_IPSEC.search(text.text):
            out.opaque(text.cut(0, LINE_LIMIT), "is longer than cmd.exe takes")
    elif name in out.programs:
        out.command(name, arguments)
    elif name in _LAUNCHERS and (inner := _INNER.search(arguments.text)):
        _launch(name, arguments, inner.start(), out)
    elif name in ipseccmd.PROGRAMS:
        ipseccmd.command_line(arguments, text, out)
    elif name in {"powershell", "pwsh"} and (match := _POWERSHELL_COMMAND.match(arguments.text)):
        _nested("powershell", _unquoted(arguments.cut(*match.span(1)).strip()), out)
    elif HOLE in name:
        if _ABOUT_IPSEC.search(text.text):
            out.opaque(text, out.why(text))
    else:
        outside.read(name, text, out)


def _launch(name: str, arguments: Mapped, netsh: int, out: Output) -> None:
    """Read the command that begins at `netsh`, perhaps with a path and a quote before it."""
    host = out.host
    text = arguments.text
    start = max(text.rfind(sign, 0, netsh) for sign in " \t\"'") + 1
    pattern = _HOST.get(_HOST_OF.get(name, name))
    if pattern and (found := pattern.match(text[:start])):
        out.host = found[1].lower()
    part = arguments.cut(start).strip()
    if start and text[start - 1] in "\"'" and part.text.endswith(text[start - 1]):
        part = part.cut(0, -1)
    _nested("command line", _without_backslashes(part), out)
    out.host = host


def _nested(container: str, part: Mapped, out: Output) -> None:
    """Read `part` as a script of its own."""
    if out.depth >= DEPTH_LIMIT:
        out.opaque(part, "commands within commands nest too deep")
        return
    out.depth += 1
    out.readers[container]([part], out)
    out.depth -= 1


def _unquoted(part: Mapped) -> Mapped:
    quotes = part.text[:1] in {'"', "'"} and len(part.text) > 1 and part.text.endswith(part.text[0])
    return _without_backslashes(part.cut(1, -1)) if quotes else part


def _without_backslashes(part: Mapped) -> Mapped:
    r"""Return `part` with `\"` as `"`, as a program reads its arguments."""
    return part.substitute(re.compile(r'\\"'), lambda _: '"') if '\\"' in part.text else part
