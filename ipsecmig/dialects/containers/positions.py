"""Text that knows, character by character, where in the document it came from."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple, overload

from ipsecmig.diagnostics import Origin
from ipsecmig.dialects.containers.command import Anchor

HOLE: Final = "\ufdd0"
"""Stands in a text for one reference whose value is not known; decoding never lets this noncharacter in."""


class Mapped(NamedTuple):
    """A text and, for each of its characters, the offset in the document that it came from."""

    text: str
    places: Sequence[int]

    def cut(self, start: int, end: int | None = None) -> Mapped:
        """Return the part from `start` to `end`."""
        return Mapped(self.text[start:end], self.places[start:end])

    def strip(self, blanks: str = " \t\n") -> Mapped:
        """Return the text without `blanks` at either end."""
        start = len(self.text) - len(self.text.lstrip(blanks))
        return self.cut(start, max(start, len(self.text.rstrip(blanks))))

    def substitute(self, pattern: re.Pattern[str], value: Callable[[re.Match[str]], str | None]) -> Mapped:
        """Replace every match of `pattern` by its `value`, which then stands where the match began.

        A match whose value is None stays as it is.
        """
        parts, done = [], 0
        for match in pattern.finditer(self.text):
            text = value(match)
            if text is not None:
                parts += [self.cut(done, match.start()), Mapped(text, [self.places[match.start()]] * len(text))]
                done = match.end()
        return join([*parts, self.cut(done)]) if parts else self


_LINE_INSIDE = re.compile(r"\n(?!\Z)")

NOTHING: Final = Mapped("", ())


def join(parts: Iterable[Mapped]) -> Mapped:
    """Return `parts` one after another."""
    kept = [part for part in parts if part.text]
    if len(kept) == 1:
        return kept[0]
    return Mapped("".join([part.text for part in kept]), _places([part.places for part in kept]))


def _places(places: Sequence[Sequence[int]]) -> Sequence[int]:
    """Return `places` one after another, as a range where they follow each other."""
    ranges = [each for each in places if isinstance(each, range)]
    together = all(one.stop == following.start for one, following in pairwise(ranges))
    if ranges and together and len(ranges) == len(places):
        return range(ranges[0].start, ranges[-1].stop)
    return [place for each in places for place in each]


@dataclass(frozen=True, slots=True)
class Document(Sequence[Mapped]):
    """A decoded file as a sequence of lines. `text` ends in a line feed; `starts` holds each line's first offset."""

    text: str
    file: str
    starts: Sequence[int]

    @classmethod
    def of(cls, text: str, file: str) -> Document:
        """Return the document for `text`, whose line ends are line feeds."""
        if not text.endswith("\n"):
            text += "\n"
        return cls(text, file, (0, *(match.end() for match in re.finditer("\n", text))))

    def __len__(self) -> int:
        return len(self.starts) - 1

    @overload
    def __getitem__(self, index: int) -> Mapped: ...
    @overload
    def __getitem__(self, index: slice) -> list[Mapped]: ...
    def __getitem__(self, index: int | slice) -> Mapped | list[Mapped]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        start, end = self.starts[index], self.starts[index + 1] - 1
        return Mapped(self.text[start:end], range(start, end))

    def whole(self) -> Mapped:
        """Return the whole text, mapped."""
        return Mapped(self.text, range(len(self.text)))

    def place(self, offset: int) -> tuple[int, int]:
        """Return line and column, both counted from 1, of `offset`."""
        line = bisect_right(self.starts, offset, hi=len(self.starts) - 1)
        return line, offset - self.starts[line - 1] + 1

    def origin(self, part: Mapped) -> Origin:
        """Return where `part` stands; its end is on the line where it begins."""
        if not part.text:
            return Origin(self.file, 1, 1, 1)
        first = part.places[0]
        line, column = self.place(first)
        last = max((p for p in (part.places[-1],) if first <= p < self.starts[line]), default=first)
        return Origin(self.file, line, column, column + last - first + 1)

    def anchors(self, part: Mapped) -> tuple[Anchor, ...]:
        """Return the anchors of `part`: one wherever its characters stop standing one after another."""
        places, text = part.places, part.text
        if isinstance(places, range):
            breaks = [0, *(match.end() for match in _LINE_INSIDE.finditer(text))]
        else:
            follows = (places[i] == places[i - 1] + 1 and text[i - 1] != "\n" for i in range(1, len(places)))
            breaks = [0, *(i for i, on in enumerate(follows, 1) if not on)]
        return tuple(Anchor(i, *self.place(places[i])) for i in breaks) if part.text else (Anchor(0, 1, 1),)
