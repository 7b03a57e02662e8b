"""The integer arithmetic of `set /a`.

Source: Microsoft's command-line reference for `set`. Numbers are signed 32-bit, decimal, 0x hexadecimal or 0 octal.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Final

_TOKEN = re.compile(r"[ \t]*(0[xX][0-9a-fA-F]+|[0-9]+|[A-Za-z_][A-Za-z0-9_]*|<<|>>|[-+*/%&^|~!()])")
_ASSIGNMENT = re.compile(r"[ \t]*([^\s=+\-*/%&^|<>!~(),\"]+)[ \t]*((?:<<|>>|[-+*/%&^|])?)=(?!=)(.*)", re.DOTALL)
_NESTING_LIMIT: Final = 40


class NotArithmetic(ValueError):  # noqa: N818 - says what the text is
    """An expression whose value is not known, for whatever reason."""


def _divide(dividend: int, divisor: int) -> int:
    if divisor == 0:
        raise NotArithmetic
    return int(abs(dividend) // abs(divisor)) * (1 if (dividend < 0) == (divisor < 0) else -1)


def _remainder(dividend: int, divisor: int) -> int:
    return dividend - divisor * _divide(dividend, divisor)


def _shift(value: int, count: int) -> int:
    return value << count if 0 <= count < 32 else 0


_LEVELS: Final[tuple[Mapping[str, Callable[[int, int], int]], ...]] = (
    {"|": operator.or_},
    {"^": operator.xor},
    {"&": operator.and_},
    {"<<": _shift, ">>": lambda value, count: value >> min(max(count, 0), 31)},
    {"+": operator.add, "-": operator.sub},
    {"*": operator.mul, "/": _divide, "%": _remainder},
)
_OPERATORS: Final = {sign: function for level in _LEVELS for sign, function in level.items()}


def assignments(text: str, lookup: Callable[[str], str | None]) -> dict[str, str | None]:
    """Return the variables that `set /a text` sets, in order, None where the value is not known.

    `lookup` gives a variable's value, or None when it is not known.
    """
    found: dict[str, str | None] = {}

    def current(name: str) -> str | None:
        return found[name.lower()] if name.lower() in found else lookup(name)

    for part in text.replace('"', "").split(","):
        match = _ASSIGNMENT.fullmatch(part)
        if match is None:
            continue
        name, sign, expression = match[1], match[2], match[3]
        try:
            value = _evaluate(expression, current)
            if sign:
                value = _wrapped(_OPERATORS[sign](_number(current(name) or "0"), value))
            found[name.lower()] = str(value)
        except NotArithmetic:
            found[name.lower()] = None
    return found


def _wrapped(value: int) -> int:
    return (value + 0x80000000) % 0x100000000 - 0x80000000


def _number(text: str) -> int:
    text = text.strip()
    try:
        if re.fullmatch(r"-?0[0-9]+", text):
            return int(text, 8)
        return _wrapped(int(text, 0))
    except ValueError as error:
        raise NotArithmetic from error


def _evaluate(text: str, lookup: Callable[[str], str | None]) -> int:
    """Return the value of one expression. Raises NotArithmetic."""
    tokens: list[str] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or len(tokens) > 1000:
            raise NotArithmetic
        tokens.append(match[1])
        at = match.end()
    expression = _Expression(tokens, lookup)
    value = expression.level(0)
    if expression.tokens:
        raise NotArithmetic
    return value


class _Expression:
    """A recursive-descent evaluator; `tokens` are those left, the next one last."""

    def __init__(self, tokens: list[str], lookup: Callable[[str], str | None]) -> None:
        self.tokens = tokens[::-1]
        self._lookup = lookup
        self._depth = 0

    def level(self, rank: int) -> int:
        if rank == len(_LEVELS):
            return self._atom()
        value = self.level(rank + 1)
        while self.tokens and self.tokens[-1] in _LEVELS[rank]:
            function = _LEVELS[rank][self.tokens.pop()]
            value = _wrapped(function(value, self.level(rank + 1)))
        return value

    def _atom(self) -> int:
        self._depth += 1
        if not self.tokens or self._depth > _NESTING_LIMIT:
            raise NotArithmetic
        atom = self.tokens.pop()
        if atom == "(":
            value = self.level(0)
            if not self.tokens or self.tokens.pop() != ")":
                raise NotArithmetic
        elif atom in "+-~!":
            inner = self._atom()
            value = {"+": inner, "-": -inner, "~": ~inner, "!": int(not inner)}[atom]
        elif atom[0].isdigit():
            value = _number(atom)
        else:
            value = self._variable(atom)
        self._depth -= 1
        return value

    def _variable(self, name: str) -> int:
        text = self._lookup(name)
        if text is None:
            raise NotArithmetic
        return _number(text or "0")
