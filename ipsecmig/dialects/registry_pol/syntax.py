"""The records of a `registry.pol`: `[key;value;type;size;data]`, all in UTF-16LE ([MS-GPREG] 2.2.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ipsecmig.diagnostics import Origin
from ipsecmig.dialects.registry_pol.entry import MAGIC
from ipsecmig.dialects.registry_tree.data import Data, DataError, from_bytes
from ipsecmig.dialects.registry_tree.paths import place
from ipsecmig.dialects.registry_tree.tree import Change, KeyDeleted, ValueDeleted, ValueSet
from ipsecmig.stored.registry import RegistryValue, ValueType

_HEAD: Final = MAGIC + b"\x01\0\0\0"
_NAMES = re.compile(
    rb"\[\0(?P<key>(?:(?!\0\0)[\s\S]{2})++)\0\0;\0(?P<name>(?:(?!\0\0)[\s\S]{2})*+)\0\0;\0"
    rb"(?P<kind>[\s\S]{4});\0(?P<size>[\s\S]{4});\0"
)
_END: Final = b"]\0"
_ROOT: Final = "HKEY_LOCAL_MACHINE\\"
_DELETED: Final = "**del."
_ALL_DELETED: Final = "**delvals"
_SOFT: Final = "**soft."
_LISTS: Final = {"**deletevalues": False, "**deletekeys": True}


class PolError(ValueError):
    """The file is damaged. The message says how, `offset` where."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason)
        self.offset = offset


def changes(data: bytes, file: str) -> Iterator[Change]:
    """Yield what the records of the file `data` change in the keys that matter. Raises PolError for damage."""
    if not data.startswith(_HEAD):
        raise PolError("this is no registry.pol of version 1", 0)
    position = len(_HEAD)
    while position < len(data):
        found = _NAMES.match(data, position)
        if found is None:
            raise PolError("this is no record", position)
        end = found.end() + int.from_bytes(found["size"], "little")
        if data[end : end + len(_END)] != _END:
            raise PolError("the record does not end where it says", position)
        path = _ROOT + found["key"].decode("utf-16-le", "replace")
        if place(path) is not None:
            yield from _record(path, found, data[found.end() : end], file)
        position = end + len(_END)


def _record(path: str, found: re.Match[bytes], data: bytes, file: str) -> Iterator[Change]:
    name = found["name"].decode("utf-16-le", "replace")
    origin = Origin(f"{file}: {path}\\{name}", offset=found.end())
    lower = name.lower()
    if lower.startswith(_ALL_DELETED):
        yield ValueDeleted(path, None, origin)
    elif lower.startswith(_DELETED):
        yield ValueDeleted(path, name[len(_DELETED) :], origin)
    elif lower in _LISTS:
        for one in str(_data(ValueType.SZ, data, found)).split(";"):
            yield KeyDeleted(f"{path}\\{one}", origin) if _LISTS[lower] else ValueDeleted(path, one, origin)
    elif not name.startswith("**") or lower.startswith(_SOFT):
        kind = int.from_bytes(found["kind"], "little")
        name = name[len(_SOFT) :] if lower.startswith(_SOFT) else name
        yield ValueSet(path, RegistryValue(name, kind, _data(kind, data, found), origin))


def _data(kind: int, data: bytes, found: re.Match[bytes]) -> Data:
    try:
        return from_bytes(kind, data)
    except DataError as error:
        raise PolError(f"the data do not fit their type: {error}", found.end() + error.offset) from error
