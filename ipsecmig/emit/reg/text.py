"""The text of `.reg` files of version 5.00, as regedit itself writes it (Microsoft KB310516)."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from typing import Final

from ipsecmig.emit.common import one_line

Data = str | int | bytes | tuple[str, ...]

_HEAD: Final = "Windows Registry Editor Version 5.00"
_WIDTH: Final = 78
_STRING: Final = "hex(1):"
_STRINGS: Final = "hex(7):"
_BYTES: Final = "hex:"


def document(lines: Iterable[str]) -> bytes:
    """Return the file with `lines` after its head: UTF-16LE with a byte order mark, lines as Windows ends them."""
    text = "\r\n".join((_HEAD, "", *lines, ""))
    return codecs.BOM_UTF16_LE + text.encode("utf-16-le")


def comment(text: str) -> str:
    """Return the comment `text` on a line of its own."""
    return f"; {one_line(text, 1000)}".rstrip()


def key(path: str) -> str:
    """Return the line that opens the key `path`, a full path."""
    return f"[{path}]"


def deleted_key(path: str) -> str:
    """Return the line that deletes the key `path` with everything below it."""
    return f"[-{path}]"


def deleted_value(name: str) -> str:
    """Return the line that deletes the value `name`."""
    return f"{_name(name)}=-"


def value(name: str, data: Data) -> Iterator[str]:
    """Yield the lines that set the value `name`: REG_SZ, REG_DWORD, REG_BINARY or REG_MULTI_SZ, by the kind of data."""
    if isinstance(data, str) and data.isprintable():
        yield f"{_name(name)}={_quoted(data)}"
    elif isinstance(data, str):
        yield from _hexadecimal(f"{_name(name)}={_STRING}", _wide(data))
    elif isinstance(data, int):
        yield f"{_name(name)}=dword:{data:08x}"
    elif isinstance(data, bytes):
        yield from _hexadecimal(f"{_name(name)}={_BYTES}", data)
    else:
        yield from _hexadecimal(f"{_name(name)}={_STRINGS}", b"".join(map(_wide, (*data, ""))))


def _name(name: str) -> str:
    return _quoted(name) if name else "@"


def _quoted(text: str) -> str:
    doubled = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{doubled}"'


def _wide(text: str) -> bytes:
    return f"{text}\0".encode("utf-16-le", "surrogatepass")


def _hexadecimal(start: str, data: bytes) -> Iterator[str]:
    """Yield `start` and the bytes, broken as regedit breaks them: a backslash ends a line that goes on."""
    first = max(1, (_WIDTH - len(start)) // 3)
    end = min(first, len(data))
    line = start + data[:end].hex(",")
    while end < len(data):
        yield f"{line},\\"
        begin, end = end, min(end + (_WIDTH - 2) // 3, len(data))
        line = "  " + data[begin:end].hex(",")
    yield line
