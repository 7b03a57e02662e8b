"""Puts together what is said many times in the same words, so that a report stays readable."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Group(Generic[_T]):
    """Things that are alike: how many there are, and the first of them."""

    first: _T
    count: int


def grouped(things: Iterable[_T], key: Callable[[_T], Hashable]) -> tuple[Group[_T], ...]:
    """Return the groups of things with equal keys, in the order of their first ones."""
    firsts: dict[Hashable, _T] = {}
    counts: dict[Hashable, int] = {}
    for thing in things:
        alike = key(thing)
        firsts.setdefault(alike, thing)
        counts[alike] = counts.get(alike, 0) + 1
    return tuple(Group(first, counts[alike]) for alike, first in firsts.items())
