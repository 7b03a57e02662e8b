"""Reads long runs of `add filter` lines quickly.

One pattern, made from the grammar's list of parameters, cuts the plain lines; values that repeat are read once, by the
same readers as everywhere. Whatever does not fit exactly, or would give rise to any message, goes line by line to the
grammar, which alone decides what is legal. Both ways give the same store and the same messages.
"""

from __future__ import annotations

import gc
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final, Generic, TypeVar

from ipsecmig.diagnostics import Origin
from ipsecmig.dialects.containers.command import Anchor, Command, FilterRun
from ipsecmig.dialects.netsh_static import defaults, filters, syntax, values
from ipsecmig.dialects.netsh_static.addresses import Location, Mask
from ipsecmig.dialects.netsh_static.objects import FilterKey, address_key
from ipsecmig.dialects.netsh_static.session import Session
from ipsecmig.dialects.netsh_static.slots import RefusedError, Remark, Slot
from ipsecmig.model.policy import Filter
from ipsecmig.model.selectors import (
    ANY_PORT,
    ANY_PROTOCOL,
    PORT_PROTOCOLS,
    Address,
    AddressRange,
    AnyAddress,
    Family,
    Me,
    PortRange,
)

_CONTEXT: Final = "ipsec static"
_USAGE: Final = ("add", "filter")
_CHUNK: Final = 1 << 20
_GAP: Final = r"[ \t]++"
_PREFIX: Final = rf"[ \t]*+(?:(?i:netsh{_GAP}ipsec{_GAP}static){_GAP})?+"
_PLAIN: Final = r"""[^ \t"'=\r\n]++"""
_TEXT: Final = rf'(?:"[^"\r\n]++"|{_PLAIN})'

T = TypeVar("T")
RunCommand = Callable[[Session, Command], None]
Row = tuple[str, ...]


def add_filters(session: Session, run: FilterRun, run_command: RunCommand) -> None:
    """Carry out all lines of `run`; those that do not fit go through `run_command`."""
    reader = _Reader(session, run.file, run_command)
    line = run.line
    with _no_collection():
        for chunk in _chunks(run.text):
            rows = _pattern().findall(chunk)
            reader.add_rows(rows, line)
            line += len(rows)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Stop the cyclic garbage collector for a while: nothing made here is in a cycle, and there is much of it."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _chunks(text: str) -> Iterator[str]:
    """Yield `text` in pieces of whole lines, so that the rows of one piece at a time are in memory."""
    start = 0
    while start < len(text):
        end = text.find("\n", start + _CHUNK) + 1 or len(text)
        piece = text[start:end]
        yield piece if piece.endswith("\n") else piece + "\n"
        start = end


@cache
def _pattern() -> re.Pattern[str]:
    """Return the pattern of one line. Its groups: the line, what precedes the command, each parameter, any other line.

    The parameters may come in any order, but each only once (a group that is set refuses another match), and the
    required ones must be there.
    """
    usage = syntax.usages(syntax.STATIC)[_USAGE]
    groups = {tag: number for number, tag in enumerate(usage.tags, start=3)}
    parameters = "|".join(
        rf"(?({group})(?!)|{_abbreviated(tag, usage.tags)}[ \t]*+=[ \t]*+({_value(tag)}))"
        for tag, group in groups.items()
    )
    required = "".join(rf"(?({groups[tag]})|(?!))" for place in usage.required for tag in place)
    words = _GAP.join(map(_any_case, usage.words))
    command = rf"{words}(?:{_GAP}(?:{parameters}))++{required}"
    return re.compile(rf"(?:(({_PREFIX}){command})[ \t\r]*+|([^\n]*+))\n")


def _value(tag: str) -> str:
    return _TEXT if syntax.value_rule(tag) == "text" else _PLAIN


def _any_case(word: str) -> str:
    """Return a pattern for `word` in any case; character classes are matched faster than with the flag for it."""
    return "".join(f"[{letter}{letter.upper()}]" for letter in word)


def _abbreviated(tag: str, tags: tuple[str, ...]) -> str:
    """Return a pattern for `tag` and its unambiguous abbreviations."""
    shortest = next(n for n in range(1, len(tag) + 1) if syntax.complete(tag[:n], tags) == (tag,))
    rest = ""
    for letter in reversed(tag[shortest:]):
        rest = f"(?:{_any_case(letter)}{rest})?+"
    return _any_case(tag[:shortest]) + rest


class _Values(dict[str, T], Generic[T]):
    """The values of one parameter by their text; raises KeyError for what a message would have to be given about."""

    def __init__(self, tag: str, kind: type[T], default: T) -> None:
        super().__init__({"": default})
        self._tag, self._kind = tag, kind

    def __missing__(self, text: str) -> T:
        value = _silent(self._tag, text)
        if not isinstance(value, self._kind):
            raise KeyError(text)
        self[text] = value
        return value


