"""Whether a text is what `netsh ipsec static show` prints, in a language that a table has or in any other."""

from __future__ import annotations

import re
from typing import Final

from ipsecmig.dialects import decoding
from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.netsh_show import structure
from ipsecmig.dialects.netsh_show.vocabulary import Key, Vocabulary
from ipsecmig.errors import InputError

_LOOKED_AT: Final = 1 << 16
_CERTAIN: Final = 97
_LIKELY: Final = 40
_COMMANDS: Final = re.compile(
    r"\b(?:static|dynamic)[ \t]+(?:add|set|del\w*)[ \t]|^[ \t]*(?:add|set|del\w*)[ \t]+(?:policy|rule|filter\w*)[ \t]",
    re.IGNORECASE | re.MULTILINE,
)
_FAILURE: Final = re.compile(r"^[ \t]*ERR IPsec\[\d{4,5}\]", re.IGNORECASE | re.MULTILINE)
_STATE: Final = re.compile(
    r"^[ \t]*IKE Main Mode SAs at\b|^[^\n]*\bipsec[ \t]+dynamic[ \t]+show\b", re.IGNORECASE | re.MULTILINE
)
_BEGINNINGS: Final = frozenset(
    {Key.POLICY_NAME, Key.LIST_NAME, Key.ACTION_NAME, Key.RULE_ID, Key.SOURCE_MACHINE, Key.MIRRORED}
)
_ENOUGH: Final = 3


def certainty(source: Source) -> int:
    """Return how sure it is, from 0 to 100, that `source` is such an output."""
    beginning = source.data[:_LOOKED_AT]
    if beginning.count(b":") < 1 or beginning.startswith((b"regf", b"<?xml")):
        return 0
    try:
        text = decoding.decode(Source(source.name, beginning[: len(beginning) & ~3]), ReadOptions()).text
    except InputError:
        return 0
    vocabulary = Vocabulary({})
    found = {key for line in text.split("\n") if (key := _key(line, vocabulary)) is not None}
    if (found & _BEGINNINGS and len(found) >= _ENOUGH) or _is_structured(text):
        return _CERTAIN
    if _STATE.search(text) or _FAILURE.search(text):
        return _LIKELY if _COMMANDS.search(text) else _CERTAIN
    return _LIKELY if found & _BEGINNINGS else 0


def _key(line: str, vocabulary: Vocabulary) -> Key | None:
    label, colon, _ = line.partition(":")
    return vocabulary.key(label) if colon else None


def _is_structured(text: str) -> bool:
    """Whether the blocks of a filter list stand there, under labels that no table has."""
    return bool(structure.learn(text, Vocabulary({})))
