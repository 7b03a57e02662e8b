"""Strings and GUIDs as blobs hold them."""

from __future__ import annotations

import re
from struct import Struct
from typing import Final, NamedTuple
from uuid import UUID

_LENGTH: Final = Struct("<I")
_NUL: Final = "\0"
_GUID: Final = re.compile(r"\{[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}", re.IGNORECASE)


class WideString(NamedTuple):
    """A string: `raw` is UTF-16LE with its NUL, just as stored, so that also a broken one survives reading and writing.

    A tuple, because every filter has three.
    """

    raw: bytes

    @classmethod
    def of(cls, text: str) -> WideString:
        """Return the string that says `text`; raises UnicodeEncodeError for half a surrogate pair."""
        return cls((text + _NUL).encode("utf-16-le")) if text else EMPTY

    @property
    def text(self) -> str:
        """What it says, up to the first NUL; a character that is none is shown as U+FFFD."""
        return self.raw.decode("utf-16-le", "replace").partition(_NUL)[0]

    @property
    def is_sound(self) -> bool:
        """Whether `text` says everything: it ends in its only NUL, or is empty, and every character is one."""
        return not self.raw or self.raw == (self.text + _NUL).encode("utf-16-le", "replace")

    def write(self) -> bytes:
        """Return its bytes: the length in bytes, then the string."""
        return _LENGTH.pack(len(self.raw)) + self.raw


EMPTY: Final = WideString(b"\0\0")
"""The empty string as Windows writes it."""


def guid_text(raw: bytes) -> str:
    """Return the 16 bytes of a GUID (COM layout, the first three parts little-endian) as `{...}` in lower case."""
    return f"{{{UUID(bytes_le=raw)}}}"


def guid_bytes(text: str) -> bytes:
    """Return a GUID written as `{...}` as its 16 bytes; raises ValueError for anything else."""
    if not _GUID.fullmatch(text):
        raise ValueError(f"not a GUID in braces: {text!r}")
    return UUID(text).bytes_le
