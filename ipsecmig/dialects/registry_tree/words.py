"""Values as reg.exe writes and takes them.

Source: Microsoft Learn, "reg add" and "reg query".
"""

from __future__ import annotations

import re
from typing import Final

from ipsecmig.dialects.registry_tree.data import Data, DataError
from ipsecmig.stored.registry import ValueType

TYPES: Final = {
    "REG_NONE": 0,
    "REG_SZ": ValueType.SZ,
    "REG_EXPAND_SZ": ValueType.EXPAND_SZ,
    "REG_BINARY": ValueType.BINARY,
    "REG_DWORD": ValueType.DWORD,
    "REG_DWORD_LITTLE_ENDIAN": ValueType.DWORD,
    "REG_DWORD_BIG_ENDIAN": 5,
    "REG_LINK": 6,
    "REG_MULTI_SZ": ValueType.MULTI_SZ,
    "REG_RESOURCE_LIST": 8,
    "REG_FULL_RESOURCE_DESCRIPTOR": 9,
    "REG_RESOURCE_REQUIREMENTS_LIST": 10,
    "REG_QWORD": ValueType.QWORD,
}
"""The numbers of the types by their names (winnt.h)."""

SEPARATOR: Final = "\\0"
"""What stands between the strings of a REG_MULTI_SZ: a backslash and a zero."""

_STRINGS: Final = (ValueType.SZ, ValueType.EXPAND_SZ, 6)
_LIMITS: Final = {ValueType.DWORD: 1 << 32, ValueType.QWORD: 1 << 64, 5: 1 << 32}
_NUMBER = re.compile(r"0x[0-9a-f]{1,16}|[0-9]{1,20}", re.IGNORECASE)
_NOT_HEX = re.compile(r"[^0-9a-f]", re.IGNORECASE)


def data(kind: int, text: str, separator: str = SEPARATOR) -> Data:
    """Return what `text` says as the data of a value of the type `kind`.

    Raises DataError where it is no number, or no bytes in hexadecimal.
    """
    if kind in _STRINGS:
        return text
    if kind == ValueType.MULTI_SZ:
        return tuple(part for part in text.split(separator) if part)
    if kind in _LIMITS:
        return _number(text.strip(), _LIMITS[kind])
    wrong = _NOT_HEX.search(text)
    if wrong is not None:
        raise DataError("there is something other than hexadecimal digits", wrong.start() // 2)
    if len(text) % 2:
        raise DataError("the last byte has one digit only: the value is cut off", len(text) // 2)
    return bytes.fromhex(text)


def _number(text: str, limit: int) -> int:
    if not _NUMBER.fullmatch(text):
        raise DataError("this is no number", 0)
    number = int(text, 16 if text[:2].lower() == "0x" else 10)
    if number >= limit:
        raise DataError("the number is too large", 0)
    return number
