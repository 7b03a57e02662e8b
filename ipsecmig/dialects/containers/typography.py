"""Typographic look-alikes in commands: curly quotes, long dashes, full-width signs, blanks that do not break.

They come from word processors and web pages. Each becomes one ASCII character, so that places stay what they are.
Inside ASCII quotes and in preshared keys they are left alone: there they may be meant.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from ipsecmig.diagnostics import Diagnostic, Origin
from ipsecmig.dialects.containers.messages import TYPOGRAPHY

_LOOKALIKES: Final = (
    {ord(c): '"' for c in "“”„‟«»＂〝〞"}
    | {ord(c): "'" for c in "‘’‚‛＇"}
    | {ord(c): "-" for c in "‐‑‒–—―−－"}
    | {
        ord(c): " "
        for c in "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
    }
    | {
        ord(c): ord(c) - 0xFEE0
        for c in "，：；！＆＊＋．／＜＝＞？＠＼＾＿｀｛｜｝～％＃＄［］（）０１２３４５６７８９"
    }
    | {code: code - 0xFEE0 for code in (*range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}
)
_CANDIDATE = re.compile("[" + "".join(re.escape(chr(code)) for code in _LOOKALIKES) + "]")
_CURLY: Final = "“”„‟«»＂〝〞"
_KEPT = re.compile(rf'"[^"\n]*"?|\bpsk?[ \t]*=[ \t]*(?:[{_CURLY}][^{_CURLY}"\n]*[{_CURLY}]|[^\s"]+)', re.IGNORECASE)
_CURLED = re.compile(rf"([{_CURLY}])([^{_CURLY}\n]*)([{_CURLY}])")
_NO_COMMAND = re.compile(r"[\s@]*(?:rem\b|::|#|//|echo\b|title\b|write-)", re.IGNORECASE)


def normalise(text: str, file: str) -> tuple[str, tuple[Diagnostic, ...]]:
    """Return `text`, as long as before, with look-alikes in commands replaced, and what is to be said about it."""
    if text.isascii() or not _CANDIDATE.search(text):
        return text, ()
    changed: list[tuple[Origin, int, str]] = []
    lines = []
    for number, line in enumerate(text.split("\n"), 1):
        plain = line if line.isascii() or _NO_COMMAND.match(line) else _plain(line)
        places = [i for i, (old, new) in enumerate(zip(line, plain, strict=True)) if old != new]
        if places:
            changed.append((Origin(file, number, places[0] + 1, places[0] + 2), len(places), line[places[0]]))
        lines.append(plain)
    return "\n".join(lines), (_said(changed),) if changed else ()


def _said(changed: list[tuple[Origin, int, str]]) -> Diagnostic:
    origin, _, character = changed[0]
    others = ", ".join(str(place.line) for place, _, _ in changed[1:6]) + (", ..." if len(changed) > 6 else "")
    return TYPOGRAPHY.say(
        origin,
        character,
        count=sum(count for _, count, _ in changed),
        name=unicodedata.name(character, "a sign without a name"),
        lines=f" (also on line {others})" if others else "",
    )


def _plain(line: str) -> str:
    """Return `line` with look-alikes replaced outside of what is to be kept."""
    parts, done = [], 0
    for match in _KEPT.finditer(line):
        parts += [_straight(line[done : match.start()]), _quotes_only(match[0])]
        done = match.end()
    return "".join([*parts, _straight(line[done:])])


def _straight(part: str) -> str:
    """Replace look-alikes, but within curly quotes only the quotes."""
    parts, done = [], 0
    for match in _CURLED.finditer(part):
        parts += [part[done : match.start()].translate(_LOOKALIKES), f'"{match[2]}"']
        done = match.end()
    return "".join([*parts, part[done:].translate(_LOOKALIKES)])


def _quotes_only(part: str) -> str:
    """Replace the curly quotes around a preshared key."""
    return part if part.startswith('"') else _CURLED.sub(r'"\2"', part)
