"""What a `for` of cmd.exe runs over: the rounds of a loop, as far as the script itself says them.

Source: Microsoft's command-line reference for `for`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ipsecmig.dialects.containers.batch_syntax import For
from ipsecmig.dialects.containers.expansion import Environment, Unknown
from ipsecmig.dialects.containers.output import BUDGET, Output
from ipsecmig.dialects.containers.positions import HOLE, Mapped

_ITEM = re.compile(r'(?:"[^"]*"?|[^\s,;="])+')
_OPTION = re.compile(r"(?i)\b(usebackq|delims=(?:\S*[ \t]*$|\S*)|tokens=\S+|skip=\d+|eol=\S?)")
_TOKENS = re.compile(r"(\d+)(?:-(\d+))?|(\*)")
_TOKEN_LIMIT: Final = 31


@dataclass(frozen=True, slots=True)
class FileOptions:
    """The options of `for /f`."""

    delimiters: str = " \t"
    tokens: tuple[int, ...] = (1,)
    rest: bool = False
    backquotes: bool = False
    plain: bool = True


def rounds(loop: For, items: Mapped, out: Output) -> Iterator[Environment] | Unknown:
    """Return what the loop's variables are in each round, or why that is not known.

    `items` is the loop's set with all variables filled in.
    """
    if HOLE in items.text:
        return Unknown(out.why(items))
    if loop.kind == "l":
        return _counted(loop.variable, items.text)
    if loop.kind == "f":
        return _split(loop, items.text.strip())
    if loop.kind:
        return Unknown("the loop goes over the files of the machine where the script runs")
    words = _ITEM.findall(items.text)
    if any(c in word for word in words for c in "*?"):
        return Unknown("the loop goes over the files of the machine where the script runs")
    return ({loop.variable: word} for word in words)


def _counted(variable: str, text: str) -> Iterator[Environment] | Unknown:
    try:
        start, step, end = (int(part.strip(), 0) for part in re.split(r"[,;\s]+", text.strip()))
    except ValueError:
        return Unknown("the loop does not count from one number to another")
    if step == 0 and start <= end:
        return Unknown("the loop never ends")
    numbers = range(start, end + (1 if step > 0 else -1), step) if step else range(0)
    if len(numbers) > BUDGET:
        return Unknown(f"the loop has more than {BUDGET} rounds")
    return ({variable: str(number)} for number in numbers)


def _options(text: str) -> FileOptions:
    found = FileOptions()
    delimiters, tokens, rest, backquotes, plain = found.delimiters, found.tokens, found.rest, False, True
    for match in _OPTION.finditer(text.strip('"')):
        name, _, value = match[1].partition("=")
        if name.lower() == "usebackq":
            backquotes = True
        elif name.lower() == "delims":
            delimiters = value
        elif name.lower() == "tokens":
            numbers = list(_TOKENS.finditer(value))
            tokens = tuple(
                n for m in numbers if m[1] for n in range(int(m[1]), min(int(m[2] or m[1]), _TOKEN_LIMIT) + 1)
            )
            rest = any(m[3] for m in numbers)
        else:
            plain = False
    return FileOptions(delimiters, tokens, rest, backquotes, plain)


def _split(loop: For, text: str) -> Iterator[Environment] | Unknown:
    """Return the one round of a `for /f` over a string in quotes."""
    options = _options(loop.options)
    quote = "'" if options.backquotes else '"'
    if len(text) < 2 or text[0] != quote or text[-1] != quote:
        what = "what a command prints" if text[:1] in {"'", "`"} else f"the lines of {text or 'a file'}"
        return Unknown(f"the loop goes over {what}, which is known only when the script runs")
    if not options.plain or not loop.variable.isalpha():
        return Unknown("the options of this `for /f` are not understood")
    return iter(_string_round(loop.variable, text[1:-1], options))


def _string_round(variable: str, text: str, options: FileOptions) -> list[Environment]:
    if not text or text.startswith(";"):
        return []
    word = f"[^{re.escape(options.delimiters)}]+" if options.delimiters else r"[\s\S]+"
    words = list(re.finditer(word, text))
    if not words:
        return []
    found: Environment = {}
    for number in options.tokens:
        found[_shifted(variable, len(found))] = words[number - 1][0] if 0 < number <= len(words) else ""
    if options.rest:
        last = max(options.tokens, default=0)
        found[_shifted(variable, len(found))] = text[words[last].start() :] if last < len(words) else ""
    return [found]


def _shifted(variable: str, count: int) -> str:
    return chr(ord(variable) + count)
