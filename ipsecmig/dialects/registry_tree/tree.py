"""The tree of keys that a file builds, change by change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ipsecmig.diagnostics import NOWHERE, Origin
from ipsecmig.stored.registry import RegistryKey, RegistryValue

DEPTH_LIMIT: Final = 512
"""How many levels the registry has at most (Microsoft Learn, "Registry Element Size Limits")."""


class KeyMade(NamedTuple):
    """The key `path` exists from here on."""

    path: str
    origin: Origin


class ValueSet(NamedTuple):
    """A value of the key `path` is set."""

    path: str
    value: RegistryValue


class KeyDeleted(NamedTuple):
    """The key `path` and everything below it are gone."""

    path: str
    origin: Origin


class ValueDeleted(NamedTuple):
    """One value of the key `path` is gone; all of them where `name` is None."""

    path: str
    name: str | None
    origin: Origin


Change = KeyMade | ValueSet | KeyDeleted | ValueDeleted


@dataclass(slots=True)
class _Node:
    path: str
    origin: Origin
    made: bool = False
    values: dict[str, RegistryValue] = field(default_factory=dict)
    below: dict[str, _Node] = field(default_factory=dict)


def build(changes: Iterable[Change]) -> tuple[RegistryKey, ...]:
    """Return the keys that are there after all `changes`, each before those below it.

    Names compare without case, and the first spelling stays. What a change deletes, only counts as far as the same
    changes made it before. Raises ValueError for a path with more levels than the registry has.
    """
    root = _Node("", NOWHERE)
    for change in changes:
        if isinstance(change, KeyDeleted):
            _delete(root, change.path)
        elif isinstance(change, ValueDeleted):
            _delete_value(root, change)
        else:
            _make(root, change)
    return tuple(_keys(root))


def _make(root: _Node, change: KeyMade | ValueSet) -> None:
    origin = change.origin if isinstance(change, KeyMade) else change.value.origin
    names = change.path.split("\\")
    if len(names) > DEPTH_LIMIT:
        raise ValueError(f"the path has {len(names)} levels, more than the registry has")
    node = root
    for name in names:
        key = name.lower()
        if key not in node.below:
            node.below[key] = _Node(f"{node.path}\\{name}" if node.path else name, origin)
        node = node.below[key]
    node.made = True
    if isinstance(change, ValueSet):
        node.values[change.value.name.lower()] = change.value


def _find(root: _Node, path: str) -> _Node | None:
    node: _Node | None = root
    for name in path.lower().split("\\"):
        node = node.below.get(name) if node is not None else None
    return node


def _delete(root: _Node, path: str) -> None:
    above, _, name = path.lower().rpartition("\\")
    node = _find(root, above) if above else root
    if node is not None:
        node.below.pop(name, None)


def _delete_value(root: _Node, change: ValueDeleted) -> None:
    node = _find(root, change.path)
    if node is None:
        return
    if change.name is None:
        node.values.clear()
    else:
        node.values.pop(change.name.lower(), None)


def _keys(root: _Node) -> Iterator[RegistryKey]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.made:
            yield RegistryKey(node.path, node.values, node.origin)
        waiting += reversed(node.below.values())
