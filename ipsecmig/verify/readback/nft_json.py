"""Reads what `nft -j list ruleset` prints, libnftables-json(5)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeGuard

from ipsecmig.diagnostics import Origin
from ipsecmig.model.policy import NotUnderstood
from ipsecmig.verify.readback.nft_model import (
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

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]

_VERDICTS: Final = frozenset(kind.value for kind in VerdictKind)
_DECIDES_NOTHING: Final = frozenset({"counter", "log", "comment"})
_LONGEST_TEXT: Final = 160


class _Unknown(ValueError):  # noqa: N818 what is not known is no error of anybody
    """A part of the document that is not known here; the text says which."""


def looks_like_nft_json(text: str) -> bool:
    """Whether `text` begins as a document of `nft -j`."""
    return re.match(r'\s*\{\s*"nftables"\s*:', text) is not None


def read_json(text: str, file: str) -> tuple[Ruleset, tuple[NotUnderstood, ...]]:
    """Return the tables of the document; what is not known in it is named, at the object's place in the list."""
    unknown: list[NotUnderstood] = []
    tables: dict[tuple[str, str], NftTable] = {}
    try:
        document = json.loads(text)
        objects = list(document["nftables"])
    except (ValueError, KeyError, TypeError, RecursionError):
        place = Origin(file, 1, 1)
        return {}, (NotUnderstood(text[:_LONGEST_TEXT], "not the JSON of `nft -j list ruleset`", place),)
    for number, entry in enumerate(objects, 1):
        origin = Origin(file, 1, 1, 0, number)
        try:
            _add(tables, entry, origin)
        except (_Unknown, KeyError, TypeError, ValueError) as reason:
            unknown.append(NotUnderstood(_shown(entry), f"object {number} of the ruleset: {reason}", origin))
    return tables, tuple(unknown)


def _shown(value: Json) -> str:
    return json.dumps(value)[:_LONGEST_TEXT]


def _is_object(value: Json) -> TypeGuard[Mapping[str, Json]]:
    return isinstance(value, Mapping)


