"""Access to the grammar: a script as statements, each a call of a cmdlet, an assignment, or not understood."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from ipsecmig.diagnostics import Origin

if TYPE_CHECKING:
    from lark import Lark, Token, Tree

GRAMMAR: Final = "netsecurity.lark"
_QUOTES: Final = "'\u2018\u2019\u201a\u201b"
_DOUBLED: Final = re.compile(f"[{_QUOTES}]([{_QUOTES}])")
_GOES_ON: Final = re.compile(r"(?:`|,)[ \t]*$")


class Value(NamedTuple):
    """A string or a word, or the name of a variable."""

    text: str
    is_variable: bool = False


class Call(NamedTuple):
    """A cmdlet in lower case with its parameters by name in lower case; a switch has no values.

    `variable` gets what it gives, empty where it goes nowhere.
    """

    cmdlet: str
    parameters: dict[str, tuple[Value, ...]]
    variable: str
    origin: Origin


class Assignment(NamedTuple):
    """A variable, in lower case, that gets plain values."""

    variable: str
    values: tuple[Value, ...]
    origin: Origin


class Unread(NamedTuple):
    """A statement that is not understood. Its text may hold a secret, and is not kept."""

    origin: Origin


Statement = Call | Assignment | Unread


@cache
def _parser() -> Lark:
    from ipsecmig import grammars

    return grammars.load(GRAMMAR, ("statement",))


def statements(text: str, file: str) -> Iterator[Statement]:
    """Yield the statements of the script `text`, whose lines end in line feeds."""
    from lark.exceptions import UnexpectedInput

    for number, code in _lines(text):
        origin = Origin(file, number, 1, len(code) + 1)
        try:
            tree = _parser().parse(code, start="statement")
        except UnexpectedInput:
            yield Unread(origin)
        else:
            found = _statement(tree.children[0], origin)
            if found is not None:
                yield found


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that hold code, each with its number; a backtick or a comma at the end joins the next line."""
    waiting, start, inside = "", 0, False
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if not waiting and (inside or stripped.startswith("<#")):
            inside = "#>" not in stripped
            stripped = "" if inside else stripped.partition("#>")[2].strip()
        if not waiting and (not stripped or stripped.startswith("#")):
            continue
        start = start if waiting else number
        waiting = f"{waiting} {stripped}".strip()
        if _GOES_ON.search(waiting):
            waiting = waiting.removesuffix("`").rstrip() or " "
            continue
        yield start, waiting
        waiting = ""
    if waiting.strip():
        yield start, waiting


def _statement(tree: Tree[Token] | Token, origin: Origin) -> Statement | None:
    from lark import Tree

    if not isinstance(tree, Tree):
        return Unread(origin)
    parts = tree.children
    if tree.data == "preference":
        return None
    if tree.data == "parameters":
        name = next(str(p) for p in parts if getattr(p, "type", "") == "VARIABLE")
        return Assignment(name[1:].lower(), (_value(parts[-1]),), origin)
    if tree.data == "pipeline":
        return _call(parts[0], "", origin)
    variable, right = str(parts[0])[1:].lower(), parts[1]
    if getattr(right, "data", "") == "command":
        return _call(right, variable, origin)
    return Assignment(variable, _values(right), origin)


def _call(tree: Tree[Token] | Token, variable: str, origin: Origin) -> Statement:
    from lark import Tree

    if not isinstance(tree, Tree):
        return Unread(origin)
    parameters: dict[str, tuple[Value, ...]] = {}
    for part in tree.children[1:]:
        if isinstance(part, Tree) and part.data == "argument":
            name = str(part.children[0])[1:].rstrip(":").lower()
            if name in parameters:
                return Unread(origin)
            parameters[name] = _values(part.children[1]) if len(part.children) > 1 else ()
    return Call(str(tree.children[0]).lower(), parameters, variable, origin)


def _values(tree: Tree[Token] | Token) -> tuple[Value, ...]:
    return tuple(_value(child) for child in getattr(tree, "children", ()))


def _value(tree: Tree[Token] | Token) -> Value:
    token = getattr(tree, "children", [tree])[0]
    if token.type == "STRING":
        return Value(_DOUBLED.sub(r"\1", token[1:-1]))
    return Value(token[1:].lower(), is_variable=True) if token.type == "VARIABLE" else Value(str(token))
