"""Binds the arguments of a command to its parameters and reads their values.

Every mistake of a command is found, not only its first, and none of them stops the script.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple, TypeVar

from ipsecmig.diagnostics import Diagnostic, Origin, Severity
from ipsecmig.dialects.containers.command import Command
from ipsecmig.dialects.containers.redaction import HIDDEN, blank_out, redact
from ipsecmig.dialects.netsh_static import messages, syntax, values
from ipsecmig.dialects.netsh_static.slots import RefusedError, Remark, Slot
from ipsecmig.dialects.netsh_static.syntax import Argument, Usage
from ipsecmig.dialects.notes import Note

_KEY_TAG: Final = "psk"
_GLUED: Final = frozenset({("ipsec", "static"), ("ipsec", "dynamic")})

T = TypeVar("T")


class Bound(NamedTuple):
    """One parameter of a command with the meaning of its value and the argument that it comes from."""

    tag: str
    value: object
    argument: Argument


@dataclass(frozen=True, slots=True)
class Call:
    """A command that is understood: which one it is, and its parameters in the order in which they are given.

    With a diagnostic of severity ERROR among `diagnostics`, netsh would refuse it. `text` is the command without
    secrets.
    """

    usage: Usage
    command: Command
    parameters: tuple[Bound, ...]
    diagnostics: tuple[Diagnostic, ...]
    text: str

    @property
    def refused(self) -> bool:
        """Whether netsh would refuse the command."""
        return any(diagnostic.severity is Severity.ERROR for diagnostic in self.diagnostics)

    def value_of(self, tag: str) -> object:
        """Return the value of `tag`, whatever its type; None where it is not given."""
        return next((parameter.value for parameter in self.parameters if parameter.tag == tag), None)

    def find(self, tag: str, kind: type[T]) -> T | None:
        """Return the value of `tag`, which is of `kind`, or None where it is not given."""
        value = self.value_of(tag)
        if value is not None and not isinstance(value, kind):
            raise TypeError(f"{tag} has a {type(value).__name__}, not a {kind.__name__}")
        return value

    def get(self, tag: str, default: T) -> T:
        """Return the value of `tag`, which is of the type of `default`; without one, `default`."""
        value = self.find(tag, type(default))
        return default if value is None else value

    def text_of(self, tag: str) -> str:
        """Return the text that `tag` is given, which it is."""
        return self.get(tag, "")

    def given(self, *tags: str) -> bool:
        """Whether one of `tags` is given."""
        return any(parameter.tag in tags for parameter in self.parameters)

    def origin(self, tag: str = "") -> Origin:
        """Return the place of the value of `tag`, by default and without one that of the command."""
        for parameter in self.parameters:
            if parameter.tag == tag:
                return self.command.origin(parameter.argument.start, parameter.argument.end)
        return whole(self.command)

    def say(self, note: Note, at: str = "", **fields: object) -> Diagnostic:
        """Return the message `note` about the value of the tag `at`, by default about the command."""
        shown = next((p.argument.text for p in self.parameters if p.tag == at), self.text)
        return note.say(self.origin(at), HIDDEN if at == _KEY_TAG else redact(shown), "", **fields)


def whole(command: Command) -> Origin:
    """Return the place of `command` without the blanks around it."""
    text = command.text
    return command.origin(len(text) - len(text.lstrip(" \t")), len(text.rstrip(" \t")))


def bind(command: Command, context: str) -> Call | Diagnostic:
    """Return what `command` calls in `context`, `syntax.STATIC` or `syntax.DYNAMIC`.

    Returns a diagnostic instead when there is no such command.
    """
    arguments = syntax.split(command.text)
    usage = _find_usage(command, arguments, context)
    if isinstance(usage, Diagnostic):
        return usage
    binder = _Binder(command, usage)
    if not usage.open:
        binder.bind(arguments[len(usage.words) :])
    text = redact(blank_out(command.text, sorted(binder.hidden)).strip(" \t"))
    diagnostics = (*binder.diagnostics, *binder.missing(text))
    return Call(usage, command, tuple(binder.parameters), diagnostics, text)


def _find_usage(command: Command, arguments: Sequence[Argument], context: str) -> Usage | Diagnostic:
    """Return the command that the first words name, whole or shortened."""
    found = list(syntax.usages(context).values())
    for place in range(2):
        candidates = tuple(dict.fromkeys(usage.words[place] for usage in found))
        if place >= len(arguments) or arguments[place].tag:
            expected = ", ".join(candidates)
            return messages.UNKNOWN_COMMAND.say(whole(command), _shown_words(arguments[:place]), expected)
        argument = arguments[place]
        words = syntax.complete(argument.text, candidates)
        if len(words) != 1:
            origin = command.origin(argument.start, argument.end)
            note = messages.AMBIGUOUS_WORD if words else messages.UNKNOWN_COMMAND
            expected = ", ".join(words or candidates)
            return note.say(origin, argument.text, expected, word=argument.text, candidates=" or ".join(words))
        found = [usage for usage in found if usage.words[place] == words[0]]
        if len(found[0].words) == place + 1:
            return found[0]
    return found[0]


def _shown_words(arguments: Sequence[Argument]) -> str:
    return " ".join(argument.text for argument in arguments)


@dataclass(slots=True)
class _Binder:
    """The state of binding one command. `hidden` are the spans of its text that may hold a secret."""

    command: Command
    usage: Usage
    parameters: list[Bound] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    hidden: list[tuple[int, int]] = field(default_factory=list)
    taken: dict[str, Argument] = field(default_factory=dict)
    in_secret: bool = False

    def bind(self, arguments: Sequence[Argument]) -> None:
        """Bind all `arguments`, or say that they are two commands glued together."""
        for first, second in pairwise(arguments):
            if not first.tag and not second.tag and (first.text.lower(), second.text.lower()) in _GLUED:
                self.hidden.append((first.begin, len(self.command.text)))
                self.report(messages.GLUED, first, first.text, "the end of the command")
                return
        for argument in arguments:
            self.bind_one(argument)

    def bind_one(self, argument: Argument) -> None:
        """Bind `argument` and read its value."""
        if self.in_secret and not argument.tag:
            self.hidden.append((argument.start, argument.end))
            self.report(messages.KEY_WITH_BLANKS, argument, HIDDEN)
            return
        tag, text, offset = self.parameter_of(argument)
        if not tag:
            self.hidden.append((argument.start, argument.end))
            return
        self.note_secret(tag, argument)
        if not self.occupy(tag, argument):
            return
        if argument.unclosed:
            start = self.command.text.rindex('"', argument.start, argument.end)
            self.say(messages.UNCLOSED, start, argument.end, self.shown(tag, argument))
        elif argument.inner_quotes:
            self.report(messages.INNER_QUOTE, argument, self.shown(tag, argument))
        self.read(tag, text, argument, offset)

    def parameter_of(self, argument: Argument) -> tuple[str, str, int]:
        """Return the tag that `argument` belongs to, empty where there is none, its value and the value's offset."""
        word, text, offset = argument.tag, argument.text, argument.start + argument.quoted
        if not word and argument.quoted and "=" in text:
            # netsh sees arguments without their quotation marks, so that "name=a b" is a tagged one.
            left, _, right = text.partition("=")
            if len(syntax.complete(left.strip(" \t"), self.usage.tags)) == 1:
                word, offset, text = left.strip(" \t"), offset + len(left) + 1, right
        if not word:
            return self.next_free(argument), text, offset
        found = syntax.complete(word, self.usage.tags)
        if len(found) == 1:
            return found[0], text, offset
        shown = HIDDEN if self.in_secret else word
        note = messages.AMBIGUOUS_TAG if found else messages.UNKNOWN_TAG
        self.say(
            note,
            argument.begin,
            argument.begin + len(word),
            shown,
            ", ".join(found or self.usage.tags),
            word=shown,
            tag=shown,
            usage=self.usage.title,
            candidates=" or ".join(found),
        )
        return "", text, offset

    def next_free(self, argument: Argument) -> str:
        """Return the first tag in usage order that is not given yet; the bare `argument` is its value."""
        for number, place in enumerate(self.usage.places):
            if not any(tag in self.taken for tag in place):
                optional = number >= len(self.usage.required)
                if optional and not argument.quoted and (place[0] == "description" or self.any_tagged):
                    self.report(messages.BARE, argument, self.shown(place[0], argument), tag=place[0])
                return place[0]
        shown = self.shown("", argument)
        self.report(messages.SURPLUS, argument, shown, "the end of the command", usage=self.usage.title)
        return ""

    @property
    def any_tagged(self) -> bool:
        """Whether an argument with a tag came before."""
        return any(argument.tag for argument in self.taken.values())

    def occupy(self, tag: str, argument: Argument) -> bool:
        """Note that `tag` is given; says so and returns False when it, or another one in its place, already is."""
        place = next(place for place in self.usage.places if tag in place)
        earlier = next((self.taken[other] for other in place if other in self.taken), None)
        self.taken.setdefault(tag, argument)
        if earlier is None or (self.usage.repeatable(tag) and tag == place[0]):
            return True
        if not earlier.tag and argument.tag:
            self.report(messages.TAKEN_BY_WORD, earlier, self.shown(tag, earlier), tag=tag)
        else:
            self.say(messages.GIVEN_TWICE, argument.begin, argument.end, tag, tag=tag)
        return False

    def note_secret(self, tag: str, argument: Argument) -> None:
        """Follow where a preshared key may stand: words behind one without quotation marks may belong to it."""
        self.in_secret = tag == _KEY_TAG and not argument.quoted
        if tag == _KEY_TAG:
            self.hidden.append((argument.start, argument.end))

    def shown(self, tag: str, argument: Argument) -> str:
        """Return the text of `argument` for people to see."""
        return HIDDEN if tag == _KEY_TAG else redact(argument.text)

    def read(self, tag: str, text: str, argument: Argument, offset: int) -> None:
        """Read the value `text` of `tag`, which stands at `offset`."""
        remarks: list[Remark] = []
        try:
            value = values.read(text, Slot(tag, remarks))
        except RefusedError as refused:
            start, end = argument.start, argument.end
            if (refused.start or refused.end is not None) and not argument.inner_quotes:
                start, end = offset + refused.start, offset + (len(text) if refused.end is None else refused.end)
            shown = self.shown(tag, argument)
            self.say(
                refused.note, start, max(end, start + 1), shown, refused.expected, **{"tag": tag, **refused.fields}
            )
            return
        for remark in remarks:
            self.report(remark.note, argument, self.shown(tag, argument), "", **remark.fields)
        self.parameters.append(Bound(tag, value, argument))

    def missing(self, text: str) -> Iterator[Diagnostic]:
        """Yield a message for each required parameter that is not given."""
        if self.diagnostics and self.diagnostics[-1].code == messages.GLUED.code:
            return
        for place in self.usage.required:
            if not any(tag in self.taken for tag in place):
                wanted = " or ".join(f"{tag}=" for tag in place)
                yield messages.MISSING.say(
                    whole(self.command), text, f"{self.usage.title} {wanted}", usage=self.usage.title, tag=wanted
                )

    def report(self, note: Note, argument: Argument, text: str, expected: str = "", **fields: object) -> None:
        """Add the message `note` about the value of `argument`."""
        self.say(note, argument.start, argument.end, text, expected, **fields)

    def say(self, note: Note, start: int, end: int, text: str, expected: str = "", **fields: object) -> None:
        """Add the message `note` about the command's text from `start` to `end`."""
        self.diagnostics.append(note.say(self.command.origin(start, end), text, expected, **fields))