def _is_list(value: Json) -> TypeGuard[Sequence[Json]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _member(value: Json, key: str) -> Json:
    if not _is_object(value):
        raise _Unknown(f'"{key}" is expected in {_shown(value)}')
    return value[key]


def _member_names(value: Json) -> frozenset[str]:
    return frozenset(value) if _is_object(value) else frozenset()


def _string(value: Json, key: str) -> str:
    return str(_member(value, key))


def _add(tables: dict[tuple[str, str], NftTable], entry: Json, origin: Origin) -> None:
    kind, body = _single(entry)
    if kind == "metainfo":
        return
    family = _string(body, "family")
    name = _string(body, "name" if kind == "table" else "table")
    table = tables.setdefault((family, name), NftTable(family, name))
    if kind == "chain":
        chain = _chain(body, origin)
        table.chains[chain.name] = chain
    elif kind == "rule":
        _append_rule(table, _string(body, "chain"), _rule(body, origin))
    elif kind == "table":
        if "dormant" in _flags(body):
            raise _Unknown("a dormant table is not modelled")
    elif kind in {"set", "map"}:
        if _flags(body) & VOLATILE or (_is_object(body) and "timeout" in body):
            raise _Unknown("elements that come and go are not modelled")
        elements = body.get("elem", ()) if _is_object(body) else ()
        table.sets[_string(body, "name")] = tuple(_elements(elements, origin))
    else:
        raise _Unknown(f"objects of the kind {kind} are not modelled")


def _flags(body: Json) -> frozenset[str]:
    """Return the flags of a table or set, which are one word or a list of them."""
    stated = body.get("flags", ()) if _is_object(body) else ()
    return frozenset(str(flag) for flag in stated) if _is_list(stated) else frozenset({str(stated)})


def _single(entry: Json) -> tuple[str, Json]:
    """Return name and value of an object with one member."""
    if not _is_object(entry) or len(entry) != 1:
        raise _Unknown("an object with one member is expected")
    return next(iter(entry.items()))


def _chain(body: Json, origin: Origin) -> NftChain:
    name = _string(body, "name")
    if not _is_object(body) or "hook" not in body:
        return NftChain(name, (), origin=origin)
    policy = VerdictKind(_string(body, "policy") if "policy" in body else "accept")
    return NftChain(name, (), _string(body, "type"), _string(body, "hook"), int(_string(body, "prio")), policy, origin)


def _append_rule(table: NftTable, chain: str, rule: NftRule) -> None:
    before = table.chains[chain]
    table.chains[chain] = NftChain(
        before.name, (*before.rules, rule), before.type, before.hook, before.priority, before.policy, before.origin
    )


def _rule(body: Json, origin: Origin) -> NftRule:
    expressions = _member(body, "expr")
    if not _is_list(expressions):
        raise _Unknown("a rule's expressions are expected to be a list")
    statements = tuple(s for e in expressions for s in _statement(e, origin))
    return NftRule(statements, origin, f"{_string(body, 'chain')}: {_shown(expressions)}"[:_LONGEST_TEXT])


def _statement(expression: Json, origin: Origin) -> Iterator[Statement]:
    kind, body = _single(expression)
    if kind in _VERDICTS:
        yield _verdict(expression)
    elif kind == "match":
        elements, reference = _right(_member(body, "right"), origin)
        yield Match(_selectors(_member(body, "left")), _string(body, "op"), elements, reference)
    elif kind == "vmap":
        elements, reference = _right(_member(body, "data"), origin)
        yield VerdictMap(_selectors(_member(body, "key")), elements, reference)
    elif kind not in _DECIDES_NOTHING:
        raise _Unknown(f"statements of the kind {kind} are not modelled")


def _verdict(value: Json) -> NftVerdict:
    kind, body = _single(value)
    return NftVerdict(VerdictKind(kind), _string(body, "target") if kind in {"jump", "goto"} else "")


def _right(value: Json, origin: Origin) -> tuple[tuple[Element, ...], str]:
    """Return the elements written in place, or the name of the set or map that is meant."""
    if isinstance(value, str) and value.startswith("@"):
        return (), value[1:]
    if _is_object(value) and "set" in value:
        return tuple(_elements(value["set"], origin)), ""
    return tuple(_elements(value if _is_list(value) else [value], origin)), ""


def _elements(values: Json, origin: Origin) -> Iterator[Element]:
    for value in values if _is_list(values) else [values]:
        if _is_list(value):
            key, verdict = value
            yield Element(_key(key), _verdict(verdict), origin)
        else:
            yield Element(_key(value), None, origin)


def _key(value: Json) -> tuple[str, ...]:
    if _is_object(value) and "elem" in value:
        if "timeout" in _member_names(value["elem"]):
            raise _Unknown("elements that come and go are not modelled")
        return _key(_member(value["elem"], "val"))
    if _is_object(value) and "concat" in value:
        parts = value["concat"]
        return tuple(_value(p) for p in parts) if _is_list(parts) else ()
    return (_value(value),)


def _value(value: Json) -> str:
    if isinstance(value, bool):
        return "exists" if value else "missing"
    if isinstance(value, str | int):
        return str(value)
    kind, body = _single(value)
    if kind == "prefix":
        return f"{_string(body, 'addr')}/{_string(body, 'len')}"
    if kind == "range" and _is_list(body):
        return "-".join(str(end) for end in body)
    raise _Unknown(f"values of the kind {kind} are not modelled")


def _selectors(value: Json) -> tuple[str, ...]:
    if _is_object(value) and "concat" in value:
        parts = value["concat"]
        return tuple(_selector(p) for p in parts) if _is_list(parts) else ()
    return (_selector(value),)


def _selector(value: Json) -> str:
    kind, body = _single(value)
    if kind == "payload":
        return f"{_string(body, 'protocol')} {_string(body, 'field')}"
    if kind in {"meta", "rt", "ct"}:
        return f"{kind} {_string(body, 'key')}"
    if kind == "fib":
        flags = _member(body, "flags")
        return f"fib {' . '.join(str(f) for f in flags) if _is_list(flags) else flags} {_string(body, 'result')}"
    raise _Unknown(f"selectors of the kind {kind} are not modelled")
