"""The one reader of bytes: it never reads past its block, and a block must be read to its end."""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import TypeVar

from ipsecmig.ike.errors import Malformed

T = TypeVar("T")


class Cursor:
    """A place in received bytes, inside a block that it cannot leave. Numbers are unsigned and big-endian.

    Every `what` names the field for the message of the `Malformed` that is raised when it does not fit the block.
    """

    __slots__ = ("_data", "_end", "_offset")

    def __init__(self, data: bytes, start: int = 0, end: int | None = None) -> None:
        self._data = data
        self._offset = start
        self._end = len(data) if end is None else end

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

    def block(self, length: int, what: str, decode: Callable[[Cursor], T]) -> T:
        """Return what `decode` makes of the next `length` octets; raises Malformed unless it reads all of them."""
        end = self._offset + length
        if end > self._end:
            raise self._short(length, what)
        inner = Cursor(self._data, self._offset, end)
        self._offset = end
        value = decode(inner)
        if inner._offset != end:
            inner.finish(what)
        return value

    def _short(self, count: int, what: str) -> Malformed:
        return Malformed(self._offset, f"{count} octets of {what}, not {self._end - self._offset}")

    def finish(self, what: str) -> None:
        """Raise Malformed if anything is left."""
        if self.remaining:
            raise Malformed(self._offset, f"the end of {what}, not {self.remaining} more octets")
