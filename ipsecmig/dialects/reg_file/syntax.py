"""The syntax of `.reg` files.

Source: Microsoft KB310516 "How to add, modify, or delete registry subkeys and values by using a .reg file"; what
regedit writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from ipsecmig.dialects.notes import Note
from ipsecmig.dialects.registry_tree import messages
from ipsecmig.dialects.registry_tree.data import Data, DataError, from_bytes
from ipsecmig.dialects.registry_tree.paths import full, place
from ipsecmig.dialects.registry_tree.places import Places
from ipsecmig.dialects.registry_tree.tree import Change, KeyDeleted, KeyMade, ValueDeleted, ValueSet
from ipsecmig.errors import InputError
from ipsecmig.stored.registry import RegistryValue, ValueType

_COMMENT: Final = r"[ \t]*+(?:;[^\n]*+)?"
_END: Final = rf"{_COMMENT}(?:\n|\Z)"
_STRING: Final = r'"(?:[^"\\]|\\[\s\S])*+"'
_NAME: Final = r'"(?:[^"\\\n]|\\.)*+"'
_HEX: Final = r"hex(?:\((?P<kind>[0-9a-f]{1,8})\))?:(?P<hex>(?:[0-9a-f, \t]++|\\[ \t]*+(?:\n|\Z))*+)"

_VERSION = re.compile(r"\s*+(Windows Registry Editor Version 5\.00|REGEDIT4)[ \t]*(?:\n|\Z)", re.IGNORECASE)
_KEY = re.compile(rf"[ \t]*+\[(?P<delete>-?)(?P<path>[^\n]*)\]{_END}")
_OTHER_VALUES = re.compile(
    rf"(?:(?![ \t]*+\[)(?:{_NAME}[ \t]*+=[ \t]*+{_STRING}{_COMMENT}|[^\n]*+)\n)*+(?:(?![ \t]*+\[)[^\n]++\Z)?"
)
"""Everything up to the next key. Only a string goes over several lines, any of which may look like a key."""

_EMPTY_LINES = re.compile(rf"(?:{_COMMENT}\n)*+(?:{_COMMENT}\Z)?")
_VALUE_NAME = re.compile(rf"[ \t]*+(?:@|(?P<name>{_NAME}))[ \t]*+=[ \t]*+")
_VALUE = re.compile(
    rf"(?:(?P<delete>-)|(?P<text>{_STRING})|dword:[ \t]*+(?P<dword>[0-9a-f]{{1,8}})|{_HEX}){_END}", re.IGNORECASE
)
_HEX_SO_FAR = re.compile(_HEX, re.IGNORECASE)
_ESCAPED = re.compile(r'\\([\\"])')
_WITHOUT_BREAKS: Final = dict.fromkeys(map(ord, "\\\n\t "))
_BYTES = re.compile(r"(?:[0-9a-f]{2},)*+[0-9a-f]{2}", re.IGNORECASE)
_PIECE = re.compile(r"(?<![^,])[^,]*+")
_NEXT_KEY = re.compile(r"[ \t]*+(?:\[|\Z)")


class Head(NamedTuple):
    """The first line: whether the file is of the old version, in which strings are bytes of a code page."""

    old: bool
    end: int


def head(text: str) -> Head | None:
    """Return the version of the file `text` and where its first line ends; None when it is no such file."""
    found = _VERSION.match(text)
    return None if found is None else Head(found[1].upper() == "REGEDIT4", found.end())


def changes(text: str, file: str, start: int, encoding: str) -> Iterator[Change]:
    """Yield what the file `text` changes in the parts of the registry that matter, from the offset `start` on.

    `encoding` is that of strings that are written in hexadecimal. Values of other keys are passed over unread.
    Raises InputError for what is malformed.
    """
    return _Scanner(text, file, encoding).changes(start)


class _Scanner:
    """Goes through one file; `_position` is where it stands."""

    def __init__(self, text: str, file: str, encoding: str) -> None:
        self._text = text
        self._encoding = encoding
        self._places = Places(text, file)
        self._position = 0

    def changes(self, start: int) -> Iterator[Change]:
        """Yield the changes from the offset `start` on."""
        self._position = start
        self._pass_over_values()
        while self._position < len(self._text):
            found = _KEY.match(self._text, self._position)
            if found is None:
                raise self._error(messages.NO_BRACKET, self._position, expected="]")
            path, origin = full(found["path"]), self._places.origin(*found.span("path"))
            self._position = found.end()
            wanted = place(path) is not None
            if found["delete"]:
                yield KeyDeleted(path, origin)
            elif wanted:
                yield KeyMade(path, origin)
                yield from self._values(path)
            self._pass_over_values()

    def _pass_over_values(self) -> None:
        found = _OTHER_VALUES.match(self._text, self._position)
        self._position = self._position if found is None else found.end()

    def _values(self, path: str) -> Iterator[Change]:
        while (found := self._next_name()) is not None:
            name = _unescaped(found["name"]) if found["name"] else ""
            origin = self._places.origin(*found.span("name") if found["name"] else (found.start(), found.end()))
            data = _VALUE.match(self._text, found.end())
            if data is None:
                raise self._malformed(found.end(), f"{path}\\{name or '@'}")
            self._position = data.end()
            if data["delete"]:
                yield ValueDeleted(path, name, origin)
            else:
                kind, read = self._data(data, f"{path}\\{name or '@'}")
                yield ValueSet(path, RegistryValue(name, kind, read, origin))

    def _next_name(self) -> re.Match[str] | None:
        """Return the next value's name; None before the next key and at the end."""
        empty = _EMPTY_LINES.match(self._text, self._position)
        self._position = self._position if empty is None else empty.end()
        found = _VALUE_NAME.match(self._text, self._position)
        if found is None and not _NEXT_KEY.match(self._text, self._position):
            raise self._error(messages.NO_VALUE, self._position, expected='"name"=... or @=...')
        return found

    def _data(self, found: re.Match[str], name: str) -> tuple[int, Data]:
        """Return the type and the data of a value called `name`."""
        if found["text"] is not None:
            return ValueType.SZ, _unescaped(found["text"])
        if found["dword"] is not None:
            return ValueType.DWORD, int(found["dword"], 16)
        kind = ValueType.BINARY if found["kind"] is None else int(found["kind"], 16)
        octets = self._octets(found.start("hex"), found["hex"], name)
        encoding = self._encoding
        if encoding != "utf-16-le" and octets[1::2].count(0) * 10 > len(octets) * 4 and octets[0:2] != b"\0\0":
            encoding = "utf-16-le"  # some tools write the old head before strings of the new kind
        try:
            return kind, from_bytes(kind, octets, encoding)
        except DataError as error:
            place = self._places.origin(found.start("hex"))
            raise InputError((messages.DATA.say(place, name, reason=str(error), offset=error.offset),)) from error

    def _octets(self, start: int, text: str, name: str) -> bytes:
        """Return the bytes that `text`, which begins at the offset `start`, writes in hexadecimal."""
        stripped = text.rstrip()
        if stripped.endswith((",", "\\")):
            raise self._error(messages.CUT_OFF, start + len(stripped) - 1, name, "the rest of the bytes")
        digits = stripped.translate(_WITHOUT_BREAKS)
        if digits and not _BYTES.fullmatch(digits):
            for found in _PIECE.finditer(stripped):
                if len(found[0].translate(_WITHOUT_BREAKS)) != 2:
                    raise self._error(messages.NOT_BYTES, start + found.start(), name, "two hexadecimal digits")
        return bytes.fromhex(digits.replace(",", " "))

    def _malformed(self, position: int, name: str) -> InputError:
        """Return the mistake in the data of the value `name` that begins at `position`."""
        found = _HEX_SO_FAR.match(self._text, position)
        if found is not None:
            return self._error(messages.NOT_BYTES, found.end(), name, "hexadecimal digits and commas")
        expected = '"text", dword:, hex:, hex(n): or -'
        return self._error(messages.NO_DATA, position, name, expected)

    def _error(self, note: Note, position: int, name: str = "", expected: str = "") -> InputError:
        return InputError((note.say(self._places.origin(position), name, expected),))


def _unescaped(quoted: str) -> str:
    return _ESCAPED.sub(r"\1", quoted[1:-1])
