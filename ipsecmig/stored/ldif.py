"""LDIF, the text form of directory entries (RFC 2849), both ways.

Reading is lazy: a dump of a whole domain is mostly entries that nobody here wants, and those are never taken apart.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Final, NamedTuple

END: Final = "-"
"""The line that ends one change of several."""

WIDTH: Final = 76
"""Longer lines are folded when written."""


class Flaw(Enum):
    """What is wrong with a line of LDIF."""

    NO_COLON = "it is no `attribute: value`"
    BASE64 = "its value is no base64"
    URL = "its value is a reference to a file or URL"


class Value(NamedTuple):
    """One line of an entry: `attribute` in lower case, its options in lower case, and the value's bytes.

    Where there is a `flaw` the value is empty. A line that ends one change of several is the attribute `-`.
    """

    line: int
    attribute: str
    options: tuple[str, ...]
    data: bytes
    flaw: Flaw | None = None


class Record(NamedTuple):
    """One block of lines between empty ones, still folded; `line` is the number of its first one."""

    line: int
    text: bytes

    def values(self) -> Iterator[Value]:
        """Yield the lines of the record, unfolded and without comments."""
        for number, line in _unfolded(self):
            yield _value(number, line)


_GAP: Final = re.compile(rb"\n(?=\r?\n)|\Z")
_LINE: Final = re.compile(rb"([A-Za-z0-9][A-Za-z0-9.-]*)((?:;[A-Za-z0-9=*-]+)*):([:<]?) *(.*)", re.DOTALL)


def records(data: bytes) -> Iterator[Record]:
    """Yield the blocks of an LDIF text; lines end in LF or CR LF."""
    at, line = 0, 1
    while at < len(data):
        gap = _GAP.search(data, at)
        end = len(data) if gap is None else gap.end()
        text = data[at:end]
        if text.strip():
            yield Record(line, text)
        line += text.count(b"\n")
        at = end


def _unfolded(record: Record) -> Iterator[tuple[int, bytes]]:
    """Yield the logical lines of a record, each with the number of its first physical one."""
    number, pieces = 0, [b"#"]
    for at, physical in enumerate(_physical(record.text), record.line):
        if physical.startswith(b" "):
            pieces.append(physical[1:])
        elif physical:
            if not pieces[0].startswith(b"#"):
                yield number, b"".join(pieces)
            number, pieces = at, [physical]
    if not pieces[0].startswith(b"#"):
        yield number, b"".join(pieces)


def _physical(text: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(text):
        end = text.find(b"\n", at)
        end = len(text) if end < 0 else end
        yield text[at:end].removesuffix(b"\r")
        at = end + 1


def _value(number: int, line: bytes) -> Value:
    found = _LINE.match(line)
    if line == END.encode():
        return Value(number, END, (), b"")
    if found is None:
        return Value(number, "", (), b"", Flaw.NO_COLON)
    attribute = found[1].decode("ascii").lower()
    options = tuple(found[2].decode("ascii").lower().split(";")[1:])
    if found[3] == b"<":
        return Value(number, attribute, options, b"", Flaw.URL)
    if found[3] == b"":
        return Value(number, attribute, options, found[4])
    try:
        return Value(number, attribute, options, base64.b64decode(found[4].rstrip(b" "), validate=True))
    except binascii.Error:
        return Value(number, attribute, options, b"", Flaw.BASE64)


_SAFE: Final = re.compile(rb"(?![ :<])[\x01-\x09\x0b\x0c\x0e-\x7f]*(?<! )")


def write_record(dn: str, values: Iterable[tuple[str, str | bytes]]) -> str:
    """Return one entry with its attributes in this order, lines folded, in ASCII; it ends in a line feed.

    Bytes are always written in base64, text where it must be.
    """
    lines = [_line("dn", dn), *(_line(attribute, value) for attribute, value in values)]
    return "".join(piece + "\n" for line in lines for piece in _folded(line))


def _line(attribute: str, value: str | bytes) -> str:
    data = value.encode() if isinstance(value, str) else value
    if isinstance(value, str) and _SAFE.fullmatch(data):
        return f"{attribute}: {value}" if value else f"{attribute}:"
    return f"{attribute}:: {base64.b64encode(data).decode('ascii')}"


def _folded(line: str) -> Iterator[str]:
    yield line[:WIDTH]
    for at in range(WIDTH, len(line), WIDTH - 1):
        yield " " + line[at : at + WIDTH - 1]
