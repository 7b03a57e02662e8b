"""The netsh command line and scripts for `netsh -f`: contexts, and which commands bear on IPsec."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ipsecmig.dialects.containers import messages
from ipsecmig.dialects.containers.output import DEPTH_LIMIT, Output
from ipsecmig.dialects.containers.positions import HOLE, Document, Mapped
from ipsecmig.dialects.containers.runs import FilterLines

_CONTEXTS: Final = {
    "": {"ipsec": 3, "advfirewall": 3},
    "ipsec": {"static": 2, "dynamic": 2},
    "advfirewall": {"consec": 3, "mainmode": 2},
}
"""The contexts in a context that matter here, and how many letters netsh needs to know each."""

_WORD = re.compile(r'[ \t]*("[^"]*"?|[^\s"=]+)')
_OPTION = re.compile(r'[ \t]*[-/]([acrupf])[ \t]+("[^"]*"?|[^\s"]+)', re.IGNORECASE)
_NETSH = re.compile(r"netsh(?:\.exe)?[ \t]+", re.IGNORECASE)
_STATIC_COMMAND = re.compile(
    r"(?:add|set|delete|del|show)[ \t]+(?:policy|rule|filter\w*|store|defaultrule|batch|all)\b"
    r"|(?:importpolicy|exportpolicy)\b",
    re.IGNORECASE,
)
_BEARS_ON_IPSEC: Final = re.compile(r"(?:reset|import)\b|set[ \t]+global[ \t]+(?:ipsec|mainmode)\b", re.IGNORECASE)
"""What bears on connection security rules among the commands of Windows Firewall itself."""
_SILENT: Final = {"?", "/?", "-?", "help", "dump", "show", "exit", "quit", "bye", "popd"}


def _resolve(context: str, part: Mapped) -> tuple[str, Mapped]:
    """Follow the context words at the start of `part`; return the context reached and the rest."""
    while True:
        match = _WORD.match(part.text)
        inner = _step(context, match[1].lower()) if match else None
        if match is None or inner is None:
            return context, part.strip()
        context, part = inner, part.cut(match.end())


def _step(context: str, word: str) -> str | None:
    """Return the context that `word` leads to from `context`; contexts further out can be named in full too."""
    for name, letters in _CONTEXTS.get(context, {}).items():
        if len(word) >= letters and name.startswith(word):
            return f"{context} {name}".strip()
    outer = context
    while outer:
        outer = outer.rpartition(" ")[0]
        if word in _CONTEXTS[outer]:
            return f"{outer} {word}".strip()
    return None


def _deliver(context: str, part: Mapped, out: Output) -> None:
    """Hand on one command of `context`, if it bears on IPsec."""
    match = _WORD.match(part.text)
    verb = match[1].lower() if match else ""
    if context in {"ipsec static", "ipsec dynamic"}:
        if verb not in {"exit", "quit", "bye", "?", "/?", "help"}:
            out.command(context, part)
    elif context == "ipsec" and verb not in _SILENT:
        out.opaque(part, "netsh ipsec has no such command; `static` or `dynamic` is missing")
    elif _is_of_firewall(context, verb, part):
        out.command(context, part)
    elif context == "" and match is not None and verb == "exec":
        run_file(part.cut(match.end()).strip(), part, out)
    elif context == "" and (
        machine := re.match(r"(?i)set[ \t]+machine(?:[ \t]+(?:name[ \t]*=[ \t]*)?(\S+))?", part.text)
    ):
        out.host = (machine[1] or "").strip("\\").lower()
    elif context == "" and HOLE in verb and re.search(r"(?i)\b(?:ipsec|static)\b", part.text):
        out.opaque(part, out.why(part))


def _is_of_firewall(context: str, verb: str, part: Mapped) -> bool:
    """Whether the command is about connection security rules of Windows Firewall."""
    if context == "advfirewall":
        return _BEARS_ON_IPSEC.match(part.text) is not None
    return context.startswith("advfirewall ") and verb not in _SILENT


def command_line(arguments: Mapped, whole: Mapped, out: Output) -> None:
    """Read what stands after `netsh` on a command line; `whole` is the command with `netsh`."""
    context, file, host = "", None, out.host
    while match := _OPTION.match(arguments.text):
        value, option = arguments.cut(*match.span(2)).strip('"'), match[1].lower()
        if option == "c":
            context, _ = _resolve("", value)
        elif option in "af":
            file = value
        elif option == "r":
            out.host = out.readable(value).strip("\\").lower()
        arguments = arguments.cut(match.end())
    context, rest = _resolve(context, _unquoted(arguments.strip()))
    if file is not None:
        run_file(file, whole, out, context)
    elif rest.text:
        _deliver(context, rest, out)
    elif context.startswith("ipsec"):
        out.note(messages.NO_VERB, whole, context=context)
    out.host = host


def _unquoted(part: Mapped) -> Mapped:
    """Take off quotes around a whole command, as in `netsh "ipsec static ..."`."""
    match = re.fullmatch(r'"((?:ipsec|advfirewall|exec)[ \t][^"]*)"', part.text, re.IGNORECASE)
    return part.cut(*match.span(1)) if match else part


def run_file(name: Mapped, whole: Mapped, out: Output, context: str = "") -> None:
    """Read the netsh script `name`, if this script wrote it; else its effect is not known."""
    lines = out.files.read(file_key(name, out), out.flow)
    if lines is None or out.depth >= DEPTH_LIMIT:
        out.opaque(whole, f"runs the netsh script {out.readable(name)}, which is not part of this file: convert it too")
        return
    out.depth += 1
    read(lines, out, context)
    out.depth -= 1


def file_key(name: Mapped, out: Output) -> str:
    """Return what identifies the file `name` within one script: its name in lower case without quotes."""
    return out.readable(name).strip().strip("\"'").lower().removeprefix(".\\")


def read(lines: Sequence[Mapped], out: Output, context: str = "") -> None:
    """Read a netsh script that starts in `context`."""
    pushed, index = list[str](), 0
    runs = FilterLines(lines, "", prefix=False) if isinstance(lines, Document) else None
    while index < len(lines):
        line = lines[index].strip()
        count = _filter_lines(lines, runs, index, out) if context == "ipsec static" else 0
        index += count or 1
        if count or not line.text or line.text.startswith("#"):
            continue
        match = _WORD.match(line.text)
        word = match[1].lower() if match else ""
        if context == "" and _STATIC_COMMAND.match(line.text):
            out.note_once(messages.NO_CONTEXT, line)
            context = "ipsec static"
        if word in {"exit", "quit", "bye"}:
            return
        if word == "..":
            context = context.rpartition(" ")[0]
        elif word == "popd":
            context = pushed.pop() if pushed else ""
        elif match and word == "pushd":
            pushed.append(context)
            context, _ = _resolve(context, line.cut(match.end()))
        else:
            context = _line(context, line, out)


def _line(context: str, line: Mapped, out: Output) -> str:
    """Read one command of a netsh script; return the context after it."""
    prefix = _NETSH.match(line.text)
    if prefix:
        out.note_once(messages.NETSH_IN_SCRIPT, line)
        command_line(line.cut(prefix.end()), line, out)
        return context
    inner, rest = _resolve(context, line)
    if not rest.text:
        return inner
    _deliver(inner, rest, out)
    return context


def _filter_lines(lines: Sequence[Mapped], runs: FilterLines | None, index: int, out: Output) -> int:
    """Hand on the `add filter` lines from `index` on in one piece; return how many."""
    if not isinstance(lines, Document) or runs is None or out.host:
        return 0
    start = lines.starts[index]
    end = runs.end(start)
    if end > start:
        out.filter_run(lines.text[start:end], index + 1)
    return lines.text.count("\n", start, end)
