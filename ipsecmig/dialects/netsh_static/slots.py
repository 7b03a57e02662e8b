"""What the readers of values share: where a value stands, and how they object to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from ipsecmig.dialects.notes import Note
from ipsecmig.errors import IpsecmigError

if TYPE_CHECKING:
    from lark import Token, Tree


class RefusedError(IpsecmigError):
    """A value that netsh would refuse, raised by a reader and reported by `binding`.

    The message speaks of the value's text from `start` to `end`, by default all of it; its field `tag` need not be
    among `fields`.
    """

    def __init__(
        self, note: Note, expected: str = "", *, start: int = 0, end: int | None = None, **fields: object
    ) -> None:
        super().__init__(note.code)
        self.note, self.expected, self.start, self.end, self.fields = note, expected, start, end, fields


class Remark(NamedTuple):
    """Something to say about a value that is accepted."""

    note: Note
    fields: Mapping[str, object]


class Slot(NamedTuple):
    """The parameter `tag` whose value is read, and the list that remarks about it go to."""

    tag: str
    remarks: list[Remark]

    def remark(self, note: Note, **fields: object) -> None:
        """Add a remark about the value."""
        self.remarks.append(Remark(note, fields))


def number(text: str, highest: int, note: Note, expected: str = "") -> int:
    """Return the decimal number `text`; anything else, or a number over `highest`, raises RefusedError with `note`."""
    if text.isascii() and text.isdigit() and len(text) <= 12 and int(text) <= highest:
        return int(text)
    raise RefusedError(note, expected or f"a number from 0 to {highest}")


def tokens(tree: Tree[Token]) -> Iterator[Token]:
    """Yield the tokens that are direct children of `tree`."""
    for child in tree.children:
        if isinstance(child, str):
            yield child


def subtrees(tree: Tree[Token]) -> Iterator[Tree[Token]]:
    """Yield the trees that are direct children of `tree`."""
    for child in tree.children:
        if child is not None and not isinstance(child, str):
            yield child
