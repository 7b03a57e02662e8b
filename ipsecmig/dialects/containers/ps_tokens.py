"""Cuts PowerShell code into words, groups in brackets, and operators.

Source: about_Parsing, about_Quoting_Rules and about_Special_Characters of Microsoft's PowerShell reference.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ipsecmig.dialects.containers.positions import Mapped
from ipsecmig.dialects.containers.runs import FilterLines


class Part(NamedTuple):
    """A piece of a word. `kind` is `bare`, `single`, `double` (both without quotes), `variable`, `splat` or `code`."""

    kind: str
    text: Mapped


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is `word`, a bracket (`(`, `{`, `@(`, `@{`) for all that it encloses, an operator, or `redirect`.

    `start` and `end` count in the code; `inner` is what a bracket encloses (only of outermost brackets, which remain).
    """

    kind: str
    start: int
    end: int
    parts: tuple[Part, ...] = ()
    inner: Mapped | None = None


class Lexed(NamedTuple):
    """The tokens of a piece of code, and what is never closed: each as the place where it opens and its end sign."""

    tokens: list[Token]
    unclosed: list[tuple[Mapped, str]]


_BLANK = re.compile(r"(?:[ \t\f\v\r\u00a0]|`\n)+|<#.*?(?:#>|\Z)|#[^\n]*", re.DOTALL)
_REDIRECT = re.compile(r"[0-9*]?>>?(?:&[0-9])?|<")
_REDIRECT_WITH_HANDLE = re.compile(r"[0-9*]>>?(?:&[0-9])?")
_OPERATOR = re.compile(r"\n|;|\|\||\||&&|&|,")
_OPENING = re.compile(r"@\(|@\{|\(|\{")
_HERE = re.compile(r"@(['\"])[ \t]*\n(.*?)\n\1@|@(['\"])[ \t]*\n\3@", re.DOTALL)
_SINGLE = re.compile(r"'((?:[^']|'')*)'")
_DOUBLE = re.compile(r'"((?:[^"`]|`.|"")*)"', re.DOTALL)
_OPEN_QUOTE = re.compile(r"[\"'][^\n]*")
_VARIABLE = re.compile(r"\$(?:\{([^}\n]+)\}|((?:\w+:)?\w+|[?$^]))")
_SPLAT = re.compile(r"@(\w+)")
_BARE = re.compile(r"[^\s;|&(){},'\"`$<>]+")
_ESCAPE = re.compile(r"`([^\n])")
_CLOSING: Final = {"(": ")", "{": "}", "@(": ")", "@{": "}"}


