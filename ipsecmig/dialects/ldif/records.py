"""From the records of an LDIF text to the entries that matter, and to what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote

from ipsecmig.diagnostics import Diagnostic, Origin
from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.decoding import decode
from ipsecmig.dialects.ldif import messages
from ipsecmig.dialects.ldif.changes import changed, changes
from ipsecmig.dialects.ldif.entries import Named, Role, named
from ipsecmig.model.policy import NotUnderstood
from ipsecmig.stored.attributes import DATA, DATA_TYPE, SPELLING
from ipsecmig.stored.ldif import Flaw, Record, Value, records
from ipsecmig.stored.objects import Attribute

Complain = Callable[[Diagnostic], None]

_WANTED: Final = frozenset({"objectclass", "cn", "name", "displayname", "whenchanged", *SPELLING})
_TRAILERS: Final = frozenset({"search", "result", "ref", "control", "pagedresults"})
"""What ldapsearch and others print besides entries."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry that matters, with its attributes by their names in lower case."""

    named: Named
    attributes: Mapping[str, Attribute]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Dump:
    """What an LDIF text holds.

    `entries` are those that matter, `count` is the number of all, `change` the first record that says it is a change.
    """

    entries: tuple[Entry, ...]
    count: int
    not_understood: tuple[NotUnderstood, ...]
    change: Origin | None


class Reader:
    """Reads one source; what is to be said about it goes to `complain`."""

    def __init__(self, source: Source, complain: Complain) -> None:
        self._name = source.name
        self._live = source.name.lower().startswith(("ldap://", "ldaps://"))
        self._complain = complain
        self._entries: list[Entry] = []
        self._places: dict[str, int] = {}
        self._not_understood: list[NotUnderstood] = []
        self._change: Origin | None = None

    def read(self, data: bytes) -> Dump:
        """Return what `data`, LDIF in UTF-8, holds."""
        count = 0
        for record in records(data):
            values = record.values()
            first = next(values, None)
            if first is not None and first.attribute == "version":
                first = next(values, None)
            if first is not None:
                count += 1
                self._take(record, first, values)
        return Dump(tuple(self._entries), count, tuple(self._not_understood), self._change)

    def _take(self, record: Record, first: Value, rest: Iterator[Value]) -> None:
        """Take in one record, where it matters. `first` is its first line, `rest` are the others."""
        if first.attribute != "dn" or first.flaw is not None:
            self._no_dn(first, record)
            return
        one = named(self._text(first))
        if one is None:
            return
        origin = Origin(self._at(one)) if self._live else Origin(self._name, first.line, 1)
        if one.role in {Role.CONFLICT, Role.DELETED}:
            self._complain(messages.LEFTOVER.say(origin, name=one.dn, what=one.role.value))
            return
        values = list(rest)
        kind = next((value for value in values if value.attribute == "changetype"), None)
        word = "add" if kind is None else self._text(kind).strip().lower()
        if kind is not None and self._change is None:
            self._change = origin
        if word == "add":
            self._places.setdefault(one.dn.lower(), len(self._entries))
            self._entries.append(Entry(one, self._attributes(values, origin), origin))
        elif word != "modify" or not self._modify(one, [v for v in values if v is not kind], origin):
            self._doubt(messages.CHANGE.say(origin, change=word), f"changetype: {word} of {one.dn}")

    def _modify(self, one: Named, values: Sequence[Value], origin: Origin) -> bool:
        """Change an entry of the same file; whether there is one, and the change makes sense."""
        place = self._places.get(one.dn.lower())
        wanted = changes(values)
        if place is None or wanted is None:
            return False
        attributes = dict(self._entries[place].attributes)
        for verb, name, lines in wanted:
            after = changed(verb, attributes.pop(name, None), self._attributes(lines, origin).get(name))
            if after is not None and name in _WANTED:
                attributes[name] = after
        self._entries[place] = replace(self._entries[place], attributes=attributes)
        return True

    def _at(self, one: Named) -> str:
        """Return the LDAP URL of an entry, RFC 4516."""
        return f"{self._name.rstrip('/')}/{quote(one.dn, safe=',={}-')}"

    def _no_dn(self, first: Value, record: Record) -> None:
        """Say what is to be said of a record that is no entry."""
        if first.attribute not in _TRAILERS:
            self._complain(messages.NO_DN.say(Origin(self._name, first.line, 1)))
            return
        for value in record.values():
            if value.attribute == "result" and not value.data.startswith(b"0"):
                origin, result = Origin(self._name, value.line, 1), self._text(value)
                note = messages.PARTIAL_RESULT.say(origin, result=result)
                self._doubt(note, f"result: {result}")

    def _doubt(self, diagnostic: Diagnostic, text: str) -> None:
        self._complain(diagnostic)
        self._not_understood.append(NotUnderstood(text, diagnostic.message, diagnostic.origin))

    def _attributes(self, values: Sequence[Value], origin: Origin) -> dict[str, Attribute]:
        found: dict[str, list[str | int | bytes]] = {}
        places: dict[str, Origin] = {}
        for value in values:
            place = origin if self._live else Origin(self._name, value.line, 1)
            name = value.attribute
            if value.flaw is Flaw.NO_COLON or (value.flaw is not None and name in _WANTED):
                self._complain(self._flawed(value, place))
            elif name in _WANTED and self._is_whole(value, place):
                found.setdefault(name, []).append(self._converted(value))
                places.setdefault(name, place)
        return {name: Attribute(tuple(several), places[name]) for name, several in found.items()}

    @staticmethod
    def _flawed(value: Value, place: Origin) -> Diagnostic:
        if value.flaw is Flaw.URL:
            return messages.REFERENCE.say(place, attribute=value.attribute)
        flaw = value.flaw.value if value.flaw is not None else ""
        return messages.MALFORMED.say(place, flaw=flaw, expected="`attribute: value` or `attribute:: base64`")

    def _is_whole(self, value: Value, place: Origin) -> bool:
        """Whether the line is for everybody and, of its attribute, not said to be a part; a part is said to be one."""
        options = [option for option in value.options if option != "binary"]
        for option in options:
            if option.startswith("range=") and not option.endswith("-*"):
                note = messages.PARTIAL_VALUES.say(place, attribute=value.attribute, option=option)
                self._doubt(note, f"{value.attribute};{option}")
        return all(option.startswith("range=") for option in options)

    def _converted(self, value: Value) -> str | int | bytes:
        if value.attribute == DATA:
            return value.data
        text = self._text(value)
        return int(text) if value.attribute == DATA_TYPE and text.isdecimal() and len(text) < 11 else text

    def _text(self, value: Value) -> str:
        """Return the value as text; what is not UTF-8 is in the code page that its bytes suggest."""
        try:
            return value.data.decode("utf-8")
        except UnicodeDecodeError:
            decoded = decode(Source(self._name, value.data.replace(b"\0", b"")), ReadOptions())
            place = Origin(self._name, value.line, 1)
            note = messages.NOT_UTF8.say(place, attribute=value.attribute, encoding=decoded.encoding)
            self._complain(note)
            return decoded.text
