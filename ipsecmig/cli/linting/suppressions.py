"""What a person has set aside, with a reason and perhaps a date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum

from ipsecmig.diagnostics import Origin


class SuppressionKind(Enum):
    """Where a suppression stands."""

    INLINE = "inline"
    CONFIGURED = "configured"


@dataclass(frozen=True, slots=True)
class Suppression:
    """One suppression of some codes. It holds up to and with the day `expires`.

    An inline one, at `origin`, covers what stands on the lines `first` to `last`; a configured one the object
    called `object`, or every object where that is empty.
    """

    kind: SuppressionKind
    codes: frozenset[str]
    reason: str
    origin: Origin
    expires: date | None = None
    first: int = 0
    last: int = 0
    object: str = ""
