"""Puts together what is said many times in the same words, so that a report stays readable."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Group(Generic[_T]):
    """Things that are alike, at least one, in their order."""

    members: tuple[_T, ...]

    @property
    def first(self) -> _T:
        """The first of them."""
        return self.members[0]


def grouped(things: Iterable[_T], key: Callable[[_T], Hashable]) -> tuple[Group[_T], ...]:
    """Return the groups of things with equal keys, in the order of their first ones."""
    found: dict[Hashable, list[_T]] = {}
    for thing in things:
        found.setdefault(key(thing), []).append(thing)
    return tuple(Group(tuple(members)) for members in found.values())
