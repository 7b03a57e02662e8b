"""The one reader of blobs: it never reads past the end, and takes no memory for what a count merely announces."""

from __future__ import annotations

from struct import Struct
from typing import Any, Final

from ipsecmig.stored.blobs.errors import MalformedBlob
from ipsecmig.stored.blobs.text import EMPTY, WideString, guid_text

DWORD: Final = Struct("<I")
_EMPTY: Final = EMPTY.write()


class Cursor:
    """A place in a blob. Numbers are unsigned and little-endian unless a layout says otherwise.

    Every `what` names the field in the `MalformedBlob` that is raised where it does not fit.
    """

    __slots__ = ("_data", "offset")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.offset = 0

    @property
    def remaining(self) -> int:
        """How many bytes are left."""
        return len(self._data) - self.offset

    def at(self, mark: bytes) -> bool:
        """Whether the next bytes are `mark`."""
        return self._data.startswith(mark, self.offset)

    def find(self, mark: bytes) -> int:
        """Return the offset of the next `mark` from here on; -1 where there is none."""
        return self._data.find(mark, self.offset)

    def skip(self, mark: bytes) -> bool:
        """Pass over `mark` if the next bytes are it; return whether they were."""
        found = self._data.startswith(mark, self.offset)
        if found:
            self.offset += len(mark)
        return found

    def take(self, count: int, what: str) -> bytes:
        """Return the next `count` bytes."""
        start, end = self.offset, self.offset + count
        if end > len(self._data):
            raise self._short(count, what)
        self.offset = end
        return self._data[start:end]

    def rest(self) -> bytes:
        """Return everything that is left."""
        return self.take(self.remaining, "")

    def number(self, what: str) -> int:
        """Return the number in the next four bytes."""
        found: int = self.fields(DWORD, what)[0]
        return found

    def fields(self, layout: Struct, what: str) -> tuple[Any, ...]:
        """Return what the next bytes hold, laid out as `layout`: numbers and byte strings."""
        start, end = self.offset, self.offset + layout.size
        if end > len(self._data):
            raise self._short(layout.size, what)
        self.offset = end
        return layout.unpack_from(self._data, start)

    def count(self, least: int, what: str) -> int:
        """Return the number in the next four bytes, which counts things of at least `least` bytes each."""
        start = self.offset
        count = self.number(f"the number of {what}")
        if count * least > self.remaining:
            fitting = self.remaining // least
            raise MalformedBlob(
                start, f"a number of {count:,} {what}", f"one of at most {fitting:,}, for which there is room"
            )
        return count

    def string(self, what: str) -> WideString:
        """Return the string that comes next."""
        if self._data.startswith(_EMPTY, self.offset):
            self.offset += len(_EMPTY)
            return EMPTY
        return WideString(self.counted(what))

    def counted(self, what: str) -> bytes:
        """Return the bytes that come next after their number."""
        return self.take(self.count(1, f"bytes of {what}"), what)

    def type(self, type_guid: bytes, what: str) -> None:
        """Pass over the GUID that says what kind of blob it is."""
        start = self.offset
        found = self.take(len(type_guid), f"the type of {what}")
        if found != type_guid:
            raise MalformedBlob(start, f"the type {guid_text(found)}", f"{guid_text(type_guid)}, {what}")

    def header(self, type_guid: bytes, what: str) -> int:
        """Pass over the type of the blob and return its Data-Length, which nobody should believe."""
        self.type(type_guid, what)
        return self.number("the data length")

    def _short(self, count: int, what: str) -> MalformedBlob:
        return MalformedBlob(self.offset, f"{self.remaining:,} bytes up to the end", f"{count:,} bytes of {what}")
