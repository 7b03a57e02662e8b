"""The output of `reg query KEY /s`.

Windows XP and 2003 begin with `! REG.EXE VERSION 3.0` and put tabs between name, type and data, later versions four
blanks. Only names, types and data in ASCII are the same in all languages: lines around them are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ipsecmig.dialects.registry_tree import messages, words
from ipsecmig.dialects.registry_tree.data import Data, DataError
from ipsecmig.dialects.registry_tree.paths import full, place
from ipsecmig.dialects.registry_tree.places import Places
from ipsecmig.dialects.registry_tree.tree import Change, KeyMade, ValueSet
from ipsecmig.errors import InputError
from ipsecmig.stored.registry import RegistryValue, ValueType

KEY = re.compile(r"HKEY_(?<![^\n]HKEY_)[A-Z_]++(?:\\[^\n]*+)?$", re.MULTILINE)
"""A line that begins with the name of a root. It is written so that the search for these letters is a fast one."""

VALUE = re.compile(
    r"^ {4}(?P<name>[^\n]*?)(?:\t| {4})(?P<type>REG_[A-Z_]++|0x[0-9a-fA-F]{1,8})"
    r"(?:(?:\t| {4})(?P<data>[^\n]*+)|[ \t]*+)$",
    re.MULTILINE,
)
_LIKE_A_VALUE = re.compile(r"[ \t]+[^\n]*?[ \t]REG_[A-Z_]+(?:[ \t]|$)")
_LINE = re.compile(r"[^\n]*+(?:\n|\Z)")
_INDENT: Final = "    "
_UNNAMED = re.compile(r"\([^()]*\)|<[^<>]*>")
_BETWEEN_LINES: Final = {
    ValueType.SZ: "\n",
    ValueType.EXPAND_SZ: "\n",
    ValueType.MULTI_SZ: "\n",
    ValueType.BINARY: "",
}
"""What stood where a value goes over several lines: text has line ends, bytes were wrapped by a console."""


def changes(text: str, file: str) -> Iterator[Change]:
    """Yield the keys and values that matter in the output `text`. Raises InputError for what is malformed."""
    return _Scanner(text, file).changes()


class _Scanner:
    """Goes through one output, key by key."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._places = Places(text, file)

    def changes(self) -> Iterator[Change]:
        """Yield the changes."""
        found = KEY.search(self._text)
        while found is not None:
            path = full(found[0].rstrip())
            following = KEY.search(self._text, found.end())
            if place(path) is not None:
                yield KeyMade(path, self._places.origin(*found.span()))
                end = len(self._text) if following is None else following.start()
                yield from self._values(path, found.end() + 1, end)
            found = following

    def _values(self, path: str, position: int, end: int) -> Iterator[Change]:
        while position < end:
            found = VALUE.match(self._text, position, end)
            if found is not None:
                lines, position = self._more_lines(found.end() + 1, end)
                yield ValueSet(path, self._value(path, found, lines))
                continue
            line = _LINE.match(self._text, position, end)
            if line is None or (line[0].startswith(_INDENT) and line[0].strip()):
                raise self._no_value(position)
            position = line.end()

    def _no_value(self, position: int) -> InputError:
        expected = "four blanks, a name, a type such as REG_SZ, and data"
        return InputError((messages.NO_VALUE.say(self._places.origin(position), "", expected),))

    def _more_lines(self, position: int, end: int) -> tuple[list[str], int]:
        """Return the lines that go on with a value, and where they end.

        Raises InputError for a value of its own with damaged columns, which would be lost in the one before.
        """
        lines: list[str] = []
        while position < end and not VALUE.match(self._text, position, end):
            line = _LINE.match(self._text, position, end)
            if line is None or not line[0].strip():
                break
            if _LIKE_A_VALUE.match(line[0]):
                raise self._no_value(position)
            lines.append(line[0].rstrip("\n"))
            position = line.end()
        return lines, position

    def _value(self, path: str, found: re.Match[str], lines: list[str]) -> RegistryValue:
        origin = self._places.origin(found.start("name"), found.end("name"))
        name, text = found["name"], found["data"] or ""
        kind = words.TYPES.get(found["type"]) if found["type"].startswith("REG") else int(found["type"], 16)
        if kind is None or (lines and kind not in _BETWEEN_LINES):
            note = messages.NO_TYPE if kind is None else messages.NO_VALUE
            raise InputError((note.say(origin, f"{path}\\{name}"),))
        if kind == ValueType.SZ and _UNNAMED.fullmatch(name):
            name, text = "", "" if _UNNAMED.fullmatch(text) else text
        text = _BETWEEN_LINES.get(ValueType(kind), "").join((text, *lines)) if lines else text
        return RegistryValue(name, kind, self._data(kind, text, found, path), origin)

    def _data(self, kind: int, text: str, found: re.Match[str], path: str) -> Data:
        try:
            return words.data(kind, text.strip() if kind == ValueType.BINARY else text)
        except DataError as error:
            place = self._places.origin(found.start("type"), found.end("type"))
            name = f"{path}\\{found['name']}"
            raise InputError((messages.DATA.say(place, name, reason=str(error), offset=error.offset),)) from error