class _Lexer:
    def __init__(self, code: Mapped, whole_lines: FilterLines | None) -> None:
        self.code = code
        self._whole_lines = whole_lines
        self.text = code.text
        self.at = 0
        self.tokens: list[Token] = []
        self.unclosed: list[tuple[Mapped, str]] = []
        self._open: list[int] = []
        self._counts = {")": 0, "}": 0}

    def run(self) -> None:
        while self.at < len(self.text):
            self._one()
        while self._open:
            opening = self.tokens[self._open[-1]]
            self.unclosed.append((self.code.cut(opening.start, opening.end), _CLOSING[opening.kind]))
            self._close(len(self.text))

    def _one(self) -> None:
        if self._whole_lines and self._at_statement() and (end := self._whole_lines.end(self.at)) > self.at:
            self._add("lines", end)
        elif match := _BLANK.match(self.text, self.at):
            self.at = match.end()
        elif match := _OPENING.match(self.text, self.at):
            self._open.append(len(self.tokens))
            self._counts[_CLOSING[match[0]]] += 1
            self._add(match[0], match.end())
        elif self.text[self.at] in ")}":
            self._closing()
        elif match := _REDIRECT_WITH_HANDLE.match(self.text, self.at) or _REDIRECT.match(self.text, self.at):
            self._add("redirect", match.end())
        elif match := _OPERATOR.match(self.text, self.at):
            self._add(match[0], match.end())
        elif self.text.startswith("--%", self.at):
            self._verbatim()
        else:
            self._word()

    def _at_statement(self) -> bool:
        """Whether a line and a statement begin here, outside all brackets."""
        if self._open or (self.at and self.text[self.at - 1] != "\n"):
            return False
        last = next((token.kind for token in reversed(self.tokens) if token.kind != "\n"), "")
        return last not in {"|", ",", "&&", "||"}

    def _add(self, kind: str, end: int, parts: Sequence[Part] = ()) -> None:
        self.tokens.append(Token(kind, self.at, end, tuple(parts)))
        self.at = end

    def _closing(self) -> None:
        """Close the innermost bracket of this kind; a sign that closes nothing is passed over."""
        sign = self.text[self.at]
        self.at += 1
        if self._counts[sign]:
            while _CLOSING[self.tokens[self._open[-1]].kind] != sign:
                self._close(self.at - 1)
            self._close(self.at - 1)

    def _close(self, end: int) -> None:
        index = self._open.pop()
        opening = self.tokens[index]
        self._counts[_CLOSING[opening.kind]] -= 1
        del self.tokens[index:]
        inner = None if self._open else self.code.cut(opening.end, end)
        self.tokens.append(Token(opening.kind, opening.start, min(end + 1, len(self.text)), (), inner))

    def _verbatim(self) -> None:
        """After `--%` everything up to the end of the line is meant for the program as it stands."""
        end = self.text.find("\n", self.at)
        end = len(self.text) if end < 0 else end
        part = self.code.cut(self.at + 3, end).strip()
        self._add("word", end, [Part("verbatim", part)])

    def _word(self) -> None:
        start, parts = self.at, list[Part]()
        while self.at < len(self.text):
            part = self._part(first=not parts)
            if part is None:
                break
            parts.append(part)
        if self.at == start:
            self.at += 1
            parts = [Part("bare", self.code.cut(start, self.at))]
        self.tokens.append(Token("word", start, self.at, tuple(parts)))

    def _part(self, *, first: bool) -> Part | None:
        """Consume the next piece of a word; None where the word ends."""
        text, at = self.text, self.at
        if text[at] == "@" and first:
            if match := _HERE.match(text, at):
                kind = "single" if text[at + 1] == "'" else "double"
                return self._take("here " + kind, match, 2 if match[1] else 0)
            if match := _SPLAT.match(text, at):
                return self._name("splat", match, match[1])
        if text[at] == "'" and (match := _SINGLE.match(text, at)):
            return self._take("single", match, 1)
        if text[at] == '"' and (match := _DOUBLE.match(text, at)):
            return self._take("double", match, 1)
        if text[at] in "\"'" and (match := _OPEN_QUOTE.match(text, at)):
            self.unclosed.append((self.code.cut(at, at + 1), text[at]))
            self.at = match.end()
            return Part("single" if text[at] == "'" else "double", self.code.cut(at + 1, match.end()))
        if text.startswith("$(", at):
            return self._code()
        if match := _VARIABLE.match(text, at):
            return self._name("variable", match, match[1] or match[2])
        if match := _ESCAPE.match(text, at):
            return self._take("escape", match, 1)
        if match := _BARE.match(text, at):
            return self._take("bare", match, 0)
        if text[at] == "$":
            self.at += 1
            return Part("bare", self.code.cut(at, at + 1))
        return None

    def _take(self, kind: str, match: re.Match[str], group: int) -> Part:
        self.at = match.end()
        return Part(kind, self.code.cut(*match.span(group)))

    def _name(self, kind: str, match: re.Match[str], name: str) -> Part:
        """Consume a variable; its name stands where the sign before it does."""
        self.at = match.end()
        return Part(kind, Mapped(name, [self.code.places[match.start()]] * len(name)))

    def _code(self) -> Part:
        start = self.at
        self.at = closing(self.text, start + 1)
        return Part("code", self.code.cut(start + 2, self.at - 1))


_BRACKET_OR_QUOTE = re.compile(r"`.|'[^']*'|\"(?:[^\"`]|`.)*\"|[()]", re.DOTALL)


def closing(text: str, start: int) -> int:
    """Return the offset after the `)` that closes the `(` at `start`, or the end of `text`."""
    depth = 0
    for match in _BRACKET_OR_QUOTE.finditer(text, start):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if depth == 0:
            return match.end()
    return len(text)


def lex(code: Mapped, whole_lines: FilterLines | None = None) -> Lexed:
    """Return the tokens of `code`; where `whole_lines` has a run, it becomes one token of kind `lines`."""
    lexer = _Lexer(code, whole_lines)
    lexer.run()
    return Lexed(lexer.tokens, lexer.unclosed)
