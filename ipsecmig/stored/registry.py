"""Registry keys and values, in whatever text or hive they were found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from ipsecmig.diagnostics import NOWHERE, Origin


class ValueType(IntEnum):
    """The type of a value, by its number in winnt.h."""

    NONE = 0
    SZ = 1
    EXPAND_SZ = 2
    BINARY = 3
    DWORD = 4
    MULTI_SZ = 7
    QWORD = 11


class RegistryValue(NamedTuple):
    """One value. Strings are `str`, numbers `int`, REG_MULTI_SZ a tuple, everything else `bytes`."""

    name: str
    type: int
    data: str | int | bytes | tuple[str, ...]
    origin: Origin = NOWHERE


@dataclass(frozen=True, slots=True)
class RegistryKey:
    r"""One key. `path` is the full path as written, `HKEY_LOCAL_MACHINE\...`; `values` go by name in lower case."""

    path: str
    values: Mapping[str, RegistryValue]
    origin: Origin = field(default=NOWHERE, compare=False)
