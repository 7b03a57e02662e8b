"""Values of PowerShell expressions, as far as the script itself says them: strings, numbers and arrays of them.

Source: about_Quoting_Rules, about_Arrays and about_Operators of Microsoft's PowerShell reference.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from ipsecmig.dialects.containers.expansion import Unknown
from ipsecmig.dialects.containers.output import BUDGET, Output
from ipsecmig.dialects.containers.positions import HOLE, NOTHING, Mapped, join
from ipsecmig.dialects.containers.ps_tokens import Part, Token, closing, lex

LENGTH_LIMIT: Final = 1 << 16
"""The longest string put together from others that is followed, in characters."""

_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "0": "", "a": "", "b": "", "f": "", "v": ""}
_IN_STRING = re.compile(r"`(.)|\"\"|\$\(|\$(?:\{([^}\n]+)\}|((?:\w+:)?\w+))", re.DOTALL)
_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)")
_NUMBER = re.compile(r"-?(?:\d+|0x[0-9a-fA-F]+)")
_CAST = re.compile(r"\[[\w.\[\]]+\]")
_INDEX = re.compile(r"\[(\d+)\]")
_CONSTANTS: Final = {"null": "", "true": "True", "false": "False"}


@dataclass(frozen=True, slots=True)
class Known:
    """One string or number, or an array of them. Strings may contain holes."""

    items: tuple[Mapped, ...]
    array: bool = False
    number: bool = False


Value = Known | Unknown
Variables = dict[str, Value]
NOT_KNOWN: Final = Unknown("it comes from an expression that is known only when the script runs")


def array(items: Sequence[Mapped]) -> Value:
    """Return the array of `items`; one that grows without bound is not followed."""
    if len(items) > BUDGET:
        return Unknown(f"the array has more than {BUDGET} elements")
    return Known(tuple(items), array=True)


class Evaluator:
    """Works out words and expressions with the variables of one place in the script."""

    def __init__(self, variables: Variables, out: Output) -> None:
        self._variables = variables
        self._out = out
        self._depth = 0

    def variable(self, name: str) -> Value:
        """Return the value of `$name`."""
        name = re.sub(r"^(?:script|global|local|private):", "", name.lower())
        if name in _CONSTANTS:
            return Known((Mapped(_CONSTANTS[name], [0] * len(_CONSTANTS[name])),))
        found = self._variables.get(name)
        if found is None:
            define = name.removeprefix("env:")
            return Unknown(f"`${name}` gets its value when the script runs: give it with --define {define}=VALUE")
        return found

    def word(self, token: Token) -> list[Mapped]:
        """Return the arguments that a word of a command becomes; an array in a variable becomes several."""
        first = token.parts[0]
        if first.kind not in {"variable", "splat"}:
            return [join(self._part(part) for part in token.parts)]
        value = self.variable(first.text.text)
        rest = token.parts[1:]
        if rest and rest[0].kind == "bare" and rest[0].text.text[0] in ".[":
            value, rest = self._member(value, rest[0].text.text), rest[1:]
        if isinstance(value, Known) and value.array and not rest:
            return [self._moved(item, first.text.places[0], f"${first.text.text}") for item in value.items]
        inserted = self._inserted(value, first.text.places[0], f"${first.text.text}")
        return [join([inserted, *(self._part(part) for part in rest)])]

    def _member(self, value: Value, text: str) -> Value:
        """Return an element of an array; properties and methods are not followed."""
        index = _INDEX.fullmatch(text)
        if index is None or isinstance(value, Unknown):
            return NOT_KNOWN if index is None else value
        within = value.array and int(index[1]) < len(value.items)
        return Known((value.items[int(index[1])],), number=value.number) if within else NOT_KNOWN

    def _part(self, part: Part) -> Mapped:
        text = part.text
        if part.kind == "escape":
            return Mapped(_ESCAPES.get(text.text, text.text), text.places[: len(_ESCAPES.get(text.text, text.text))])
        if part.kind == "single":
            return text.substitute(re.compile("''"), lambda _: "'") if "''" in text.text else text
        if part.kind in {"double", "here double"}:
            return self._interpolated(text, here=part.kind != "double")
        if part.kind in {"variable", "splat"}:
            return self._inserted(self.variable(text.text), text.places[0], f"${text.text}")
        if part.kind == "code":
            return self._inserted(self.expression(lex(text).tokens), _place(text), f"$({text.text})")
        return text

    def _interpolated(self, text: Mapped, *, here: bool) -> Mapped:
        """Return the string in double quotes whose inside is `text`."""
        if "$" not in text.text and "`" not in text.text and (here or '"' not in text.text):
            return text
        parts, done, end = [], 0, 0
        for match in _IN_STRING.finditer(text.text):
            if match.start() < end or (here and match[0] == '""'):
                continue
            parts.append(text.cut(done, match.start()))
            end = closing(text.text, match.start() + 1) if match[0] == "$(" else match.end()
            parts.append(self._piece(text, match, end))
            done = end
        return join([*parts, text.cut(done)])

    def _piece(self, text: Mapped, match: re.Match[str], end: int) -> Mapped:
        """Return what an escape, a doubled quote, `$name` or `$(...)` in a string becomes."""
        place = text.places[match.start()]
        if match[0] == "$(":
            inner = text.cut(match.start() + 2, end - 1)
            return self._inserted(self.expression(lex(inner).tokens), place, f"$({inner.text})")
        name = match[2] or match[3]
        if name:
            return self._inserted(self.variable(name), place, match[0])
        character = '"' if match[0] == '""' else _ESCAPES.get(match[1], match[1])
        return Mapped(character, [place] * len(character))

    def _inserted(self, value: Value, place: int, text: str) -> Mapped:
        if isinstance(value, Unknown):
            return Mapped(self._out.hole(place, text, value.reason), [place])
        blank = Mapped(" ", [place])
        spaced = [piece for item in value.items for piece in (blank, self._moved(item, place, text))]
        found = join(spaced[1:])
        if len(found.text) > LENGTH_LIMIT:
            return Mapped(self._out.hole(place, text, "it is too long to be followed"), [place])
        return found

    def _moved(self, item: Mapped, place: int, reference: str) -> Mapped:
        """Return `item` as it stands at the `place` where `reference` uses it."""
        if HOLE in item.text:
            self._out.hole(place, reference, self._out.why(item))
        return Mapped(item.text, [place] * len(item.text))

    def expression(self, tokens: Sequence[Token]) -> Value:
        """Return the value of the expression `tokens` of `code`."""
        self._depth += 1
        try:
            return self._sum(tokens) if self._depth < 30 else NOT_KNOWN
        finally:
            self._depth -= 1

    def _sum(self, tokens: Sequence[Token]) -> Value:
        tokens = [token for token in _separated(tokens) if token.kind != "\n"]
        groups = [list(g) for plus, g in groupby(tokens, lambda t: _is(t, "+")) if not plus]
        if not groups:
            return Known((), array=True)
        total = self._list(groups[0])
        for group in groups[1:]:
            total = _added(total, self._list(group))
        return total

    def _list(self, tokens: Sequence[Token]) -> Value:
        groups = [list(g) for comma, g in groupby(tokens, lambda t: t.kind in {",", ";"}) if not comma]
        values = [self._term(group) for group in groups]
        if len(values) == 1 and not any(token.kind == "," for token in tokens):
            return values[0]
        items: list[Mapped] = []
        for value in values:
            if isinstance(value, Unknown):
                return value
            items += value.items
        return array(items)

    def _term(self, tokens: Sequence[Token]) -> Value:
        while len(tokens) > 1 and _CAST.fullmatch(_text(tokens[0]).text):
            tokens = tokens[1:]
        if len(tokens) != 1:
            return NOT_KNOWN
        token = tokens[0]
        if token.inner is not None and token.kind in {"(", "@("}:
            return self._group(token, token.inner)
        if token.kind != "word":
            return NOT_KNOWN
        return self._word_value(token)

    def _group(self, token: Token, inner: Mapped) -> Value:
        tokens = lex(inner).tokens
        lines = [list(g) for end, g in groupby(tokens, lambda t: t.kind in {"\n", ";"}) if not end]
        values = [self.expression(line) for line in lines] if token.kind == "@(" else []
        if token.kind == "(":
            return self.expression(tokens)
        items: list[Mapped] = []
        for value in values:
            if isinstance(value, Unknown):
                return value
            items += value.items
        return array(items)

    def _word_value(self, token: Token) -> Value:
        text = _text(token)
        if match := _RANGE.fullmatch(text.text):
            return _range(int(match[1]), int(match[2]), text)
        if _NUMBER.fullmatch(text.text):
            return Known((text,), number=True)
        if token.parts[0].kind == "variable":
            value = self.variable(token.parts[0].text.text)
            return value if len(token.parts) == 1 else self._member(value, join(p.text for p in token.parts[1:]).text)
        if all(part.kind in {"single", "double", "here single", "here double", "code"} for part in token.parts):
            return Known((join(self._part(part) for part in token.parts),))
        return NOT_KNOWN


def _separated(tokens: Sequence[Token]) -> list[Token]:
    """Cut words at `+` signs and casts, which an expression does not take as letters."""
    found: list[Token] = []
    for token in tokens:
        signs = any(part.kind == "bare" and part.text.text == "+" for part in token.parts)
        if len(token.parts) > 1 and (signs or _CAST.fullmatch(token.parts[0].text.text)):
            found += [Token("word", token.start, token.end, (part,)) for part in token.parts]
        else:
            found.append(token)
    return found


def _is(token: Token, sign: str) -> bool:
    return token.kind == "word" and [(p.kind, p.text.text) for p in token.parts] == [("bare", sign)]


def _text(token: Token) -> Mapped:
    """Return a word without quotes and values as it is written."""
    return join(part.text for part in token.parts) if all(p.kind == "bare" for p in token.parts) else NOTHING


def _place(text: Mapped) -> int:
    return text.places[0] if text.text else 0


def _range(first: int, last: int, text: Mapped) -> Value:
    step = 1 if first <= last else -1
    numbers = range(first, last + step, step)
    if len(numbers) > BUDGET:
        return Unknown(f"the range has more than {BUDGET} numbers")
    return Known(tuple(Mapped(str(n), [text.places[0]] * len(str(n))) for n in numbers), array=True, number=True)


def _added(left: Value, right: Value) -> Value:
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return left if isinstance(left, Unknown) else right
    if left.array:
        return array([*left.items, *right.items])
    one = left.items[0] if left.items else NOTHING
    if left.number and right.number and len(right.items) == 1:
        total = str(int(one.text, 0) + int(right.items[0].text, 0))
        return Known((Mapped(total, [one.places[0]] * len(total)),), number=True)
    text = join([one, *right.items])
    return Known((text,)) if len(text.text) <= LENGTH_LIMIT else Unknown("it is too long to be followed")