class _Sides(dict[tuple[str, str], tuple[Address, int | str]]):
    """What the texts of an address and its mask mean, with its key; raises KeyError as `_Values` does."""

    def __init__(self) -> None:
        super().__init__()
        self._is_ipv4 = re.compile(syntax.terminal("IPV4")).fullmatch
        self._masks: _Values[Mask | None] = _Values("srcmask", Mask, None)

    def __missing__(self, texts: tuple[str, str]) -> tuple[Address, int | str]:
        text, mask_text = texts
        is_ipv4 = self._is_ipv4(text) is not None
        if is_ipv4 and not mask_text and (number := _ipv4(text)):
            found = self[texts] = (AddressRange(Family.IPV4, number, number), number)
            return found
        location = _host(text) if is_ipv4 else _other(text)
        remarks: list[Remark] = []
        try:
            address = filters.under_mask(location, self._masks[mask_text], Slot("srcaddr", remarks))
        except RefusedError as refused:
            raise KeyError(text) from refused
        if remarks:
            raise KeyError(text)
        keyed = self[texts] = (address, address_key(address))
        return keyed


def _ipv4(text: str) -> int:
    """Return the number of the IPv4 address `text`, without the grammar, for there are many."""
    try:
        return int.from_bytes(socket.inet_pton(socket.AF_INET, text), "big")
    except OSError as error:
        raise KeyError(text) from error


def _host(text: str) -> Location:
    number = _ipv4(text)
    return Location(AddressRange(Family.IPV4, number, number), "host")


def _other(text: str) -> Location:
    """Return what else can stand on either side of any filter: `any`, `me` and ranges of IPv4."""
    location = _silent("srcaddr", text)
    if isinstance(location, Location):
        match location.address:
            case AnyAddress() | Me() | AddressRange(Family.IPV4):
                return location
    raise KeyError(text)


def _silent(tag: str, text: str) -> object:
    """Return the value `text` of `tag`. Raises KeyError for what is refused or remarked upon."""
    remarks: list[Remark] = []
    try:
        value = values.read(text, Slot(tag, remarks))
    except RefusedError as refused:
        raise KeyError(text) from refused
    if remarks:
        raise KeyError(text)
    return value


class _Reader:
    """Adds filters to the session's lists, row by row."""

    def __init__(self, session: Session, file: str, run_command: RunCommand) -> None:
        self._session, self._file, self._run_command = session, file, run_command
        self._lists: dict[str, dict[FilterKey, Filter]] = {}
        self._sides = _Sides()
        self._ports = _Values("srcport", PortRange, ANY_PORT)
        self._protocols = _Values("protocol", int, ANY_PROTOCOL)
        self._booleans = _Values("mirrored", bool, defaults.MIRRORED)
        self._prefix = re.compile(_PREFIX)

    def add_rows(self, rows: list[Row], line: int) -> None:
        """Add the filters of `rows`, the first of which is that of line number `line`."""
        file, sides, ports, protocols = self._file, self._sides, self._ports, self._protocols
        for number, row in enumerate(rows, start=line):
            text, prefix, name, src, dst, about, protocol_name, mirror, srcmask, dstmask, srcport, dstport, other = row
            try:
                source, source_key = sides[src, srcmask]
                destination, destination_key = sides[dst, dstmask]
                protocol = protocols[protocol_name]
                source_port, destination_port = ports[srcport], ports[dstport]
                mirrored = self._booleans[mirror]
            except KeyError:
                self._add_line(text or other, number)
                continue
            if protocol not in PORT_PROTOCOLS and not (source_port is destination_port is ANY_PORT):
                self._add_line(text, number)
                continue
            filters_ = self._lists.get(name)
            if filters_ is None:
                filters_ = self._list(name, number, prefix, text)
            key = (source_key, destination_key, protocol, source_port.first, destination_port.first, mirrored)
            if key in filters_:
                self._add_line(text, number)
                continue
            filters_[key] = Filter(
                source,
                destination,
                protocol,
                source_port,
                destination_port,
                mirrored,
                about[1:-1] if about[:1] == '"' else about,
                Origin(file, number, len(prefix) + 1, len(text) + 1),
            )

    def _list(self, text: str, line: int, prefix: str, whole: str) -> dict[FilterKey, Filter]:
        """Return the filters of the list whose name is written as `text`; it is made when it does not exist."""
        name = text.strip('"')
        origin = Origin(self._file, line, len(prefix) + 1, len(whole) + 1)
        found = self._lists[text] = self._session.workspace.list_for(name, origin).filters
        self._session.define(filters.KIND, name, origin)
        return found

    def _add_line(self, text: str, line: int) -> None:
        """Carry out one line by way of the grammar."""
        match = self._prefix.match(text)
        start = match.end() if match else 0
        command = text[start:].rstrip(" \t\r")
        if command:
            self._run_command(self._session, Command(_CONTEXT, command, self._file, (Anchor(0, line, start + 1),)))
