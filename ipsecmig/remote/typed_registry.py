"""The registry as the two PowerShell scripts of `commands` print it, decoded: nothing in it depends on a language."""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator
from typing import Final, NamedTuple

MACHINE: Final = "HKEY_LOCAL_MACHINE"
READ, ABSENT = "read", "absent"

_FORMAT: Final = "ipsecmig-registry-1"
_EMPTY: Final = "-"


class MalformedError(ValueError):
    """The output is not what the script prints; the message says why. It may have been cut off."""


class RawValue(NamedTuple):
    """A value: its type by its number in winnt.h, and the octets that the registry holds."""

    name: str
    type: int
    data: bytes


class SeenKey(NamedTuple):
    """A key that the script came to. `state` is READ, ABSENT, or the exception that kept it from being read."""

    path: str
    state: str
    values: tuple[RawValue, ...] = ()


def from_json(output: bytes) -> tuple[SeenKey, ...]:
    """Return the keys in an output of the kind TYPED_JSON. Raises MalformedError."""
    try:
        document = json.loads(_octets(output.strip().decode("ascii")))
    except (ValueError, RecursionError) as failure:
        raise MalformedError(f"it is no JSON in base64: {failure}") from None
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise MalformedError(f"it is not in the form {_FORMAT}")
    return tuple(map(_key_of_object, _list(document, "keys")))


def _key_of_object(entry: object) -> SeenKey:
    if not isinstance(entry, dict):
        raise MalformedError("a key is no object")
    path, state = entry.get("p"), entry.get("s")
    if not isinstance(path, str) or not isinstance(state, str):
        raise MalformedError("a key has no path or no state")
    return SeenKey(f"{MACHINE}\\{path}", state, tuple(map(_value_of_object, _list(entry, "v"))))


def _value_of_object(entry: object) -> RawValue:
    if not isinstance(entry, dict):
        raise MalformedError("a value is no object")
    name, kind, data = entry.get("n"), entry.get("t"), entry.get("d")
    if not isinstance(name, str) or not isinstance(kind, int) or not isinstance(data, str) or kind < 0:
        raise MalformedError("a value lacks name, type or data")
    return RawValue(name, kind, _octets(data))


def _list(entry: dict[object, object], name: str) -> list[object]:
    found = entry.get(name)
    if not isinstance(found, list):
        raise MalformedError(f"{name} is no list")
    return found


def from_lines(output: bytes) -> tuple[SeenKey, ...]:
    """Return the keys in an output of the kind TYPED_LINES. Raises MalformedError, also where lines are missing."""
    try:
        lines = output.decode("ascii").split()
    except UnicodeDecodeError:
        raise MalformedError("it is not ASCII") from None
    return tuple(_keys(_Words(lines)))


class _Words:
    """The words of all lines, one after another; `lines` counts those that were read."""

    def __init__(self, words: list[str]) -> None:
        self._words = iter(words)
        self.lines = 0

    def next(self) -> str:
        """Return the next word. Raises MalformedError after the last."""
        word = next(self._words, None)
        if word is None:
            raise MalformedError("it is cut off")
        return word

    def text(self) -> str:
        """Return the next word as the text that it encodes."""
        try:
            return self.octets().decode("utf-16-le", "surrogatepass")
        except UnicodeDecodeError:
            raise MalformedError("a name is damaged") from None

    def octets(self) -> bytes:
        """Return the octets that the next word encodes."""
        word = self.next()
        return b"" if word == _EMPTY else _octets(word)

    def number(self) -> int:
        """Return the next word as a number."""
        word = self.next()
        if not (word.isascii() and word.isdecimal() and len(word) < 10):
            raise MalformedError("a number is damaged")
        return int(word)


def _keys(words: _Words) -> Iterator[SeenKey]:
    path, state, values = "", "", list[RawValue]()
    while (kind := words.next()) != "E":
        words.lines += 1
        if kind == "V" and state == READ:
            values.append(RawValue(words.text(), words.number(), words.octets()))
        elif kind == "K":
            if state:
                yield SeenKey(path, state, tuple(values))
            path, state, values = f"{MACHINE}\\{words.text()}", words.next(), []
        else:
            raise MalformedError("a line is neither key nor value")
    if words.number() != words.lines or not state:
        raise MalformedError("lines are missing")
    yield SeenKey(path, state, tuple(values))


def _octets(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (Base64Error, ValueError):
        raise MalformedError("something in it is no base64") from None
