"""Writers of every form of registry content, for tests of the readers.

They share nothing with the package but the types, so that reader and writer cannot agree on a mistake. The layout of
hives follows M. Suhanov, "Windows registry file format specification".
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ipsecmig.stored.registry import RegistryKey, RegistryValue, ValueType

Keys = Sequence[RegistryKey]
NAMES = {0: "REG_NONE", 1: "REG_SZ", 2: "REG_EXPAND_SZ", 3: "REG_BINARY", 4: "REG_DWORD", 7: "REG_MULTI_SZ"} | {
    11: "REG_QWORD"
}


def raw(value: RegistryValue, encoding: str = "utf-16-le") -> bytes:
    """Return the bytes of a value as the registry keeps them."""
    data = value.data
    if isinstance(data, tuple):
        return "".join(f"{part}\0" for part in (*data, "")).encode(encoding)
    if isinstance(data, str):
        return f"{data}\0".encode(encoding)
    return data.to_bytes(8 if value.type == ValueType.QWORD else 4, "little") if isinstance(data, int) else data


# --- .reg ---


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _hex(octets: bytes, start: str) -> str:
    """Write bytes as regedit does: lines of at most 80 characters, each but the last with a backslash."""
    lines, line = [], start
    for number, octet in enumerate(octets):
        piece = f"{octet:02x}" + ("," if number < len(octets) - 1 else "")
        if len(line) + len(piece) > 78:
            lines.append(line + "\\")
            line = "  "
        line += piece
    return "\r\n".join([*lines, line])


def _reg_line(value: RegistryValue, encoding: str) -> str:
    name = _quoted(value.name) if value.name else "@"
    if value.type == ValueType.SZ:
        return f"{name}={_quoted(str(value.data))}"
    if value.type == ValueType.DWORD:
        return f"{name}=dword:{int.from_bytes(raw(value), 'little'):08x}"
    kind = "hex:" if value.type == ValueType.BINARY else f"hex({value.type:x}):"
    return _hex(raw(value, encoding), f"{name}={kind}")


def _reg(keys: Keys, head: str, encoding: str) -> str:
    lines = [head, ""]
    for key in keys:
        lines += [f"[{key.path}]", *(_reg_line(v, encoding) for v in key.values.values()), ""]
    return "\r\n".join([*lines, ""])


def reg5(keys: Keys) -> bytes:
    """Version 5.00, as regedit and `reg export` write it."""
    return b"\xff\xfe" + _reg(keys, "Windows Registry Editor Version 5.00", "utf-16-le").encode("utf-16-le")


def reg5_utf8(keys: Keys) -> bytes:
    """Version 5.00 after an editor saved it in UTF-8 with line feeds."""
    return _reg(keys, "Windows Registry Editor Version 5.00", "utf-16-le").replace("\r\n", "\n").encode()


def reg4(keys: Keys) -> bytes:
    """REGEDIT4, in Western European."""
    return _reg(keys, "REGEDIT4", "cp1252").encode("cp1252")


# --- reg.exe ---


def _word(value: RegistryValue) -> str:
    data = value.data
    if isinstance(data, tuple):
        return "\\0".join(data)
    if isinstance(data, int):
        return f"0x{data:x}"
    return data.hex().upper() if isinstance(data, bytes) else data


def query(keys: Keys) -> bytes:
    """`reg query KEY /s` of Windows Vista and later."""
    lines = [""]
    for key in keys:
        lines.append(key.path)
        lines += [f"    {v.name or '(Default)'}    {NAMES[v.type]}    {_word(v)}" for v in key.values.values()]
        lines.append("")
    return "\r\n".join([*lines, "Ende der Suche: 5 Übereinstimmungen gefunden.", ""]).encode("cp850")


def query_2003(keys: Keys) -> bytes:
    """`reg query KEY /s` of Windows XP and 2003."""
    lines = ["", "! REG.EXE VERSION 3.0", ""]
    for key in keys:
        lines.append(key.path)
        for value in key.values.values():
            end = "\\0\\0" if isinstance(value.data, tuple) and value.data else ""
            lines.append(f"    {value.name or '<NO NAME>'}\t{NAMES[value.type]}\t{_word(value)}{end}")
        lines.append("")
    return "\r\n".join([*lines, ""]).encode("cp850")


def _argument(text: str) -> str:
    """Quote for the C runtime and cmd.exe."""
    return '"' + re.sub(r'(\\+)(?="|\Z)', r"\1\1", text).replace("%", "%%").replace('"', '\\"') + '"'


def add(keys: Keys) -> bytes:
    """Return a batch file of `Reg.exe add` commands."""
    lines = ["@echo off", "rem a policy"]
    for key in keys:
        path = _argument(key.path.replace("HKEY_LOCAL_MACHINE", "HKLM"))
        lines.append(f"Reg.exe add {path} /f")
        for value in key.values.values():
            name = f"/v {_argument(value.name)}" if value.name else "/ve"
            data = str(value.data) if isinstance(value.data, int) else _word(value)
            lines.append(f"Reg.exe add {path} {name} /t {NAMES[value.type]} /d {_argument(data)} /f")
    return "\r\n".join([*lines, ""]).encode("cp1252")


# --- registry.pol ---


def pol(keys: Keys) -> bytes:
    """`registry.pol` of a group policy object; it cannot hold a key without values."""
    records = [b"PReg\x01\0\0\0"]
    for key in keys:
        path = f"{key.path.removeprefix('HKEY_LOCAL_MACHINE')[1:]}\0".encode("utf-16-le")
        for value in key.values.values():
            octets = raw(value)
            parts = (path, f"{value.name}\0".encode("utf-16-le"), struct.pack("<I", value.type))
            records.append(b"[\0" + b";\0".join((*parts, struct.pack("<I", len(octets)), octets)) + b"]\0")
    return b"".join(records)


# --- hives ---

_NONE = 0xFFFFFFFF


@dataclass
class _Node:
    name: str
    values: Mapping[str, RegistryValue] = field(default_factory=dict)
    below: dict[str, _Node] = field(default_factory=dict)


class _Bin:
    """The cells of a hive, in one bin."""

    def __init__(self, lists: str) -> None:
        self.data = bytearray(32)
        self.lists = lists

    def cell(self, content: bytes) -> int:
        offset = len(self.data)
        size = (len(content) + 4 + 7) // 8 * 8
        self.data += struct.pack("<i", -size) + content.ljust(size - 4, b"\0")
        return offset

    def content(self, octets: bytes) -> tuple[int, int]:
        """Return size and offset of a value's data, as its record has them."""
        if len(octets) <= 4:
            return len(octets) | 1 << 31, int.from_bytes(octets.ljust(4, b"\0"), "little")
        if len(octets) <= 16344:
            return len(octets), self.cell(octets)
        parts = [self.cell(octets[at : at + 16344] + bytes(4)) for at in range(0, len(octets), 16344)]
        table = self.cell(struct.pack(f"<{len(parts)}I", *parts))
        return len(octets), self.cell(b"db" + struct.pack("<HI", len(parts), table))

    def value(self, value: RegistryValue) -> int:
        compressed = value.name.isascii()
        name = value.name.encode("ascii" if compressed else "utf-16-le")
        size, offset = self.content(raw(value))
        head = struct.pack("<HIIIHH", len(name), size, offset, value.type, int(compressed), 0)
        return self.cell(b"vk" + head + name)

    def table(self, offsets: list[int]) -> int:
        """Return the list of subkeys, of the kind that is asked for."""
        if self.lists == "ri":
            halves = offsets[: len(offsets) // 2], offsets[len(offsets) // 2 :]
            leaves = [self.cell(b"li" + struct.pack(f"<H{len(h)}I", len(h), *h)) for h in halves]
            return self.cell(b"ri" + struct.pack(f"<H{len(leaves)}I", len(leaves), *leaves))
        if self.lists == "li":
            return self.cell(b"li" + struct.pack(f"<H{len(offsets)}I", len(offsets), *offsets))
        pairs = b"".join(struct.pack("<II", offset, 0) for offset in offsets)
        return self.cell(self.lists.encode() + struct.pack("<H", len(offsets)) + pairs)

    def root(self, node: _Node) -> int:
        """Write the whole tree; the root's record comes first in the bin, where Windows has it."""
        offset = self.cell(bytes(76 + len(node.name)))
        copy = self.key(node, 0x0C)
        length = 76 + len(node.name)
        self.data[offset + 4 : offset + 4 + length] = self.data[copy + 4 : copy + 4 + length]
        return offset

    def key(self, node: _Node, flags: int = 0) -> int:
        below = [self.key(one) for one in node.below.values()]
        values = [self.value(one) for one in node.values.values()]
        lists = (
            *(len(below), 0, self.table(below) if below else _NONE, _NONE),
            *(len(values), self.cell(struct.pack(f"<{len(values)}I", *values)) if values else _NONE),
        )
        compressed = node.name.isascii()
        name = node.name.encode("ascii" if compressed else "utf-16-le")
        head = struct.pack("<HQ4xI", flags | 0x20 * compressed, 0, _NONE)
        rest = struct.pack("<II20xHH", _NONE, _NONE, len(name), 0)
        return self.cell(b"nk" + head + struct.pack("<6I", *lists) + rest + name)


def hive(keys: Keys, root: str, *, lists: str = "lh", name: str = "ROOT", clean: bool = True) -> bytes:
    """Return a hive whose root is the key `root`; `lists` is `lf`, `lh`, `li` or `ri`."""
    tree = _Node(name)
    for key in keys:
        node = tree
        for part in key.path[len(root) :].strip("\\").split("\\"):
            node = node.below.setdefault(part, _Node(part)) if part else node
        node.values = key.values
    cells = _Bin(lists)
    offset = cells.root(tree)
    cells.data += struct.pack("<i", 4096 - (len(cells.data) - 32 + 32) % 4096).ljust(4, b"\0")
    cells.data += bytes(-len(cells.data) % 4096)
    cells.data[:32] = b"hbin" + struct.pack("<II8xQI", 0, len(cells.data), 0, 0)
    head = b"regf" + struct.pack("<IIQIIIIIII", 1, 1 if clean else 2, 0, 1, 5, 0, 1, offset, len(cells.data), 1)
    return head.ljust(4096, b"\0") + bytes(cells.data)


TEXT_FORMS: Mapping[str, Callable[[Keys], bytes]] = {
    "reg5": reg5,
    "reg5-utf8": reg5_utf8,
    "reg4": reg4,
    "query": query,
    "query-2003": query_2003,
    "add": add,
}


def keys(paths: Mapping[str, Iterable[RegistryValue]]) -> tuple[RegistryKey, ...]:
    """Return keys with the values given."""
    return tuple(RegistryKey(path, {v.name.lower(): v for v in values}) for path, values in paths.items())
