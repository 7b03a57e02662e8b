"""Finds long runs of plain `add filter` lines, which generated block lists consist of, without reading them."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from ipsecmig.dialects.containers.positions import Document

_WITH_PREFIX = re.compile(r"(?:[ \t]*+(?i:netsh[ \t]++ipsec[ \t]++static[ \t]++add[ \t]++filter)[ \t].*+\n)++")
_WITHOUT_PREFIX = re.compile(r"(?:[ \t]*+(?i:add[ \t]++filter)[ \t].*+\n)++")

_TELLING: Final = 1 << 17

BATCH_SIGNS: Final = "&|<>^()%!"
POWERSHELL_SIGNS: Final = "&|<>(){}@$;,#'\"`%"


class FilterLines:
    """The runs of one document. A line with one of the `signs`, which mean something to its container, ends a run."""

    def __init__(self, document: Document, signs: str, *, prefix: bool = True) -> None:
        self._text = document.text
        self._pattern = _WITH_PREFIX if prefix else _WITHOUT_PREFIX
        self._next = dict.fromkeys(signs, -1)
        self._start = 0

    def end(self, start: int) -> int:
        """Return the offset after the run that begins at the line start `start`; `start` itself if none does.

        Calls with growing starts are fast, as the next place of each sign is remembered.
        """
        text, back = self._text, start < self._start
        self._start = start
        for sign, place in self._next.items():
            if place < start or back:
                found = text.find(sign, start)
                self._next[sign] = len(text) if found < 0 else found
        limit = min(self._next.values(), default=len(text))
        if limit < len(text):
            limit = text.rfind("\n", 0, limit) + 1
        match = self._pattern.match(text, start, limit) if limit > start else None
        return match.end() if match else start


class Telling(NamedTuple):
    """The beginning of a text, plain lines left out, which tells what the text is."""

    text: str
    netsh_lines: bool


def telling(text: str) -> Telling:
    """Return what stands beside the plain lines of `text`, and whether any of those begin with `netsh`."""
    parts: list[str] = []
    at = size = 0
    netsh_lines = False
    while at < len(text) and size < _TELLING:
        if match := _WITH_PREFIX.match(text, at):
            netsh_lines = True
        elif not (match := _WITHOUT_PREFIX.match(text, at)):
            end = text.find("\n", at) + 1 or len(text)
            parts.append(text[at:end])
            size += end - at
            at = end
            continue
        at = match.end()
    return Telling("".join(parts), netsh_lines)
