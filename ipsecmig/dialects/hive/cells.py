"""The cells of a hive: keys, values, lists and data, each read within its own bounds.

The layouts are regipy's (the extra `hive`), imported when a hive is opened. regipy itself skips what is damaged; here
that is an error.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from ipsecmig.errors import UsageError

if TYPE_CHECKING:
    from types import ModuleType

MAGIC: Final = b"regf"
WITHOUT_REGIPY: Final = "reading a hive of the registry needs regipy: pip install 'ipsecmig[hive]'"

_BASE: Final = 4096
_NAME: Final = range(48, 112)
"""Where the head keeps the name of the file, which tells nothing and need not even be text."""

_KEY_SIZE: Final = 76
_VALUE_SIZE: Final = 20
_INLINE: Final = 1 << 31
_SEGMENT: Final = 16344
"""The most that one cell of a big value holds; larger values are in several cells since version 1.4."""

_CELL_LIMIT: Final = 200_000
"""How many cells are looked at in all; each key has two or three, each value one or two."""

_READ_LIMIT: Final = 4
"""How many times the size of the hive all cells may be that are looked at: only those near its root are more often."""

_ENTRY_SIZES: Final = {b"lf": 8, b"lh": 8, b"li": 4, b"ri": 4}


class HiveError(ValueError):
    """The hive is damaged, or lies. The message says how, `offset` where in the file."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason)
        self.offset = offset


class Key(NamedTuple):
    """One key; `offset` is where its record stands in the file, the lists count from the first bin."""

    name: str
    offset: int
    subkeys: int
    subkey_list: int
    values: int
    value_list: int


class Value(NamedTuple):
    """One value; `offset` is where its record stands in the file."""

    name: str
    kind: int
    data: bytes
    offset: int


class Hive:
    """A hive in memory."""

    def __init__(self, data: bytes) -> None:
        """Open the hive `data`. Raises HiveError for a damaged head, UsageError where regipy is missing."""
        self._layouts = _layouts()
        self._data = data
        if len(data) < _BASE:
            raise HiveError("it ends within its head", len(data))
        named = data[: _NAME.start] + bytes(len(_NAME)) + data[_NAME.stop : _BASE]
        head = self._layouts.REGF_HEADER.parse(named)
        self.clean = bool(head.primary_sequence_num == head.secondary_sequence_num)
        self._big_data = int(head.minor_version) > 3
        self._root = int(head.root_key_offset)
        self._cells = 0
        self._octets = 0

    def root(self) -> Key:
        """Return the key that all others are below."""
        return self._key(self._root)

    def subkeys(self, key: Key) -> Iterator[Key]:
        """Yield the keys right below `key`."""
        if key.subkeys:
            for offset in self._entries(key.subkey_list, nested=False):
                yield self._key(offset)

    def values(self, key: Key) -> Iterator[Value]:
        """Yield the values of `key`."""
        if not key.values:
            return
        table = self._cell(key.value_list)
        if key.values * 4 > len(table):
            raise HiveError(f"its list has no room for {key.values} values", _BASE + key.value_list)
        for (offset,) in struct.iter_unpack("<I", table[: key.values * 4]):
            yield self._value(offset)

    def _cell(self, offset: int) -> bytes:
        """Return what is in the cell at `offset`."""
        start = _BASE + offset
        if start + 4 > len(self._data):
            raise HiveError("it refers to something beyond its end", start)
        size = -int.from_bytes(self._data[start : start + 4], "little", signed=True)
        if size < 4 or start + size > len(self._data):
            raise HiveError("a cell is free, or goes beyond its end", start)
        self._cells += 1
        self._octets += size
        if self._cells > _CELL_LIMIT:
            raise HiveError(f"more than {_CELL_LIMIT:,} cells for keys and values, far more than policies need", start)
        if self._octets > _READ_LIMIT * len(self._data):
            raise HiveError("the same cells are in the lists of many keys or values", start)
        return self._data[start + 4 : start + size]

    def _record(self, offset: int, signature: bytes, size: int) -> bytes:
        cell = self._cell(offset)
        if not cell.startswith(signature) or len(cell) < size:
            raise HiveError(f"this is no {signature.decode()} record", _BASE + offset)
        return cell

    def _key(self, offset: int) -> Key:
        cell = self._record(offset, b"nk", _KEY_SIZE)
        node = self._layouts.CM_KEY_NODE.parse(cell[2:])
        name = bytes(node.key_name_string)
        if len(name) != node.key_name_size:
            raise HiveError("the name of a key is longer than its record", _BASE + offset)
        text = name.decode("latin-1" if node.flags.KEY_COMP_NAME else "utf-16-le", "replace")
        lists = int(node.subkeys_list_offset), int(node.values_count), int(node.values_list_offset)
        return Key(text, _BASE + offset, int(node.subkey_count), *lists)

    def _entries(self, offset: int, *, nested: bool) -> Iterator[int]:
        """Yield the offsets in the list at `offset`; a list of lists, which may not be `nested`, is gone through."""
        cell = self._cell(offset)
        size = _ENTRY_SIZES.get(cell[:2], 0)
        count = int.from_bytes(cell[2:4], "little")
        if not size or (nested and cell.startswith(b"ri")) or 4 + size * count > len(cell):
            raise HiveError("this is no list of keys", _BASE + offset)
        for at in range(4, 4 + size * count, size):
            entry = int.from_bytes(cell[at : at + 4], "little")
            if cell.startswith(b"ri"):
                yield from self._entries(entry, nested=True)
            else:
                yield entry

    def _value(self, offset: int) -> Value:
        cell = self._record(offset, b"vk", _VALUE_SIZE)
        record = self._layouts.VALUE_KEY.parse(cell)
        name = bytes(record.name)
        if len(name) != record.name_size:
            raise HiveError("the name of a value is longer than its record", _BASE + offset)
        text = name.decode("latin-1" if record.flags.VALUE_COMP_NAME else "utf-16-le", "replace")
        data = self._content(int(record.data_size), int(record.data_offset), _BASE + offset)
        return Value(text, int(record.data_type), data, _BASE + offset)

    def _content(self, size: int, offset: int, record: int) -> bytes:
        """Return the data of a value; up to four bytes stand in place of their offset."""
        if size & _INLINE:
            size -= _INLINE
            if size > 4:
                raise HiveError("its data do not fit where they stand", record)
            return offset.to_bytes(4, "little")[:size]
        if not size:
            return b""
        cell = self._cell(offset)
        if self._big_data and size > _SEGMENT and cell.startswith(b"db"):
            cell = self._segments(cell, size, _BASE + offset)
        if len(cell) < size:
            raise HiveError("its data are shorter than it says", record)
        return cell[:size]

    def _segments(self, cell: bytes, size: int, place: int) -> bytes:
        count, table = int.from_bytes(cell[2:4], "little"), self._cell(int.from_bytes(cell[4:8], "little"))
        if count * _SEGMENT < size or count * 4 > len(table) or size > len(self._data):
            raise HiveError("its data are shorter than it says", place)
        offsets = struct.iter_unpack("<I", table[: -(-size // _SEGMENT) * 4])
        return b"".join(self._cell(offset)[:_SEGMENT] for (offset,) in offsets)


def _layouts() -> ModuleType:
    try:
        from regipy import structs
    except ImportError as error:
        raise UsageError(WITHOUT_REGIPY) from error
    return structs
