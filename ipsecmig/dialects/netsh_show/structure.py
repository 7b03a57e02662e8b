"""Labels known by their place, where a language has none for them in its table.

The lines of a filter and of the head of a filter list always stand in one order, and their values have telling shapes:
a capture confirmed both. So a whole block says what its labels mean. Blocks with missing lines, and all other blocks,
say nothing here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final, NamedTuple

from ipsecmig.dialects.netsh_show.lines import numbered
from ipsecmig.dialects.netsh_show.values import GUID
from ipsecmig.dialects.netsh_show.vocabulary import FILTER_ORDER, LIST_ORDER, Key, Vocabulary, normal

_DOTTED: Final = r"\d{1,3}(?:\.\d{1,3}){3}"
_ADDRESS: Final = rf"<[^<>]+>|{_DOTTED}(?:[ ]*-[ ]*{_DOTTED})?|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+"
_WORD: Final = r"[^\W\d]+(?:[ ][^\W\d]+)?"
_NUMBER_OR_WORD: Final = rf"\d{{1,5}}|{_WORD}"
_FILTER_SHAPES: Final = tuple(
    re.compile(shape)
    for shape in (
        ".*",
        _WORD,
        _ADDRESS,
        _DOTTED,
        ".+",
        _ADDRESS,
        _DOTTED,
        ".+",
        _NUMBER_OR_WORD,
        _NUMBER_OR_WORD,
        _NUMBER_OR_WORD,
    )
)
_LIST_SHAPES: Final = tuple(re.compile(shape) for shape in (".+", ".*", ".+", ".+", GUID.pattern, r"\d+"))


class _Block(NamedTuple):
    """Lines with colons that stand together; `line` is the number of the first."""

    line: int
    fields: tuple[tuple[str, str], ...]


class Learnt(NamedTuple):
    """A label that no table has, what it means by its place, and the line of the block that says so."""

    label: str
    key: Key
    line: int


@dataclass(slots=True)
class _Lessons:
    vocabulary: Vocabulary
    found: dict[str, Learnt] = field(default_factory=dict)
    contested: set[str] = field(default_factory=set)

    def take(self, block: _Block, order: Sequence[Key]) -> None:
        """Learn from one block, unless what is known already says that it is another one."""
        keys = [self.vocabulary.key(label) for label, _ in block.fields]
        labels = [normal(label) for label, _ in block.fields]
        if any(known not in (None, key) for known, key in zip(keys, order, strict=True)):
            return
        if len(set(labels)) < len(labels):
            return
        for (shown, _), label, known, key in zip(block.fields, labels, keys, order, strict=True):
            if known is not None:
                continue
            if self.found.setdefault(label, Learnt(shown.strip(), key, block.line)).key is not key:
                self.contested.add(label)


def learn(text: str, vocabulary: Vocabulary) -> Mapping[str, Learnt]:
    """Return what the unknown labels of `text` mean by their places, by their normal text.

    What another label of the text means already, none other does.
    """
    keys = {vocabulary.key(label) for label in _labels(text)}
    if None not in keys:
        return {}
    lessons = _Lessons(vocabulary)
    blocks = _blocks(text)
    former = next(blocks, None)
    for block in chain(blocks, [None]):
        if former is not None:
            if _fits(former, _FILTER_SHAPES):
                lessons.take(former, FILTER_ORDER)
            elif _fits(former, _LIST_SHAPES) and block is not None and _begins_filter(block, vocabulary):
                lessons.take(former, LIST_ORDER)
        former = block
    taken = _meant_twice(lessons.found.values()) | keys
    return {
        label: one for label, one in lessons.found.items() if label not in lessons.contested and one.key not in taken
    }


def _labels(text: str) -> set[str]:
    return {match[1] for match in re.finditer(r"^([^:\n]*):", text, re.MULTILINE)}


def _meant_twice(learnt: Iterable[Learnt]) -> frozenset[Key]:
    """Return the keys that two labels claim."""
    claims = Counter(one.key for one in learnt)
    return frozenset(key for key, count in claims.items() if count > 1)


def _blocks(text: str) -> Iterator[_Block]:
    """Yield the blocks of `text` one after the other."""
    start, fields = 0, list[tuple[str, str]]()
    for number, line in numbered(text):
        label, colon, value = line.partition(":")
        if colon and label.strip():
            start = start if fields else number
            fields.append((label, value.strip()))
        elif fields:
            yield _Block(start, tuple(fields))
            fields = []
    if fields:
        yield _Block(start, tuple(fields))


def _fits(block: _Block, shapes: Sequence[re.Pattern[str]]) -> bool:
    return len(block.fields) == len(shapes) and all(
        shape.fullmatch(value) for (_, value), shape in zip(block.fields, shapes, strict=True)
    )


def _begins_filter(block: _Block, vocabulary: Vocabulary) -> bool:
    if _fits(block, _FILTER_SHAPES):
        return True
    return len(block.fields) > 1 and vocabulary.key(block.fields[1][0]) is Key.MIRRORED
