"""The one reader of bytes: it never reads past its block, and a block must be read to its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from struct import Struct
from typing import Final, TypeVar

from ipsecmig.ike.errors import Malformed

T = TypeVar("T")

GENERIC_LAYOUT: Final = Struct("!BBH")
"""The generic header: next payload, reserved, length of the payload with these octets (RFC 2408 section 3.2)."""

GENERIC_HEADER: Final = GENERIC_LAYOUT.size
"""The octets of a generic header."""


class Cursor:
    """A place in received bytes, inside a block that it cannot leave. Numbers are unsigned and big-endian.

    Every `what` names the field for the message of the `Malformed` that is raised when it does not fit the block.
    """

    __slots__ = ("_data", "_end", "_offset")

    def __init__(self, data: bytes, start: int = 0) -> None:
        self._data = data
        self._offset = start
        self._end = len(data)

    @property
    def offset(self) -> int:
        """Where the next octet comes from, counted from the start of everything that was received."""
        return self._offset

    @property
    def remaining(self) -> int:
        """How many octets are left in the block."""
        return self._end - self._offset

    def octets(self, count: int, what: str) -> bytes:
        """Return the next `count` octets."""
        start, end = self._offset, self._offset + count
        if end > self._end:
            raise self._short(count, what)
        self._offset = end
        return self._data[start:end]

    def rest(self) -> bytes:
        """Return everything up to the end of the block."""
        start, self._offset = self._offset, self._end
        return self._data[start : self._end]

    def apart(self, read: Callable[[bytes], T]) -> T:
        """Return what `read` makes of everything up to the end of the block; where it is Malformed counts from here."""
        start = self._offset
        try:
            return read(self.rest())
        except Malformed as error:
            raise Malformed(start + error.offset, error.expected) from None

    def number(self, width: int, what: str) -> int:
        """Return the number in the next `width` octets."""
        return int.from_bytes(self.octets(width, what), "big")

    def numbers(self, layout: Struct, what: str) -> tuple[int, ...]:
        """Return the numbers in the next octets, which are as `layout` says."""
        start, end = self._offset, self._offset + layout.size
        if end > self._end:
            raise self._short(layout.size, what)
        self._offset = end
        return layout.unpack_from(self._data, start)

    def reserved(self, width: int) -> None:
        """Pass over `width` octets that must be zero (RFC 2408 section 5.3)."""
        start = self._offset
        if self.number(width, "a reserved field") != 0:
            raise Malformed(start, f"{width} reserved octets that are zero")

    def chain(
        self,
        first: int,
        limit: int,
        decoders: Mapping[int, Callable[[Cursor], T]],
        other: Callable[[int, Cursor], Callable[[Cursor], T]],
    ) -> tuple[T, ...]:
        """Return the payloads of a chain whose first has type `first`; reading stops behind the last.

        `decoders` are those of known payload types; for a further one `other` returns the decoder, or raises Malformed
        at the cursor if the chain may not hold one. While a body is read it is the block. Raises Malformed also for
        more than `limit` payloads, and unless a decoder reads all of the body.
        """
        found: list[T] = []
        number, outer = first, self._end
        while number:  # 0 is no payload
            start = self._offset
            if len(found) == limit:
                raise Malformed(start, f"at most {limit} payloads in a chain")
            decode = decoders.get(number) or other(number, self)
            body = start + GENERIC_HEADER
            if body > outer:
                raise self._short(GENERIC_HEADER, "a payload header")
            number, reserved, length = GENERIC_LAYOUT.unpack_from(self._data, start)
            self._offset, end = body, start + length
            if reserved:
                raise Malformed(start + 1, "1 reserved octets that are zero")
            if length < GENERIC_HEADER:
                raise Malformed(start + 2, f"a payload length of at least {GENERIC_HEADER}, not {length}")
            if end > outer:
                raise self._short(length - GENERIC_HEADER, "the payload")
            self._end = end
            found.append(decode(self))
            if self._offset != end:
                self.finish("the payload")
            self._end = outer
        return tuple(found)

    def _short(self, count: int, what: str) -> Malformed:
        return Malformed(self._offset, f"{count} octets of {what}, not {self._end - self._offset}")

    def finish(self, what: str) -> None:
        """Raise Malformed if anything is left."""
        if self._offset != self._end:
            raise Malformed(self._offset, f"the end of {what}, not {self.remaining} more octets")
