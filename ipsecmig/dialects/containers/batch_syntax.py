"""The syntax of batch files, as cmd.exe reads it after percent expansion.

A logical line is a sequence of steps; `&`, `&&` and `||` join them, `|` joins programs, parentheses make blocks.
The command after `if` and `for` takes everything up to the end of the line or block.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from ipsecmig.dialects.containers.positions import NOTHING, Mapped, join

_NESTING_LIMIT: Final = 60
_Parsed = TypeVar("_Parsed")


@dataclass(frozen=True, slots=True)
class Redirect:
    """`> target`, `>> target` or `< target`; `operator` is one of these three signs."""

    operator: str
    target: Mapped


@dataclass(frozen=True, slots=True)
class Simple:
    """One command with its arguments, carets and redirections taken off."""

    text: Mapped
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """Steps in parentheses."""

    steps: tuple[Step, ...]
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class Pipe:
    """Programs that read each other's output."""

    stages: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class If:
    """`kind` is `exist`, `defined`, `errorlevel`, `cmdextversion`, a comparison such as `==` or `equ`, or empty."""

    condition: Mapped
    negated: bool
    ignore_case: bool
    kind: str
    left: Mapped
    right: Mapped
    then: tuple[Step, ...]
    otherwise: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class For:
    """`kind` is empty or one of `l`, `f`, `d`, `r`; `variable` is one character; `head` is all before `do`."""

    head: Mapped
    kind: str
    options: str
    variable: str
    items: Mapped
    body: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Malformed:
    """What cmd.exe would refuse to run."""

    text: Mapped
    reason: str


Node = Simple | Block | Pipe | If | For | Malformed


@dataclass(frozen=True, slots=True)
class Step:
    """A command and how it hangs on the one before: `&` always, `&&` after success, `||` after failure."""

    operator: str
    node: Node


class Unclosed(Exception):  # noqa: N818 - a signal between the parser and the reader of batch files
    """A block without its closing parenthesis; `steps` is what stands in it, `at` its opening parenthesis."""

    def __init__(self, steps: tuple[Step, ...], at: Mapped) -> None:
        self.steps = steps
        self.at = at
        super().__init__("a block is never closed")


_PLAIN = re.compile(r'[^"^&|<>()\n]+')
_QUOTED = re.compile(r'"[^"\n]*"?')
_SEPARATORS: Final = " \t,;=@"
_KEYWORD = re.compile(r"(if|for)(?![\w.:\\-])|(rem)(?=netsh\b|[^\w\\:])", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"(?<=[=\"'\w])<[A-Za-z][\w .-]*>")
_OPERATOR = re.compile(r"&&|\|\||&")
_REDIRECT = re.compile(r"(>>|>|<)(?:&[0-9]|[ \t]*)")
_TARGET = re.compile(r'(?:"[^"\n]*"?|[^\s"&|<>()^])+')
_FLAGS = re.compile(r"((?:/i|not)(?=[\s]))[ \t]*", re.IGNORECASE)
_UNARY = re.compile(r"(exist|defined|errorlevel|cmdextversion)[ \t]+", re.IGNORECASE)
_OPERAND = re.compile(r'(?:"[^"\n]*"?|(?!==)[^\s"\n])+')
_COMPARE = re.compile(r"[ \t]*(==|(?:equ|neq|lss|leq|gtr|geq)(?=\s))[ \t]*", re.IGNORECASE)
_ELSE = re.compile(r"[ \t]*else(?=[\s(])", re.IGNORECASE)
_FOR_KIND = re.compile(r"/([ldrf])\b[ \t]*", re.IGNORECASE)
_FOR_OPTIONS = re.compile(r'("[^"\n]*"|[^%\s"]\S*)[ \t]*')
_FOR_VARIABLE = re.compile(r"%(\S)[ \t]+in[ \t]*\(", re.IGNORECASE)
_DO = re.compile(r"[ \t]*do(?=[\s(@\"])", re.IGNORECASE)


