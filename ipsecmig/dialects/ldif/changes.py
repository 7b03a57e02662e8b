"""Changes of entries that stand in the same file: `changetype: modify` (RFC 2849, RFC 4511 4.6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from ipsecmig.stored.ldif import END, Value
from ipsecmig.stored.objects import Attribute

_VERBS: Final = frozenset({"add", "replace", "delete"})


class Change(NamedTuple):
    """One change of one attribute; `lines` are its values as they stand."""

    verb: str
    attribute: str
    lines: tuple[Value, ...]


def changes(values: Sequence[Value]) -> tuple[Change, ...] | None:
    """Return the changes that a record of `changetype: modify` states in `values`; None where one makes no sense."""
    found = tuple(_changes(values))
    return None if None in found else tuple(change for change in found if change is not None)


def _changes(values: Sequence[Value]) -> Iterator[Change | None]:
    group: list[Value] = []
    for value in values:
        if value.attribute != END:
            group.append(value)
            continue
        yield _change(group)
        group = []
    if group:
        yield _change(group)


def _change(group: Sequence[Value]) -> Change | None:
    if not group or group[0].attribute not in _VERBS or group[0].flaw is not None:
        return None
    verb, *lines = group
    attribute = verb.data.decode("ascii", "replace").strip().lower()
    return Change(verb.attribute, attribute, tuple(lines)) if all(v.attribute == attribute for v in lines) else None


def changed(verb: str, former: Attribute | None, given: Attribute | None) -> Attribute | None:
    """Return an attribute after a change with the values `given`, None where nothing is left of it."""
    if verb == "replace" or former is None:
        return None if verb == "delete" else given
    if given is None:
        return None if verb == "delete" else former
    if verb == "add":
        return former._replace(values=former.values + given.values)
    left = tuple(value for value in former.values if value not in given.values)
    return former._replace(values=left) if left else None
