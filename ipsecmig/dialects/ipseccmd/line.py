"""One command line of ipsecpol or ipseccmd: its options with their values, and what is wrong with them.

Every mistake of a line is found, not only its first, and none of them stops the script.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeVar

from ipsecmig.diagnostics import Diagnostic, Origin, Severity
from ipsecmig.dialects.containers.command import Command
from ipsecmig.dialects.containers.redaction import HIDDEN, blank_out, redact
from ipsecmig.dialects.ipseccmd import messages, syntax, values
from ipsecmig.dialects.ipseccmd.syntax import Section, Word
from ipsecmig.dialects.netsh_static import addresses
from ipsecmig.dialects.netsh_static import messages as netsh
from ipsecmig.dialects.netsh_static.binding import whole
from ipsecmig.dialects.netsh_static.slots import RefusedError, Remark, Slot, number
from ipsecmig.dialects.notes import Note
from ipsecmig.model.policy import LOCAL_STORE, AuthenticationMethod, StoreKind, StoreLocation

STATIC_MODE: Final = "a stored policy"
DYNAMIC_MODE: Final = "dynamic mode"
_QUERY: Final = "show"
_LARGEST: Final = 0xFFFFFFFF

T = TypeVar("T")


class PolicyName(NamedTuple):
    """The value of -p: a name, and the polling interval in minutes where one is given."""

    name: str
    minutes: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """A command line that is understood. `values` has what each option means, by its name in lower case.

    With a diagnostic of severity ERROR among `diagnostics`, the tool would refuse it. `text` is the line without
    secrets; `query` says that it only shows something.
    """

    command: Command
    text: str
    values: Mapping[str, object]
    places: Mapping[str, Section]
    diagnostics: tuple[Diagnostic, ...]
    query: bool

    @property
    def refused(self) -> bool:
        """Whether the tool would refuse the line."""
        return any(diagnostic.severity is Severity.ERROR for diagnostic in self.diagnostics)

    def has(self, *options: str) -> bool:
        """Whether one of `options` is given."""
        return any(option in self.values for option in options)

    def find(self, option: str, kind: type[T]) -> T | None:
        """Return the value of `option`, which is of `kind`, or None where it is not given."""
        value = self.values.get(option)
        if value is not None and not isinstance(value, kind):
            raise TypeError(f"{option} has a {type(value).__name__}, not a {kind.__name__}")
        return value

    def get(self, option: str, default: T) -> T:
        """Return the value of `option`, which is of the type of `default`; without one, `default`."""
        value = self.find(option, type(default))
        return default if value is None else value

    def origin(self, option: str = "") -> Origin:
        """Return the place of `option` with its value, by default that of the line."""
        place = self.places.get(option)
        if not option or place is None:
            return whole(self.command)
        return self.command.origin(place.start, place.end)

    def say(self, note: Note, at: str = "", **fields: object) -> Diagnostic:
        """Return the message `note` about the option `at`, by default about the line."""
        return note.say(self.origin(at), self.text, "", **fields)


def read(command: Command) -> Line:
    """Return what the command line of `command`, which begins with the program, says."""
    first, *rest = syntax.sections(command.text) or [Section("", 0, ())]
    if first.option:
        first, rest = Section("", 0, ()), [first, *rest]
    words = [word for word in first.words[1:] if not word.text.startswith("\\\\")]
    reader = _Reader(command)
    query = bool(words) and words[0].text.lower() == _QUERY
    if not query:
        reader.read_all(words, rest)
    text = redact(blank_out(command.text, sorted(reader.hidden)).strip(" \t"))
    return Line(command, text, reader.values, reader.places, tuple(reader.diagnostics), query)


@dataclass(slots=True)
class _Reader:
    """The state of reading one line. `hidden` are the spans of its text that may hold a secret.

    After a preshared key without quotation marks, `in_secret`, what is not understood may belong to the key.
    """

    command: Command
    values: dict[str, object] = field(default_factory=dict)
    places: dict[str, Section] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    hidden: list[tuple[int, int]] = field(default_factory=list)
    in_secret: bool = False

    def read_all(self, words: Sequence[Word], sections: Sequence[Section]) -> None:
        """Read the words before the first option, of which there should be none, and all options."""
        for word in words:
            self.hide(word)
            self.report(messages.NO_OPTION, word.start, word.end, HIDDEN)
        for section in sections:
            self.read_section(section)

    def read_section(self, section: Section) -> None:
        """Read one option with its words."""
        if section.name not in OPTIONS:
            self.hidden.append((section.start if self.in_secret else section.start + len(section.option), section.end))
            shown = HIDDEN if self.in_secret else section.option
            end = section.start + len(section.option)
            self.report(messages.UNKNOWN_OPTION, section.start, end, shown, ", ".join(OPTIONS))
            return
        unclosed = next((word for word in section.words if word.unclosed), None)
        if unclosed is not None:
            self.hide(unclosed)
            self.report(messages.UNCLOSED, unclosed.start, unclosed.end, HIDDEN)
            return
        if section.name in self.values and section.name != "-f":
            self.hide(*section.words)
            self.report(messages.GIVEN_TWICE, section.start, section.end, section.option, option=section.option)
            return
        self.places.setdefault(section.name, section)
        OPTIONS[section.name](self, section)

    # --- the kinds of options ---

    def flag(self, section: Section) -> None:
        """Read an option without a value."""
        self.values[section.name] = True
        self.surplus(section, section.words)

    def surplus(self, section: Section, words: Sequence[Word]) -> None:
        """Object to `words` behind an option that takes no more."""
        for word in words:
            self.hide(word)
            self.report(messages.SURPLUS, word.start, word.end, HIDDEN, option=section.option)

    def one(self, section: Section, read: Callable[[str, Slot], object]) -> None:
        """Read an option with one word, which `read` reads."""
        if not self.lacks(section):
            self.surplus(section, section.words[1:])
            word = section.words[0]
            value = self.value(section, word.text, word.start, word.end, read)
            if value is not None:
                self.values[section.name] = value

    def all(self, section: Section, read: Callable[[str, Slot], object]) -> object:
        """Return what `read` makes of all words behind an option."""
        if self.lacks(section):
            return None
        text, start = self.plain(section)
        return self.value(section, text, start, section.end, read)

    def plain(self, section: Section) -> tuple[str, int]:
        """Return all words behind an option as one text without quotation marks, and where it begins."""
        start = section.words[0].start
        text = self.command.text[start : section.end].replace('"', " ")
        return text.strip(" \t"), start + len(text) - len(text.lstrip(" \t"))

    def many(self, section: Section, read: Callable[[str, Slot], object]) -> None:
        """Read an option with a list."""
        value = self.all(section, read)
        if value is not None:
            self.values[section.name] = value

    def filters(self, section: Section) -> None:
        """Read -f, which may be given more than once."""
        found, known = self.all(section, values.read_filters), self.values.get(section.name, ())
        if isinstance(found, tuple) and isinstance(known, tuple):
            base = self.plain(section)[1]
            placed = (item.placed(self.command.origin(base + item.start, base + item.end)) for item in found)
            self.values[section.name] = (*known, *placed)

    def authentication(self, section: Section) -> None:
        """Read -a."""
        methods: list[AuthenticationMethod] = []
        after_key = False
        for word in section.words:
            method = values.read_method(word)
            if method is None or values.may_hold_key(word):
                self.hide(word)
            if method is not None:
                methods.append(method)
            else:
                note = messages.KEY_WITH_BLANKS if after_key else messages.BAD_AUTHENTICATION
                self.report(note, word.start, word.end, HIDDEN)
            after_key = after_key or (values.may_hold_key(word) and '"' not in word.raw)
        self.in_secret = self.in_secret or after_key
        if not self.lacks(section):
            self.values[section.name] = tuple(methods)

    # --- help ---

    def lacks(self, section: Section) -> bool:
        """Whether `section` has no word with something in it; says so."""
        if any(word.text for word in section.words):
            return False
        self.report(messages.NO_VALUE, section.start, section.end, section.option, option=section.option)
        return True

    def value(self, section: Section, text: str, start: int, end: int, read: Callable[[str, Slot], object]) -> object:
        """Return what `read` makes of `text`, which stands from `start` to `end`; None after an objection."""
        remarks: list[Remark] = []
        shown = HIDDEN if self.in_secret else redact(text)
        try:
            found = read(text, Slot(section.option, remarks))
        except RefusedError as refused:
            first, last = start + refused.start, end if refused.end is None else start + refused.end
            fields = {"tag": section.option, "option": section.option, **refused.fields}
            self.report(refused.note, first, max(last, first + 1), shown, refused.expected, **fields)
            return None
        for note, said in dict.fromkeys((remark.note, tuple(remark.fields.items())) for remark in remarks):
            named: dict[str, object] = {"tag": section.option, **dict(said)}
            self.report(note, start, end, shown, "", **named)
        return found

    def hide(self, *words: Word) -> None:
        """Keep `words` out of what is shown."""
        self.hidden += [(word.start, word.end) for word in words]

    def report(self, note: Note, start: int, end: int, text: str, expected: str = "", **fields: object) -> None:
        """Add the message `note` about the line's text from `start` to `end`."""
        self.diagnostics.append(note.say(self.command.origin(start, end), text, expected, **fields))


