"""Pipelines and commands of PowerShell: netsh itself, what wraps it, and what writes scripts for it.

Source: about_Parsing, about_Pipelines and the cmdlet reference of Microsoft's PowerShell documentation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Final

from ipsecmig.dialects.containers import ipseccmd, launchers, netsh_script
from ipsecmig.dialects.containers.expansion import Unknown
from ipsecmig.dialects.containers.output import DEPTH_LIMIT, Output
from ipsecmig.dialects.containers.positions import NOTHING, Mapped, join
from ipsecmig.dialects.containers.ps_tokens import Token, lex
from ipsecmig.dialects.containers.ps_values import NOT_KNOWN, Known, Value, Variables

if TYPE_CHECKING:
    from ipsecmig.dialects.containers.powershell import Script

_MENTION = re.compile(r"\bnetsh\b[^\n]*\bipsec\b|\bipsec[ \t]+static\b", re.IGNORECASE)
_WRAPPED = re.compile(r"\s*(?:netsh(?:\.exe)?\s+)?(ipsec\s+(?:static|dynamic)\s.*)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"\w+=")
_NAME = re.compile(r"[A-Za-z_.\\%?][^\s=]*$")
_PRINTERS: Final = {"echo", "write-output", "write"}
_SILENT: Final = {"write-host", "write-verbose", "write-warning", "write-error", "write-information", "write-debug"}
_WRITERS: Final = {
    "out-file": False,
    "set-content": False,
    "sc": False,
    "add-content": True,
    "ac": True,
    "tee-object": False,
}
_LOOPS: Final = {"foreach-object", "foreach", "%"}
_SWITCHES: Final = {"-wait", "-nonewwindow", "-passthru", "-append", "-force", "-asadmin", "-noprofile", "-nonewline"}


def bare(token: Token) -> str:
    """Return a word without any quotes or variables in lower case, empty for everything else."""
    if token.kind != "word" or any(part.kind != "bare" for part in token.parts):
        return ""
    return "".join(part.text.text for part in token.parts).lower()


def is_command(tokens: Sequence[Token]) -> bool:
    """Whether `tokens` run a command, as opposed to an expression."""
    first = tokens[0]
    if first.kind == "&":
        return len(tokens) > 1
    if first.kind != "word" or first.parts[0].kind != "bare":
        return False
    return _NAME.match(first.parts[0].text.text) is not None


def leave(part: Mapped, reason: str, out: Output) -> None:
    """Keep `part` as not understood if it speaks of IPsec."""
    if _MENTION.search(part.text):
        out.opaque(part, reason)


def run_inner(script: Script, tokens: Sequence[Token]) -> None:
    """Run the commands that stand in parentheses within an expression."""
    for token in tokens:
        inner = [token.inner] if token.kind in {"(", "@("} and token.inner is not None else []
        for code in [*inner, *(part.text for part in token.parts if part.kind == "code")]:
            if script.out.depth >= DEPTH_LIMIT:
                leave(code, "commands within commands nest too deep", script.out)
                continue
            script.out.depth += 1
            nested = [t for t in lex(code).tokens if t.kind != "\n"]
            if nested and is_command(nested):
                script.run(code)
            else:
                run_inner(script, nested)
            script.out.depth -= 1


def pipeline(script: Script, tokens: Sequence[Token], code: Mapped) -> None:
    """Run a pipeline, or several joined by `&&` and `||`."""
    groups = [list(g) for sign, g in groupby(tokens, lambda t: t.kind in {"&&", "||"}) if not sign]
    signs = ["", *(t.kind for t in tokens if t.kind in {"&&", "||"})]
    for sign, group in zip(signs, groups, strict=False):
        if sign == "||":
            script.branches("the command before `||` fails", partial(_pipeline, script, group, code))
        else:
            _pipeline(script, group, code)


def _pipeline(script: Script, tokens: Sequence[Token], code: Mapped) -> None:
    tokens, target = _redirected(script, tokens)
    elements = [list(g) for bar, g in groupby(tokens, lambda t: t.kind == "|") if not bar]
    value: Value = NOT_KNOWN
    for index, element in enumerate(elements):
        text = code.cut(element[0].start, element[-1].end)
        if is_command(element):
            value = _command(script, element, text, value, code)
        elif index == 0:
            value = script.values.expression(element)
            if isinstance(value, Unknown):
                run_inner(script, element)
    if target is not None:
        _write(script, target[1], value, append=target[0])


def _redirected(script: Script, tokens: Sequence[Token]) -> tuple[list[Token], tuple[bool, Mapped] | None]:
    """Take the redirections out of `tokens`; return the file that output goes to and whether it is appended."""
    kept: list[Token] = []
    target = None
    skip = False
    for index, token in enumerate(tokens):
        if skip:
            skip = False
        elif token.kind == "redirect":
            following = tokens[index + 1] if index + 1 < len(tokens) else None
            skip = following is not None and following.kind == "word" and following.start - token.end < 4
            if skip and following is not None and following.parts[0].text.text.lower() != "null":
                target = (token.end - token.start > 1, script.values.word(following)[0])
        else:
            kept.append(token)
    return kept, target


def _write(script: Script, name: Mapped, value: Value, *, append: bool) -> None:
    """Note what a file holds from now on."""
    key = netsh_script.file_key(name, script.out)
    if isinstance(value, Unknown):
        script.out.files.forget(key)
    else:
        script.out.files.write(key, _lines(value), script.out.flow, append=append)


def _lines(value: Known) -> list[Mapped]:
    found: list[Mapped] = []
    for item in value.items:
        start = 0
        for piece in item.text.split("\n"):
            found.append(item.cut(start, start + len(piece)))
            start += len(piece) + 1
    return found


def _command(script: Script, tokens: Sequence[Token], text: Mapped, piped: Value, code: Mapped) -> Value:
    """Run one command of a pipeline into which the value `piped` goes; return what it prints."""
    called = tokens[1:] if tokens[0].kind == "&" else tokens
    arguments = called[1:]
    if called[0].kind == "{" and called[0].inner is not None:
        script.run(called[0].inner)
        return NOT_KNOWN
    if called[0].kind != "word":
        run_inner(script, called)
        return NOT_KNOWN
    names = script.values.word(called[0])
    name = _program(names[0].text) if names else ""
    blocks = [token.inner for token in arguments if token.kind == "{" and token.inner is not None]
    if name in _LOOPS and blocks:
        script.loop("_", piped, blocks[-1], text)
    elif name in _PRINTERS and arguments:
        return script.values.expression(arguments)
    elif name in _WRITERS:
        _write_command(script, name, arguments, piped)
    elif name == "netsh" and not arguments and isinstance(piped, Known):
        netsh_script.read(_lines(piped), script.out)
    elif name in script.functions and not _wrapper(script, names + _words(script, arguments)):
        _call(script, name, arguments, text)
    elif name and name not in _SILENT:
        _program_or_cmdlet(script, name, [*names, *_words(script, arguments)], blocks, text)
    return NOT_KNOWN


def _program(text: str) -> str:
    name = re.split(r"[\\/]", text.strip())[-1].lower()
    return re.sub(r"\.(?:exe|com)$", "", name)


def _words(script: Script, tokens: Sequence[Token]) -> list[Mapped]:
    """Return the arguments that a program gets."""
    found: list[Mapped] = []
    for token in tokens:
        if token.parts:
            found += script.values.word(token)
        elif token.kind in {"(", "@("}:
            value = script.values.expression([token])
            place = token.inner.places[0] if token.inner is not None and token.inner.text else 0
            if isinstance(value, Known):
                found += value.items
            else:
                found.append(Mapped(script.out.hole(place, "(...)", value.reason), [place]))
    return found


def _write_command(script: Script, name: str, arguments: Sequence[Token], piped: Value) -> None:
    """Run `Out-File`, `Set-Content` and their like."""
    positional, named = _values(script, arguments)
    append = _WRITERS[name] or any(bare(token) == "-append" for token in arguments)
    target = next((named[n] for n in ("filepath", "path", "literalpath") if n in named), None)
    if target is None and positional:
        target = positional.pop(0)
    value = named.get("value", named.get("inputobject", positional[0] if positional else piped))
    if isinstance(target, Known) and target.items:
        _write(script, target.items[0], value, append=append)


def _values(script: Script, tokens: Sequence[Token]) -> tuple[list[Value], Variables]:
    """Return the positional and the named arguments of a cmdlet or function."""
    groups: list[list[Token]] = []
    joined = False
    for token in tokens:
        if token.kind == ",":
            joined = True
        elif joined and groups:
            groups[-1].append(token)
            joined = False
        else:
            groups.append([token])
    positional: list[Value] = []
    named: Variables = {}
    name = ""
    for group in groups:
        word = bare(group[0])
        if word.startswith("-") and len(word) > 1 and not word[1].isdigit():
            name = "" if word in _SWITCHES else word[1:].rstrip(":")
        elif name:
            named[name] = _argument(script, group)
            name = ""
        else:
            positional.append(_argument(script, group))
    return positional, named


def _argument(script: Script, group: Sequence[Token]) -> Value:
    if len(group) == 1 and group[0].kind in {"(", "@("}:
        return script.values.expression(group)
    words = _words(script, group)
    return Known(tuple(words), array=len(words) != 1)


def _call(script: Script, name: str, arguments: Sequence[Token], text: Mapped) -> None:
    if not script.out.spend():
        script.out.opaque(text, "calls itself too often to be followed")
        return
    positional, named = _values(script, arguments)
    script.call(script.functions[name], positional, named)


def _wrapper(script: Script, words: Sequence[Mapped]) -> Mapped | None:
    """Return the netsh command that `words` hand to a function or cmdlet that runs it."""
    for word in words[1:]:
        if match := _WRAPPED.match(word.text):
            return word.cut(*match.span(1))
    return None


def _program_or_cmdlet(script: Script, name: str, words: list[Mapped], blocks: Sequence[Mapped], text: Mapped) -> None:
    out = script.out
    arguments = words[1:]
    if name == "netsh":
        netsh_script.command_line(_rendered(arguments), text, out)
    elif name in ipseccmd.PROGRAMS:
        ipseccmd.command_line(_rendered(arguments), _rendered(words), out)
    elif name in {"invoke-expression", "iex"} and arguments:
        script.run(arguments[-1])
    elif name in {"start-process", "saps", "start"}:
        _start_process(arguments, text, out)
    elif name in {"cmd", "ssh", "plink", "psexec", "powershell", "pwsh"}:
        launchers.read(name, _spaced([NOTHING, *arguments]), text, out)
    elif (wrapped := _wrapper(script, words)) is not None:
        netsh_script.command_line(wrapped, text, out)
    elif len(arguments) > 2 and arguments[0].text.lower() == "ipsec":
        netsh_script.command_line(_rendered(arguments), text, out)
    elif name.endswith((".ps1", ".bat", ".cmd")):
        out.opaque(text, "runs another script, which is not part of this one: convert it too")
    elif blocks:
        _run_blocks(script, name, words, blocks)
    else:
        launchers.read(name, _spaced([NOTHING, *arguments]), _spaced(words), out)


def _run_blocks(script: Script, name: str, words: Sequence[Mapped], blocks: Sequence[Mapped]) -> None:
    """Run the script blocks given to a command that is not known, such as `Invoke-Command`."""
    out, host = script.out, script.out.host
    if name in {"invoke-command", "icm"}:
        flags = [word.text.lower() for word in words]
        if "-computername" in flags[:-1]:
            out.host = flags[flags.index("-computername") + 1]
        for block in blocks:
            script.run(block)
        out.host = host
        return
    for block in blocks:
        script.branches(f"`{name}` runs it", partial(script.run, block))


def _start_process(arguments: Sequence[Mapped], text: Mapped, out: Output) -> None:
    """Run `Start-Process`, which joins its arguments with blanks and adds no quotes."""
    words = [word for word in arguments if word.text.lower() not in {"-filepath", "-argumentlist", "-args", *_SWITCHES}]
    if words and _program(words[0].text) == "netsh":
        ends = [
            i for i, word in enumerate(words) if re.match(r"(?i)-(?:verb|windowstyle|workingdirectory)$", word.text)
        ]
        netsh_script.command_line(_spaced([NOTHING, *words[1 : ends[0] if ends else None]]), text, out)
    elif words:
        launchers.read(_program(words[0].text), _spaced([NOTHING, *words[1:]]), _spaced(words), out)


def _spaced(words: Sequence[Mapped]) -> Mapped:
    """Join `words` with one blank between each two."""
    parts: list[Mapped] = []
    for index, word in enumerate(words):
        if index:
            following = word.places[0] - 1 if word.text else 0
            parts.append(Mapped(" ", [max(0, following)]))
        parts.append(word)
    return join(parts)


def _rendered(words: Sequence[Mapped]) -> Mapped:
    """Return the command line that PowerShell makes of `words`: those with blanks get quotes.

    PowerShell puts them around the whole argument; here they go around the value, which netsh reads the same.
    """
    return _spaced([NOTHING, *(_quoted(word) for word in words)])


def _quoted(word: Mapped) -> Mapped:
    if not re.search(r"\s", word.text) or '"' in word.text:
        return word
    match = _TAG.match(word.text)
    start = match.end() if match else 0
    if not match and re.match(r"(?i)ipsec\s", word.text):
        return word
    value = word.cut(start)
    quotes = [Mapped('"', [max(0, place)]) for place in (value.places[0] - 1, value.places[-1] + 1)]
    return join([word.cut(0, start), quotes[0], value, quotes[1]])
