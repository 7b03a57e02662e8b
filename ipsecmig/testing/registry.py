"""The registry of a host: keys by their paths, whose parents and children are there too."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from ipsecmig.stored.registry import RegistryKey, RegistryValue, ValueType

MACHINE: Final = "HKEY_LOCAL_MACHINE"
_NO_VALUES: Final[Mapping[str, RegistryValue]] = MappingProxyType({})


class AccessDenied(Exception):  # noqa: N818  the name that Windows gives to it
    """The account may not read the key. `path` is the path of the key."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(path)


class Registry:
    r"""Keys in the order in which Windows lists them. Paths are full, `HKEY_LOCAL_MACHINE\...`; case does not matter.

    `denied` are keys which may not be read, nor what is below them.
    """

    def __init__(self, keys: Iterable[RegistryKey], denied: Iterable[str] = ()) -> None:
        self._keys: dict[tuple[str, ...], RegistryKey] = {}
        self._children: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
        self._denied = frozenset(map(_folded, denied))
        for key in keys:
            self._add(key)

    def _add(self, key: RegistryKey) -> None:
        """Add a key; values of a key that is there already join those that it has."""
        path = _folded(key.path)
        known = self._keys.get(path)
        values = key.values if known is None else {**known.values, **key.values}
        self._keys[path] = RegistryKey(key.path if known is None else known.path, values)
        parts = key.path.split("\\")
        for depth in range(len(path) - 1, 0, -1):
            parent = path[:depth]
            self._keys.setdefault(parent, RegistryKey("\\".join(parts[:depth]), _NO_VALUES))
            self._children.setdefault(parent, set()).add(path[: depth + 1])

    def key(self, path: str) -> RegistryKey | None:
        """Return the key, or None. Raises AccessDenied."""
        folded = _folded(path)
        if any(folded[:depth] in self._denied for depth in range(1, len(folded) + 1)):
            raise AccessDenied(path)
        return self._keys.get(folded)

    def subkeys(self, path: str) -> tuple[RegistryKey, ...]:
        """Return the keys directly below a key, by name, whether they may be read or not."""
        return tuple(self._keys[child] for child in sorted(self._children.get(_folded(path), ())))

    def walk(self, path: str) -> Iterator[RegistryKey]:
        """Yield a key and all below it, each before its subkeys. Raises AccessDenied."""
        key = self.key(path)
        if key is not None:
            yield key
            for child in self.subkeys(path):
                yield from self.walk(child.path)


def _folded(path: str) -> tuple[str, ...]:
    return tuple(path.upper().split("\\"))


def key(path: str, /, **values: str | int) -> RegistryKey:
    r"""Return a key of HKEY_LOCAL_MACHINE with plain values: text as REG_SZ, numbers as REG_DWORD."""
    types = {str: ValueType.SZ, int: ValueType.DWORD}
    made = {name.lower(): RegistryValue(name, types[type(data)], data) for name, data in values.items()}
    return RegistryKey(f"{MACHINE}\\{path}", made)


def raw(value: RegistryValue) -> bytes:
    """Return the data of a value as the registry holds it: text in UTF-16LE with its NULs, numbers little-endian."""
    data = value.data
    if isinstance(data, bytes):
        return data
    if isinstance(data, int):
        return struct.pack("<Q" if value.type == ValueType.QWORD else "<I", data)
    text = data + "\0" if isinstance(data, str) else "".join(part + "\0" for part in data) + "\0"
    return text.encode("utf-16-le", "surrogatepass")
