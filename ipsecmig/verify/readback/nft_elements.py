"""Long lists of elements of nftables sets and maps, read without the grammar where they are plain.

A list is plain when it holds nothing but keys, verdicts and comments of whole lines. It means what the grammar says,
which reads every other list; a test compares the two.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from typing import Final

from ipsecmig.diagnostics import Origin
from ipsecmig.verify.readback.nft_model import Element, NftVerdict, VerdictKind

_LIST: Final = re.compile(
    r"^[ \t]*elements[ \t]*=[ \t]*\{((?:[ \t]*#[^\n]*\n|[^{}\"#;\n\\]*\n)*[^{}\"#;\n\\]*)\}", re.MULTILINE
)
_COMMENT: Final = re.compile(r"^[ \t]*#[^\n]*", re.MULTILINE)
_VALUE: Final = r"[\w:*/.%-]*[\w*/]"
_ELEMENT: Final = re.compile(
    rf"\s*({_VALUE}(?:[ \t]+\.[ \t]+{_VALUE})*)"
    rf"(?:[ \t]+:[ \t]+(?:(accept|drop|return|continue)|(jump|goto)[ \t]+({_VALUE})))?\s*(?:,|\Z)",
    re.ASCII,
)
_WORDS: Final = frozenset({"accept", "drop", "reject", "return", "continue", "counter", "comment", "jump", "goto"})
_SHORTEST: Final = 200
"""Lists of fewer characters are left to the grammar."""


def take_plain_lists(text: str, file: str) -> tuple[str, Mapping[int, tuple[Element, ...]]]:
    """Return `text` with every plain list emptied, its lines kept, and their elements by the line of the `{`."""
    found: dict[int, tuple[Element, ...]] = {}
    parts: list[str] = []
    after, line = 0, 1
    for match in _LIST.finditer(text):
        body = match[1]
        start = match.start(1)
        line += text.count("\n", after, start)
        place = Origin(file, line, start - text.rfind("\n", 0, start))
        elements = None if len(body) < _SHORTEST or line in found else _elements(_COMMENT.sub("", body), place)
        if elements is not None:
            found[line] = elements
        parts += [text[after:start], body if elements is None else "\n" * body.count("\n")]
        after = start + len(body)
        line += body.count("\n")
    return "".join((*parts, text[after:])), found


def _elements(body: str, place: Origin) -> tuple[Element, ...] | None:
    """Return the elements of `body`, which begins at `place`; None when it is not plain."""
    breaks = [m.start() for m in re.finditer("\n", body)]
    found: list[Element] = []
    verdicts: dict[tuple[str, str], NftVerdict] = {}
    position = 0
    while position < len(body) and (found == [] or not body[position:].isspace()):
        match = _ELEMENT.match(body, position)
        if match is None:
            return None
        key = tuple(part.strip() for part in match[1].split(" . "))
        if not _WORDS.isdisjoint(key):
            return None
        word = match[2] or match[3]
        verdict = verdicts.setdefault((word, match[4] or ""), _verdict(word, match[4])) if word else None
        found.append(Element(key, verdict, _origin(place, breaks, match)))
        position = match.end()
    return tuple(found)


def _verdict(word: str, chain: str | None) -> NftVerdict:
    return NftVerdict(VerdictKind(word), chain or "")


def _origin(place: Origin, breaks: list[int], match: re.Match[str]) -> Origin:
    start, end = match.start(1), max(match.end(1), match.end(2), match.end(4))
    before = bisect_right(breaks, start)
    column = start - breaks[before - 1] if before else start + place.column
    return Origin(place.file, place.line + before, column, column + end - start)
