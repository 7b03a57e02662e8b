"""Sections of strongSwan's settings read without the grammar where they are plain, since files have thousands of them.

A section is plain when each of its lines is blank, a comment, or one key with unquoted words. It means what the grammar
says, which reads everything else; a test compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ipsecmig.diagnostics import Origin


@dataclass(frozen=True, slots=True)
class Setting:
    """One value with its place."""

    value: str
    origin: Origin


_NAME: Final = r"(?!include\b)[\w.-]++"
_WORD: Final = r"(?!include\b)[\w./:,\[\]%@|*+-]++"
_SETTING: Final = rf"{_NAME}[ \t]*+=[ \t]*+{_WORD}(?:[ \t]++{_WORD})*+"
_SECTION: Final = re.compile(
    rf"^[ \t]*+{_NAME}[ \t]*+\{{[ \t]*+\n((?:[ \t]*+(?:#[^\n]*+|{_SETTING})?[ \t]*+\n)++)(?=[ \t]*+\}})",
    re.MULTILINE | re.ASCII,
)
_PARTS: Final = re.compile(rf"^[ \t]*+(?:#[^\n]*+|({_NAME})[ \t]*+=[ \t]*+([^\n]*[^\s]))?", re.MULTILINE | re.ASCII)
_QUOTING: Final = re.compile(r'[^"\n]*+"[^\n]*+')
_QUOTED_ON_ONE_LINE: Final = re.compile(r'[ \t]*#[^\n]*|[^"#\n]*"[^"\\\n]*"[ \t]*')

Settings = Mapping[str, Setting]


def take_plain_sections(text: str, file: str) -> tuple[str, Mapping[int, Settings]]:
    """Return `text` with every plain section emptied, its lines kept, and their settings by the line of the name.

    Nothing is taken from a text in which a quoted string may go on over several lines.
    """
    if not all(_QUOTED_ON_ONE_LINE.fullmatch(line) for line in _QUOTING.findall(text)):
        return text, {}
    found: dict[int, Settings] = {}
    parts: list[str] = []
    after, line = 0, 1
    for match in _SECTION.finditer(text):
        body, start = match[1], match.start(1)
        line += text.count("\n", after, start)
        found[line - 1] = dict(_settings(body, file, line))
        parts += [text[after:start], "\n" * body.count("\n")]
        after = start + len(body)
        line += body.count("\n")
    return "".join((*parts, text[after:])), found


def _settings(body: str, file: str, first: int) -> Iterator[tuple[str, Setting]]:
    """Yield the settings of `body`, which begins with line `first`."""
    for number, line in enumerate(body.split("\n"), first):
        match = _PARTS.match(line)
        if match is not None and match[1] is not None:
            value = " ".join(match[2].split())
            yield match[1], Setting(value, Origin(file, number, match.start(1) + 1, match.end(2) + 1))
