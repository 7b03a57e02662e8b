"""Small pieces of text that several reports share."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def count(number: int, singular: str, plural: str | None = None) -> str:
    """Return the number with its noun: `1 loss`, `1,200 losses`."""
    noun = singular if number == 1 else plural or f"{singular}s"
    return f"{number:,} {noun}"


def listed(words: Sequence[str], most: int = 5) -> str:
    """Return the first words in one line, and how many more there are."""
    shown = ", ".join(words[:most])
    return shown if len(words) <= most else f"{shown} and {len(words) - most:,} more"


def width(text: str) -> int:
    """Return how many terminal columns `text` takes (UAX #11: wide and full-width characters take two)."""
    if text.isascii():
        return len(text)
    return sum(_columns(c) for c in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def visible(text: str) -> str:
    """Return `text` with every control character written as an escape, so that it cannot steer a terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else _escape(c) for c in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