class Parser:
    """Parses one logical line; `more` gives the next physical line, already expanded, or None at the end."""

    def __init__(self, line: Mapped, more: Callable[[], Mapped | None]) -> None:
        self._more = more
        self._text = line.text + "\n"
        self._line = line
        self._at = 0
        self._depth = 0

    def parse(self) -> tuple[Step, ...]:
        """Return the steps of the logical line. Raises Unclosed."""
        return self._sequence(0)

    def _cut(self, start: int, end: int) -> Mapped:
        return self._line.cut(start, end)

    def _next_line(self) -> bool:
        line = self._more()
        if line is None:
            return False
        self._line, self._text, self._at = line, line.text + "\n", 0
        return True

    def _skip(self, characters: str) -> None:
        while True:
            while self._text[self._at] in characters:
                self._at += 1
            if not self._text.startswith("^\n", self._at) or not self._next_line():
                return

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self._text, self._at)
        if match:
            self._at = match.end()
        return match

    def _sequence(self, parens: int) -> tuple[Step, ...]:
        """Parse up to the end of the line, or to the `)` of the block when `parens` is not 0."""
        steps: list[Step] = []
        operator = "&"
        while True:
            node = self._collect(self._pipeline, parens, steps)
            if node is not None:
                steps.append(Step(operator, node))
            self._skip(" \t")
            match = self._match(_OPERATOR)
            if match is None:
                return tuple(steps)
            operator = match[0] if node is not None else operator

    def _pipeline(self, parens: int) -> Node | None:
        node = self._command(parens)
        stages = [node] if node is not None else []
        while self._text[self._at] == "|" and not self._text.startswith("||", self._at):
            self._at += 1
            following = self._command(parens)
            if following is not None:
                stages.append(following)
        return Pipe(tuple(stages)) if len(stages) > 1 else node

    def _command(self, parens: int) -> Node | None:
        self._skip(_SEPARATORS)
        self._depth += 1
        try:
            if self._depth > _NESTING_LIMIT:
                return self._malformed(self._at, f"it nests deeper than {_NESTING_LIMIT} commands")
            return self._command_here(parens)
        finally:
            self._depth -= 1

    def _malformed(self, start: int, reason: str) -> Malformed:
        """Give up on the rest of the physical line."""
        self._at = len(self._text) - 1
        return Malformed(self._cut(start, self._at), reason)

    def _command_here(self, parens: int) -> Node | None:
        character = self._text[self._at]
        if character == "(":
            return self._block(parens)
        if character == ":" or (character == ")" and not parens):
            self._at = len(self._text) - 1
            return None
        keyword = _KEYWORD.match(self._text, self._at)
        if keyword is None:
            return self._simple(parens)
        if keyword[2]:
            self._at = len(self._text) - 1
            return None
        start = self._at
        self._at = keyword.end()
        self._skip(" \t")
        return self._if(start, parens) if keyword[1].lower() == "if" else self._for(start, parens)

    def _block(self, parens: int) -> Block:
        opening = self._cut(self._at, self._at + 1)
        self._at += 1
        steps: list[Step] = []
        while True:
            self._skip(_SEPARATORS)
            character = self._text[self._at]
            if character == ")":
                self._at += 1
                break
            if character == "\n":
                if not self._next_line():
                    raise Unclosed(tuple(steps), opening)
            elif character in "&|":
                self._at += 1
            else:
                steps += self._collect(self._sequence, parens + 1, steps)
        redirects: list[Redirect] = []
        while self._redirect(redirects):
            continue
        return Block(tuple(steps), tuple(redirects))

    def _collect(self, parse: Callable[[int], _Parsed], parens: int, before: list[Step]) -> _Parsed:
        """Call `parse`; when it meets a block that is never closed, keep the steps `before` it too."""
        try:
            return parse(parens)
        except Unclosed as problem:
            raise Unclosed((*before, *problem.steps), problem.at) from problem

    def _simple(self, parens: int) -> Simple | None:
        """Consume one command. A `<NAME>` that is glued to a value is a placeholder to be filled in, so it stays."""
        parts: list[Mapped] = []
        redirects: list[Redirect] = []
        while True:
            if match := self._match(_PLAIN) or self._match(_QUOTED) or self._match(_PLACEHOLDER):
                parts.append(self._cut(match.start(), match.end()))
                continue
            character = self._text[self._at]
            if character in "&|\n" or (character == ")" and parens):
                break
            if character == "^":
                parts.append(self._escaped())
            elif character in "<>":
                _drop_handle(parts)
                self._redirect(redirects)
            else:
                parts.append(self._cut(self._at, self._at + 1))
                self._at += 1
        text = join(parts)
        return Simple(text, tuple(redirects)) if text.text.strip() or redirects else None

    def _escaped(self) -> Mapped:
        """Consume a caret and return the character that it makes ordinary."""
        self._at += 1
        if self._text[self._at] == "\n" and (not self._next_line() or self._text[self._at] == "\n"):
            return NOTHING
        character = self._cut(self._at, self._at + 1)
        self._at += 1
        return character

    def _redirect(self, redirects: list[Redirect]) -> bool:
        self._skip(" \t")
        match = self._match(_REDIRECT)
        if match is None:
            return False
        if "&" not in match[0]:
            target = self._match(_TARGET)
            name = self._cut(target.start(), target.end()) if target else NOTHING
            redirects.append(Redirect(match[1], name))
        return True

    def _if(self, start: int, parens: int) -> If:
        flags = set()
        while match := self._match(_FLAGS):
            flags.add(match[1].lower())
        kind, left, right = "", NOTHING, NOTHING
        if match := self._match(_UNARY):
            kind, left = match[1].lower(), self._operand()
        else:
            left = self._operand()
            if match := self._match(_COMPARE):
                kind, right = match[1].lower(), self._operand()
        condition = self._cut(start, self._at).strip()
        then = self._sequence(parens)
        otherwise = self._sequence(parens) if self._match(_ELSE) else ()
        return If(condition, "not" in flags, "/i" in flags, kind, left, right, then, otherwise)

    def _operand(self) -> Mapped:
        match = self._match(_OPERAND)
        return self._cut(match.start(), match.end()) if match else NOTHING

    def _for(self, start: int, parens: int) -> For | Malformed:
        kind = self._match(_FOR_KIND)
        options = self._match(_FOR_OPTIONS) if kind else None
        variable = self._match(_FOR_VARIABLE)
        if variable is None:
            return self._malformed(start, "`for` needs `%%x in (...) do`")
        line, items = self._line, self._items()
        if items is None or self._match(_DO) is None:
            return self._malformed(0 if line is not self._line else start, "`for ... in (...)` needs `) do`")
        head = line.cut(start, self._at if line is self._line else None)
        body = self._sequence(parens)
        return For(head, kind[1].lower() if kind else "", options[1] if options else "", variable[1], items, body)

    def _items(self) -> Mapped | None:
        """Consume the set of a `for` and its closing parenthesis; None when there is none."""
        parts: list[Mapped] = []
        opening = self._cut(self._at - 1, self._at)
        while True:
            if match := self._match(_PLAIN) or self._match(_QUOTED):
                parts.append(self._cut(match.start(), match.end()))
                continue
            character = self._text[self._at]
            if character == ")":
                self._at += 1
                return join(parts)
            if character == "\n":
                parts.append(Mapped(" ", [opening.places[0]]))
                if not self._next_line():
                    return None
            elif character == "^":
                parts.append(self._escaped())
            else:
                parts.append(self._cut(self._at, self._at + 1))
                self._at += 1


def _drop_handle(parts: list[Mapped]) -> None:
    """Take the number of a handle, as in `2>`, off the end of what was read so far."""
    if parts and re.search(r"(?:^|\s)[0-9]$", parts[-1].text):
        parts[-1] = parts[-1].cut(0, -1)
