"""Access to the grammar of ipsecpol and ipseccmd; this module is the only one that meets Lark for it."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from ipsecmig.dialects.netsh_static.syntax import Unparsed, parse_by

if TYPE_CHECKING:
    from lark import Lark, Token, Tree

GRAMMAR: Final = "ipseccmd.lark"
FILTERS: Final = "filters"
NEGOTIATION: Final = "negotiation"
MM_METHODS: Final = "mm_methods"
REKEY: Final = "rekey"
_START: Final = ("command", FILTERS, NEGOTIATION, MM_METHODS, REKEY)


class Word(NamedTuple):
    """One word of a command line, and where it stands in its text; `raw` has its quotation marks."""

    raw: str
    start: int

    @property
    def end(self) -> int:
        """The offset after the word."""
        return self.start + len(self.raw)

    @property
    def text(self) -> str:
        """The word without quotation marks, as the tool sees it."""
        return self.raw.replace('"', "")

    @property
    def unclosed(self) -> bool:
        """Whether a quotation mark is never closed."""
        return self.raw.count('"') % 2 == 1


class Section(NamedTuple):
    """An option and the words that follow it; the first words of a command line have no option."""

    option: str
    start: int
    words: tuple[Word, ...]

    @property
    def name(self) -> str:
        """The option in lower case."""
        return self.option.lower()

    @property
    def end(self) -> int:
        """The offset after the section."""
        return self.words[-1].end if self.words else self.start + len(self.option)


@cache
def _parser() -> Lark:
    from ipsecmig import grammars

    return grammars.load(GRAMMAR, _START)


def sections(text: str) -> list[Section]:
    """Return the options of the command line `text` with their words, in order."""
    stripped = text.strip(" \t")
    if not stripped:
        return []
    indent = text.index(stripped)
    found: list[Section] = []
    for token in _parser().parse(stripped, start="command").children:
        if not isinstance(token, str):
            raise TypeError("the grammar of command lines has no rules within rules")
        start = (token.start_pos or 0) + indent
        if token.type == "OPTION":
            found.append(Section(str(token), start, ()))
        else:
            last = found.pop() if found else Section("", start, ())
            found.append(last._replace(words=(*last.words, Word(str(token), start))))
    return found


@lru_cache(maxsize=4096)
def parse(rule: str, text: str) -> Tree[Token] | Unparsed:
    """Return `text` parsed as the start symbol `rule`; offsets count in `text`, which has no blanks at its ends."""
    return parse_by(_parser(), rule, text)
