"""Names of connections and children: made from the policy's own, but safe to write in swanctl.conf."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

_LONGEST: Final = 40


def slug(text: str) -> str:
    """Return `text` in lower-case ASCII letters, digits and dashes; never empty."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")
    return plain[:_LONGEST].rstrip("-") or "unnamed"


class Names:
    """Gives out names that are unique among those it gave, the same for the same questions in the same order."""

    def __init__(self) -> None:
        self._given: Counter[str] = Counter()

    def numbered(self, text: str) -> str:
        """Return the slug of `text` with the next number behind it."""
        base = slug(text)
        self._given[base] += 1
        return f"{base}-{self._given[base]}"
