"""Names that every form of connection security rules can say."""

from __future__ import annotations

import re
from typing import Final

_QUOTES: Final = frozenset('"\u201c\u201d\u201e\u201f\u2033\uff02')
_LONGEST: Final = 200
_RESERVED: Final = frozenset({"all", "any", ""})
INBOUND: Final = " (inbound)"
"""What is read back puts this behind the name of a tunnel for its second half."""


def sayable(text: str) -> str:
    """Return what is nearest to `text` and can be said: no quotation marks, no `|`, no control characters."""
    plain = "".join("'" if c in _QUOTES else "/" if c in "|\\" else c if c.isprintable() else " " for c in text)
    return re.sub(" +", " ", plain).strip()[:_LONGEST].strip()


class Names:
    """Gives every rule a name of its own, without case."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._last: dict[str, int] = {}

    def give(self, wanted: str) -> str:
        """Return `wanted`, or the nearest name that is sayable and free."""
        base = sayable(wanted)
        base = f"Rule {base}".strip() if base.casefold() in _RESERVED else base
        number = self._last.get(base.casefold(), 0) + 1
        name = base if number == 1 else f"{base} #{number}"
        while {name.casefold(), f"{name}{INBOUND}".casefold()} & self._taken:
            number += 1
            name = f"{base} #{number}"
        self._last[base.casefold()] = number
        self._taken |= {name.casefold(), f"{name}{INBOUND}".casefold()}
        return name
