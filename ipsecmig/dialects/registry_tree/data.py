"""The data of registry values: from their bytes to Python values.

Source: Microsoft Learn, "Registry Value Types".
"""

from __future__ import annotations

from typing import Final

from ipsecmig.stored.registry import ValueType

Data = str | int | bytes | tuple[str, ...]

_EXPAND_AND_PLAIN: Final = (ValueType.SZ, ValueType.EXPAND_SZ)
_NUMBERS: Final = {ValueType.DWORD: 4, ValueType.QWORD: 8}


class DataError(ValueError):
    """The bytes do not fit the type of the value. The message says why, `offset` at which byte."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason)
        self.offset = offset


def from_bytes(kind: int, data: bytes, encoding: str = "utf-16-le") -> Data:
    """Return what the bytes `data` of a value of the type `kind` say; bytes stay bytes for types without a meaning.

    `encoding` is that of strings: UTF-16LE, or an ANSI code page in files that begin with REGEDIT4.
    Raises DataError for a number of the wrong length and for strings that are cut off.
    """
    if kind in _NUMBERS:
        length = _NUMBERS[ValueType(kind)]
        if len(data) != length:
            raise DataError(f"the number has {len(data)} byte(s) and not {length}", min(len(data), length))
        return int.from_bytes(data, "little")
    if kind in _EXPAND_AND_PLAIN:
        return _text(data, encoding).rstrip("\0")
    if kind == ValueType.MULTI_SZ:
        return _strings(data, encoding)
    return data


def _text(data: bytes, encoding: str) -> str:
    if encoding == "utf-16-le" and len(data) % 2:
        raise DataError("the text ends in the middle of a character", len(data) - 1)
    return data.decode(encoding, "replace")


def _strings(data: bytes, encoding: str) -> tuple[str, ...]:
    """Return the strings of REG_MULTI_SZ. The empty string that ends the list may be missing, its zeros may not."""
    text = _text(data, encoding)
    if text and not text.endswith("\0"):
        raise DataError("the last string has no end: the value is cut off", len(data))
    return tuple(part for part in text.split("\0") if part)
