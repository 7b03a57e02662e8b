"""Access to the grammar: cuts commands into arguments, lists the commands there are, and parses values.

All knowledge of the language is in `grammar/netsh_static.lark`; this module is the only one that meets Lark for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from lark import Lark, Token, Tree
    from lark.grammar import Rule

GRAMMAR: Final = "netsh_static.lark"
STATIC: Final = "static_command"
DYNAMIC: Final = "dynamic_command"

_START: Final = (
    "command",
    STATIC,
    DYNAMIC,
    "integer",
    "address",
    "endpoint",
    "mask",
    "port",
    "ip_protocol",
    "mm_methods",
    "qm_methods",
    "authority",
)
_REPEATABLE: Final = frozenset({"rootca"})


class Argument(NamedTuple):
    """One argument of a command. Offsets count in the command's text.

    `tag` is as written, empty for a bare argument. `text` is the value without quotation marks; it stands from
    `start` to `end`, quotation marks included, and the argument begins at `begin`. `quoted` says that one pair of
    quotation marks holds all of the value, `unclosed` that the last pair lacks its second.
    """

    tag: str
    text: str
    begin: int
    start: int
    end: int
    quoted: bool = False
    unclosed: bool = False
    inner_quotes: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """What one command takes.

    `required` has the alternatives for each place, `options` the rest; together they give the order in which bare
    arguments bind. An `open` command takes whatever follows it.
    """

    name: str
    words: tuple[str, ...]
    required: tuple[tuple[str, ...], ...]
    options: tuple[str, ...]
    open: bool

    @property
    def title(self) -> str:
        """The command as it is written."""
        return " ".join(self.words)

    @property
    def tags(self) -> tuple[str, ...]:
        """All tags in the order in which bare arguments bind."""
        return tuple(tag for place in self.places for tag in place)

    @property
    def places(self) -> tuple[tuple[str, ...], ...]:
        """The required places and then one place for each option."""
        return (*self.required, *((option,) for option in self.options))

    @staticmethod
    def repeatable(tag: str) -> bool:
        """Whether `tag` may be given more than once."""
        return tag in _REPEATABLE


class Unparsed(NamedTuple):
    """A value that the grammar refuses, and the offset from which on it does."""

    offset: int


@cache
def parser() -> Lark:
    """Return the parser of the grammar. Lark is imported here, so that programs that read no policy need not wait."""
    from ipsecmig import grammars

    return grammars.load(GRAMMAR, _START)


def split(text: str) -> list[Argument]:
    """Return the arguments of the command `text`."""
    stripped = text.strip(" \t")
    if not stripped:
        return []
    indent = len(text) - len(text.lstrip(" \t"))
    arguments = parser().parse(stripped, start="command").children
    return [_argument(tree, indent) for tree in arguments if not isinstance(tree, str)]


def _argument(tree: Tree[Token], indent: int) -> Argument:
    tokens = [child for child in tree.children if isinstance(child, str)]
    begin = (tokens[0].start_pos or 0) + indent
    value = tokens[-1]
    start = (value.start_pos or 0) + indent
    tag = tokens[0].rstrip(" \t")[:-1].rstrip(" \t") if value.type == "EMPTY_TAG" or len(tokens) > 1 else ""
    if value.type == "EMPTY_TAG":
        return Argument(tag, "", begin, begin + len(value.rstrip(" \t")), begin + len(value.rstrip(" \t")))
    unclosed = value.count('"') % 2 == 1
    raw = str(value) if unclosed else value.rstrip(" \t")
    quoted = not unclosed and len(raw) > 1 and raw[0] == raw[-1] == '"' and raw.count('"') == 2
    plain = raw.replace('"', "")
    return Argument(
        tag,
        plain,
        begin,
        start,
        start + len(raw),
        quoted=quoted,
        unclosed=unclosed,
        inner_quotes=not quoted and not unclosed and len(plain) != len(raw),
    )


def complete(word: str, candidates: Sequence[str]) -> tuple[str, ...]:
    """Return the candidate that `word` is, without case, else all that it abbreviates."""
    lowered = word.lower()
    if lowered in candidates:
        return (lowered,)
    return tuple(candidate for candidate in candidates if lowered and candidate.startswith(lowered))


@cache
def usages(context: str) -> Mapping[tuple[str, ...], Usage]:
    """Return the commands of the start symbol `context`, `STATIC` or `DYNAMIC`, by their words."""
    names = [rule.expansion[0].name for rule in _rules(context)]
    return {usage.words: usage for usage in map(_usage, names)}


@cache
def value_rule(tag: str) -> str:
    """Return the rule that is the language of the values of `tag`."""
    return _rules(tag)[0].expansion[-1].name


@cache
def listed_words(rule: str) -> tuple[str, ...]:
    """Return the words that a value rule lists as literals, in order."""
    literals = _literals()
    return tuple(
        literals[symbol.name] for expansion in _rules(rule) for symbol in expansion.expansion if symbol.name in literals
    )


@cache
def terminal(name: str) -> str:
    """Return the regular expression of the terminal `name`."""
    return next(t.pattern.to_regexp() for t in parser().terminals if t.name == name)


@cache
def _literals() -> Mapping[str, str]:
    from lark.lexer import PatternStr

    return {t.name: t.pattern.value for t in parser().terminals if isinstance(t.pattern, PatternStr)}


def _rules(name: str) -> list[Rule]:
    return sorted((rule for rule in parser().rules if rule.origin.name == name), key=lambda rule: rule.order)


def _usage(name: str) -> Usage:
    literals = _literals()
    expansions = [[symbol.name for symbol in rule.expansion] for rule in _rules(name)]
    words = tuple(literals[symbol] for symbol in expansions[0] if symbol in literals)
    places: dict[int, dict[str, None]] = {}
    for expansion in expansions:
        for place, symbol in enumerate(expansion[len(words) :]):
            if symbol.islower() and not symbol.startswith("__"):
                places.setdefault(place, {})[symbol] = None
    options = tuple(rule.expansion[0].name for rule in _rules(f"{name}_option"))
    is_open = any("TEXT" in expansion for expansion in expansions)
    return Usage(name, words, tuple(tuple(place) for place in places.values()), options, is_open)


@lru_cache(maxsize=4096)
def parse(rule: str, text: str) -> Tree[Token] | Unparsed:
    """Return `text` parsed as the value rule `rule`; values repeat, and no key is read by a rule."""
    return parse_by(parser(), rule, text)


def parse_by(language: Lark, rule: str, text: str) -> Tree[Token] | Unparsed:
    """Return `text` parsed by a parser as its start symbol `rule`, or from where on it is refused."""
    from lark.exceptions import UnexpectedInput

    try:
        return language.parse(text, start=rule)
    except UnexpectedInput as error:
        position = error.pos_in_stream or 0
        return Unparsed(min(position, len(text)) if position >= 0 else len(text))
