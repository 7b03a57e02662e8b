"""Reads the text of nftables rulesets: files, and what `nft list ruleset` prints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from lark import Lark, Token, Tree, UnexpectedInput

from ipsecmig.diagnostics import Origin
from ipsecmig.grammars import load
from ipsecmig.model.policy import NotUnderstood
from ipsecmig.verify.readback.nft_elements import take_plain_lists
from ipsecmig.verify.readback.nft_model import (
    STANDARD_PRIORITIES,
    VOLATILE,
    Element,
    Match,
    NftChain,
    NftRule,
    NftTable,
    NftVerdict,
    Ruleset,
    Statement,
    VerdictKind,
    VerdictMap,
)

_Tree = Tree[Token]
_LONGEST_TEXT = 160
_MOST_BAD_LINES = 50


def looks_like_nft(text: str) -> bool:
    """Whether `text` defines an nftables table."""
    return (
        re.search(r"^\s*(add\s+)?table\s+(inet|ip6?|arp|bridge|netdev)?\s*[\w-]+\s*\{", text, re.MULTILINE) is not None
    )


def read_text(text: str, file: str) -> tuple[Ruleset, tuple[NotUnderstood, ...]]:
    """Return the tables that `text` leaves behind; lines that are not understood are named and passed over."""
    unknown: list[NotUnderstood] = []
    text = text.replace("\r\n", "\n")
    rest, lists = take_plain_lists(text, file)
    lines = rest.split("\n")
    tree: _Tree | None = None
    while tree is None and len(unknown) < _MOST_BAD_LINES:
        try:
            tree = _parser().parse("\n".join(lines) + "\n")
        except UnexpectedInput as wrong:
            number = min(max(wrong.line, 1), len(lines)) if wrong.line else len(lines)
            origin = Origin(file, number, max(wrong.column, 1))
            unknown.append(NotUnderstood(lines[number - 1].strip(), "not an nftables statement known here", origin))
            if not lines[number - 1]:
                break
            lines[number - 1] = ""
    builder = _Builder(file, lines, unknown, lists)
    return ({} if tree is None else builder.tables(tree)), tuple(unknown)


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return load("nftables.lark", ("start",), positions=True)


class _Builder:
    """Turns the tree of one file into tables."""

    def __init__(
        self,
        file: str,
        lines: list[str],
        unknown: list[NotUnderstood],
        lists: Mapping[int, tuple[Element, ...]],
    ) -> None:
        self._file = file
        self._lists = lists
        self._lines = lines
        self._unknown = unknown

    def tables(self, tree: _Tree) -> Ruleset:
        tables: dict[tuple[str, str], NftTable] = {}
        for child in _trees(tree):
            family, name = _family(child), _last_name(child)
            if child.data == "table":
                table = tables.setdefault((family, name), NftTable(family, name))
                self._fill(table, child)
            elif child.data == "flush_ruleset":
                every = not any(True for _ in child.find_data("family"))
                tables = {key: table for key, table in tables.items() if not (every or key[0] == family)}
            elif child.data == "delete_table":
                tables.pop((family, name), None)
            elif (family, name) in tables:
                flushed = tables[family, name]
                flushed.chains = {n: _without_rules(c) for n, c in flushed.chains.items()}
        return tables

    def _fill(self, table: NftTable, tree: _Tree) -> None:
        for child in _trees(tree):
            if child.data == "chain":
                chain = self._chain(child)
                before = table.chains.get(chain.name)
                if before is not None and any(c.data in {"hook", "policy"} for c in _trees(child)):
                    self._doubt(child, "a chain that is configured a second time is not modelled")
                table.chains[chain.name] = _extended(before, chain) if before else chain
            elif child.data in {"set", "map"}:
                name = str(child.children[0])
                table.sets[name] = table.sets.get(name, ()) + tuple(self._set_elements(child))
            elif child.data == "table_option" and any(t == "dormant" for t in child.scan_values(_is_token)):
                self._doubt(child, "a dormant table is not modelled")

    def _chain(self, tree: _Tree) -> NftChain:
        hook = next((c for c in _trees(tree) if c.data == "hook"), None)
        policy = next((str(c.children[0]) for c in _trees(tree) if c.data == "policy"), "accept")
        rules = tuple(self._rule(c) for c in _trees(tree) if c.data == "rule")
        name, origin = str(tree.children[0]), self._origin(tree)
        if hook is None:
            return NftChain(name, rules, origin=origin)
        words = [str(t) for t in hook.children if isinstance(t, Token)]
        priority = _priority(hook)
        if priority is None or policy not in {"accept", "drop"} or len(words) != 2:
            self._doubt(hook, "not a hook, priority and policy that are modelled")
            policy = "accept"
        return NftChain(name, rules, words[0], words[1], priority or 0, VerdictKind(policy), origin)

    def _set_elements(self, tree: _Tree) -> Iterator[Element]:
        for stated in tree.find_data("elements"):
            taken = self._lists.get(stated.meta.line)
            yield from taken if taken is not None else (e for b in _trees(stated) for e in self._elements(b))
        flags = {str(t) for data in ("flags", "names") for f in tree.find_data(data) for t in f.scan_values(_is_token)}
        if flags & VOLATILE or any(True for _ in tree.find_data("timeout")):
            self._doubt(tree, "elements that come and go are not modelled")

    def _elements(self, block: _Tree) -> Iterator[Element]:
        for element in _trees(block):
            key = verdict = None
            for child in _trees(element):
                if child.data == "key":
                    key = _key(child)
                elif child.data == "verdict":
                    verdict = _verdict(child)
            yield Element(key or (), verdict, self._origin(element))

    def _rule(self, tree: _Tree) -> NftRule:
        statements = tuple(s for child in _trees(tree) for s in self._statement(child))
        line = tree.meta.line
        return NftRule(statements, self._origin(tree), self._lines[line - 1].strip()[:_LONGEST_TEXT])

    def _statement(self, tree: _Tree) -> Iterator[Statement]:
        if tree.data == "verdict":
            yield _verdict(tree)
        elif tree.data == "match":
            right = tree.children[-1]
            if isinstance(right, Tree):
                yield Match(_selectors(tree), _operator(tree), tuple(self._right(right)), _reference(right))
        elif tree.data == "vmap":
            right = tree.children[-1]
            elements = tuple(self._elements(right)) if isinstance(right, Tree) else ()
            yield VerdictMap(_selectors(tree), elements, str(right)[1:] if isinstance(right, Token) else "")

    def _right(self, tree: _Tree) -> Iterator[Element]:
        if tree.data == "block":
            yield from self._elements(tree)
        elif tree.data == "flag_list":
            yield from (Element(_key(k), None, self._origin(tree)) for k in _trees(tree))
        elif tree.data == "key":
            yield Element(_key(tree), None, self._origin(tree))

    def _origin(self, tree: _Tree) -> Origin:
        return Origin(self._file, tree.meta.line, tree.meta.column, tree.meta.end_column)

    def _doubt(self, tree: _Tree, reason: str) -> None:
        origin = self._origin(tree)
        self._unknown.append(NotUnderstood(self._lines[origin.line - 1].strip(), reason, origin))


def _trees(tree: _Tree) -> Iterator[_Tree]:
    return (c for c in tree.children if isinstance(c, Tree))


def _family(tree: _Tree) -> str:
    return next((str(c.children[0]) for c in _trees(tree) if c.data == "family"), "ip")


def _last_name(tree: _Tree) -> str:
    return next((str(t) for t in reversed(tree.children) if isinstance(t, Token) and t.type == "NAME"), "")


def _is_token(_: object) -> bool:
    return True


def _priority(hook: _Tree) -> int | None:
    """Return the priority as a number, None where it is not known; `filter-5` is one word of the grammar."""
    words = "".join(str(t) for child in _trees(hook) if child.data == "priority" for t in child.children)
    match = re.fullmatch(r"([a-z]*)([+-]?\d{1,9})?", words)
    if match is None or (match[1] and match[1] not in STANDARD_PRIORITIES):
        return None
    return STANDARD_PRIORITIES.get(match[1], 0) + int(match[2] or 0) if words else None


def _without_rules(chain: NftChain) -> NftChain:
    return NftChain(chain.name, (), chain.type, chain.hook, chain.priority, chain.policy, chain.origin)


def _extended(before: NftChain, more: NftChain) -> NftChain:
    based = before if before.hook else more
    rules = before.rules + more.rules
    return NftChain(before.name, rules, based.type, based.hook, based.priority, based.policy, before.origin)


def _key(tree: _Tree) -> tuple[str, ...]:
    return tuple(str(value.children[0]).strip('"') for value in _trees(tree))


def _verdict(tree: _Tree) -> NftVerdict:
    words = [str(t) for t in tree.children]
    kind = VerdictKind(words[0])
    return NftVerdict(kind, words[1] if kind in {VerdictKind.JUMP, VerdictKind.GOTO} else "")


def _selectors(tree: _Tree) -> tuple[str, ...]:
    first = tree.children[0]
    return tuple(str(t) for t in first.children) if isinstance(first, Tree) else ()


def _operator(tree: _Tree) -> str:
    return next((str(t) for t in tree.children if isinstance(t, Token) and t.type == "OPERATOR"), "==")


def _reference(tree: _Tree) -> str:
    return str(tree.children[0])[1:] if tree.data == "set_reference" else ""
