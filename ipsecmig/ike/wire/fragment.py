"""The payload that carries a part of a message ([MS-IKEE] 2.2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from ipsecmig.ike.errors import Malformed
from ipsecmig.ike.wire.cursor import Cursor
from ipsecmig.ike.wire.numbers import PayloadNumber

_LAST: Final = 1


@dataclass(frozen=True, slots=True)
class Fragment:
    """Part `position`, counted from 1, of the message that the sender called `identifier`."""

    number: ClassVar[int] = PayloadNumber.FRAGMENT

    identifier: int
    position: int
    last: bool
    data: bytes

    @classmethod
    def decode(cls, cursor: Cursor) -> Fragment:
        """Return the payload whose body the cursor holds. Raises Malformed, also for number 0 and unknown flags."""
        identifier = cursor.number(2, "the fragment identifier")
        start = cursor.offset
        position = cursor.number(1, "the fragment number")
        flags = cursor.number(1, "the fragment flags")
        if position == 0 or flags not in (0, _LAST):
            raise Malformed(start, f"a fragment number from 1 and flags 0 or 1, not {position} and {flags}")
        return cls(identifier, position, flags == _LAST, cursor.rest())

    def encode(self) -> bytes:
        """Return the body. Raises OverflowError or ValueError if a field does not fit."""
        return self.identifier.to_bytes(2, "big") + bytes((self.position, self.last)) + self.data
