"""From the text of a capture to its lines: fields, titles, text, prompts and errors.

A field is a label, blanks, a colon and a value; the colon's column depends on language and section, so that the first
colon of the line divides it. A title is underlined with hyphens; a table has a header underlined in several pieces.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from ipsecmig.dialects.netsh_show.vocabulary import FILTER_ORDER, LIST_ORDER, Key, Vocabulary

_UNDERLINE: Final = re.compile(r"[ \t]*-{2,}(?:[ \t]+-{2,})*")
_DASHES: Final = re.compile("-{2,}")
_PROMPT: Final = re.compile(r"[ \t]*(?:(?:PS[ \t]+)?[A-Z]:\\[^<>|\"\n]*>|netsh[\w \t]*>)(.*)", re.IGNORECASE)
_ECHO: Final = re.compile(r"[ \t]*(?:netsh(?:\.exe)?[ \t]+)?ipsec[ \t]+(?:static|dynamic)[ \t]+\w.*", re.IGNORECASE)
_FAILURE: Final = re.compile(r"[ \t]*\S+[ \t]+\w+\[(\d{4,5})\][ \t]*:?[ \t]*(.*)")
_COUNTED: Final = re.compile(r"(.*?)[ \t]*\((\d+)\)")
_ROW_KEYS: Final = frozenset(
    {
        *(set(FILTER_ORDER) | set(LIST_ORDER)),
        Key.POLICY_NAME,
        Key.RULE_COUNT,
        Key.ASSIGNED,
        Key.POLLING_INTERVAL,
        Key.RULE_ID,
        Key.RULE_NAME,
        Key.ACTIVATED,
        Key.CONNECTION_TYPE,
        Key.ACTION_NAME,
        Key.ACTION,
        Key.SOFT,
        Key.INBOUND_PASSTHROUGH,
        Key.OFFER_COUNT,
        Key.PFS,
    }
)
"""The columns of a table whose rows say the same as a block of fields."""

_NAMES: Final = frozenset({Key.POLICY_NAME, Key.RULE_NAME, Key.LIST_NAME, Key.ACTION_NAME})
_WIDE: Final = re.compile(r"[^\n]{81}")
_SCREEN: Final = 80
_FILLER: Final = "\0"
_OPENERS: Final = frozenset({Key.POLICY_NAME, Key.RULE_ID, Key.RULE_NAME, Key.LIST_NAME, Key.ACTION_NAME, Key.MIRRORED})


class Field(NamedTuple):
    """A label with its value. `column` is where its colon stands; `cut` marks a value that may have been cut."""

    line: int
    key: Key | None
    label: str
    value: str
    column: int = 0
    cut: bool = False


class Block(NamedTuple):
    """The values of a whole filter, in the order of `FILTER_ORDER`. Large lists consist of them."""

    line: int
    values: tuple[str, ...]


class Text(NamedTuple):
    """A line without a colon, or a row of a table of methods. `number` is the one that a title ends in."""

    line: int
    text: str
    key: Key | None = None
    is_title: bool = False
    number: int | None = None


class Blank(NamedTuple):
    """An empty line."""

    line: int


class Table(NamedTuple):
    """The header of a table whose rows follow as fields."""

    line: int


class Prompt(NamedTuple):
    """A command that was typed."""

    line: int
    command: str


class Failure(NamedTuple):
    """`ERR IPsec[number] : text`."""

    line: int
    number: int
    text: str


Item = Block | Field | Text | Blank | Table | Prompt | Failure


def width(text: str) -> int:
    """Return how many columns of a screen `text` takes; ideographs take two."""
    if text.isascii():
        return len(text)
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def numbered(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of `text` with their numbers, without keeping them all."""
    start, number = 0, 1
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield number, text[start:end]
        start, number = end + 1, number + 1


def items(text: str, vocabulary: Vocabulary) -> Iterator[Item]:
    """Yield what stands in `text`, line by line. Raises nothing."""
    return _Lexer(vocabulary).read(text)