def _read_text(text: str, slot: Slot) -> str:
    del slot
    return text


def _read_endpoint(text: str, slot: Slot) -> object:
    found = addresses.read_endpoint(text, slot)
    if found is None:
        raise RefusedError(netsh.BAD_ADDRESS, "the address or the host name of the tunnel's end")
    return found


def _read_seconds(text: str, slot: Slot) -> int:
    del slot
    return number(text, _LARGEST, messages.BAD_SECONDS)


def _read_policy(text: str, slot: Slot) -> PolicyName:
    del slot
    name, colon, minutes = text.rpartition(":")
    if colon and name and minutes.isascii() and minutes.isdigit():
        return PolicyName(name, number(minutes, _LARGEST, netsh.BAD_NUMBER))
    return PolicyName(text, None)


def _read_store(text: str, slot: Slot) -> StoreLocation:
    kind, _, domain = text.partition(":")
    if kind.lower() == "reg" and not domain:
        return LOCAL_STORE
    if kind.lower() == "ds":
        slot.remark(messages.UNVERIFIED, what="-w DS")
        return StoreLocation(StoreKind.DOMAIN, domain)
    raise RefusedError(messages.BAD_STORE, "REG or DS:DOMAIN")


def _one(read: Callable[[str, Slot], object]) -> Callable[[_Reader, Section], None]:
    return lambda reader, section: reader.one(section, read)


def _many(read: Callable[[str, Slot], object]) -> Callable[[_Reader, Section], None]:
    return lambda reader, section: reader.many(section, read)


OPTIONS: Final[Mapping[str, Callable[[_Reader, Section], None]]] = {
    "-f": _Reader.filters,
    "-n": _many(values.read_negotiation),
    "-t": _one(_read_endpoint),
    "-a": _Reader.authentication,
    "-1s": _many(values.read_main_mode_offers),
    "-1k": _many(values.read_rekey),
    "-1p": _Reader.flag,
    "-1f": _many(_read_text),
    "-1e": _one(_read_seconds),
    "-soft": _Reader.flag,
    "-confirm": _Reader.flag,
    "-dialup": _Reader.flag,
    "-lan": _Reader.flag,
    "-w": _one(_read_store),
    "-p": _one(_read_policy),
    "-r": _one(_read_text),
    "-x": _Reader.flag,
    "-y": _Reader.flag,
    "-o": _Reader.flag,
    "-u": _Reader.flag,
}
"""What reads each option."""