class _Lexer:
    """Holds back one line of text, which the next one can make a title."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._held: Text | None = None
        self._columns: list[_Column] | None = None
        self._whole: re.Pattern[str] | None = None

    def read(self, text: str) -> Iterator[Item]:
        key = self._vocabulary.key
        start, number, end = 0, 1, len(text)
        while start < end:
            stop = text.find("\n", start)
            line = text[start : stop if stop >= 0 else end]
            label, colon, value = line.partition(":")
            if colon and self._columns is None and (meaning := key(label)) is not None:
                if self._held is not None:
                    yield from self._release()
                if meaning is Key.DESCRIPTION and (block := self._block(text, start)) is not None:
                    yield Block(number, tuple(map(str.strip, block.groups())))
                    start, number = block.end(), number + len(FILTER_ORDER)
                    continue
                cut = meaning in _NAMES and _may_be_cut(line) and _WIDE.search(text) is None
                yield Field(number, meaning, label, value.strip(), len(label), cut)
            else:
                yield from self._other(number, line)
            start, number = start + len(line) + 1, number + 1
        yield from self._release()

    def _block(self, text: str, start: int) -> re.Match[str] | None:
        """Return the whole filter that begins at `start`; its labels are written as those of the first whole one."""
        if self._whole is None:
            labels = _whole_filter(text, start, self._vocabulary)
            lines = (rf"{re.escape(label)}:([^\n]*)(?:\n|\Z)" for label in labels)
            self._whole = re.compile("".join(lines) + r"(?=[ \t]*(?:\n|\Z))") if labels else None
        return None if self._whole is None else self._whole.match(text, start)

    def _release(self) -> Iterator[Item]:
        if self._held is not None:
            yield self._held
            self._held = None

    def _other(self, number: int, line: str) -> Iterator[Item]:
        """Yield what a line is that is no known field."""
        if not line.strip():
            yield from self._release()
            self._columns = None
            yield Blank(number)
        elif _UNDERLINE.fullmatch(line):
            yield from self._underline(line)
        elif (prompt := _PROMPT.match(line) or _ECHO.fullmatch(line)) is not None:
            yield from self._release()
            self._columns = None
            yield Prompt(number, (prompt[1] if prompt.re is _PROMPT else line).strip())
        elif self._columns is not None:
            yield from _row(number, line, self._columns)
        else:
            yield from self._release()
            yield from self._plain(number, line)

    def _plain(self, number: int, line: str) -> Iterator[Item]:
        failure = _FAILURE.match(line)
        label, colon, value = line.partition(":")
        if failure is not None:
            yield Failure(number, int(failure[1]), failure[2].strip())
        elif colon:
            yield Field(number, None, label.strip(), value.strip(), width(label))
        else:
            text = line.rstrip()
            key, ending = self._vocabulary.key(text), None
            counted = _COUNTED.fullmatch(text) if key is None else None
            if counted is not None and (key := self._vocabulary.key(counted[1])) is not None:
                ending = int(counted[2])
            self._held = Text(number, text, key, number=ending)

    def _underline(self, line: str) -> Iterator[Item]:
        """Make the line above a title, or the header of a table."""
        header, self._held = self._held, None
        spans = [match.span() for match in _DASHES.finditer(line)]
        if header is not None and len(spans) > 1:
            columns = _columns(header.text, spans, self._vocabulary)
            keys = {column.key for column in columns}
            if keys & _OPENERS and keys <= _ROW_KEYS | {None}:
                self._columns = columns
                yield Table(header.line)
                return
        if header is not None:
            yield header._replace(is_title=True)


def _whole_filter(text: str, start: int, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Return the labels of the filter that begins at `start` if all its lines are there, else nothing."""
    labels: list[str] = []
    for key in FILTER_ORDER:
        stop = text.find("\n", start)
        label, colon, _ = text[start : stop if stop >= 0 else len(text)].partition(":")
        if not colon or vocabulary.key(label) is not key:
            return ()
        labels.append(label)
        start = stop + 1 if stop >= 0 else len(text)
    return tuple(labels)


class _Column(NamedTuple):
    """One column of a table: where it begins and ends, the latter None for the last one."""

    key: Key | None
    label: str
    start: int
    end: int | None


def _columns(header: str, spans: Sequence[tuple[int, int]], vocabulary: Vocabulary) -> list[_Column]:
    starts = [start for start, _ in spans]
    ends = [*starts[1:], None]
    screen = _on_screen(header)
    labels = [screen[start:end].replace(_FILLER, "").strip() for start, end in zip(starts, ends, strict=True)]
    rows = zip(labels, starts, ends, strict=True)
    return [_Column(vocabulary.key(label), label, start, end) for label, start, end in rows]


def _may_be_cut(line: str) -> bool:
    """Whether a line, in a capture that nowhere goes beyond the screen, ends where the screen does."""
    return line.rstrip().endswith("...") or width(line.rstrip()) >= _SCREEN - 1


def _row(number: int, line: str, columns: Sequence[_Column]) -> Iterator[Item]:
    """Yield the cells of one row as fields, what begins an object first.

    A cell that leaves no blank before the next column may have been cut.
    """
    screen = _on_screen(line)
    cells = line.split("\t") if "\t" in line else [screen[c.start : c.end] for c in columns]
    fields = []
    for column, cell in zip(columns, cells, strict=False):
        full = column.end is not None and "\t" not in line and cell[-1:].strip() != ""
        text = cell.replace(_FILLER, "").strip()
        fields.append(Field(number, column.key, column.label, text, cut=full or text.endswith("...")))
    is_filter = any(field.key is Key.MIRRORED for field in fields)
    yield from sorted(fields, key=lambda f: _rank(f.key, is_filter=is_filter))
    if len(cells) != len(columns):
        yield Text(number, "")


def _rank(key: Key | None, *, is_filter: bool) -> int:
    """Return 0 for what stands first in a block: a filter begins with its description, all else with its name."""
    if is_filter and key is Key.DESCRIPTION:
        return 0
    return 1 if key in _OPENERS else 2


def _on_screen(line: str) -> str:
    """Return `line` with as many characters as it takes columns."""
    if line.isascii():
        return line
    return "".join(c + _FILLER if unicodedata.east_asian_width(c) in "WF" else c for c in line)
