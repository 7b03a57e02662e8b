"""Hash-consed interval decision diagrams: functions of eight integer coordinates with few distinct values.

A branch asks one question, `coordinate < cut`. All cuts of one coordinate under one prefix of questions form a treap:
a search tree by cut that is a heap by a fixed mixing of the cut. So the tree's shape depends on the set of cuts alone,
equal functions are the same nodes, and a change of one interval among n shares all but O(log n) branches with what
was there before; a flat list of intervals would copy all n. Invariants, held by `Forest`:

- the two neighbours of a cut differ (else the cut is dropped), so a coordinate that does not matter has no branch;
- the priority of a branch exceeds that of the branches of the same coordinate below it;
- there is one node for each (coordinate, cut, low, high), and one terminal for each leaf.

Treaps: Seidel and Aragon, "Randomized search trees" (1996); unique representation is theirs too. Decision diagrams over
intervals: Strehl and Thiele, "Symbolic model checking using interval diagram techniques" (1998).
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Generic, TypeVar

from ipsecmig.errors import BudgetExceeded

TERMINAL: Final = 8
"""The level of a terminal: one more than that of the last coordinate."""

DEFAULT_BUDGET: Final = 12_000_000
"""Nodes and remembered steps that one operation may take, about 250 bytes each."""

Leaf = TypeVar("Leaf", bound=Hashable)
Other = TypeVar("Other", bound=Hashable)
Result = TypeVar("Result", bound=Hashable)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep Python's cyclic garbage collector off meanwhile.

    Diagrams make many objects and no garbage; looking for some among them takes half of the time otherwise.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class Node(Generic[Leaf]):
    """A branch or a terminal; never changed once made, compared by identity.

    `level` is the number of the coordinate asked for. `first` and `last` are the deeper nodes at the low and at the
    high end of that coordinate. `leaf` is a terminal's value; in a branch, that of the lowest point under it.
    """

    __slots__ = ("cut", "first", "high", "last", "leaf", "level", "low", "priority")

    level: int
    cut: int
    priority: int
    low: Node[Leaf]
    high: Node[Leaf]
    first: Node[Leaf]
    last: Node[Leaf]
    leaf: Leaf


_MASK = (1 << 128) - 1
_MIX_1 = 0x9E3779B97F4A7C15F39CC0605CEDC835
_MIX_2 = 0xD1342543DE82EF95C2B2AE3D27D4EB4F


def mixed(cut: int) -> int:
    """Return the priority of `cut`: a fixed one-to-one mixing of its 128 bits, so that no two cuts tie."""
    cut = ((cut ^ cut >> 67) * _MIX_1) & _MASK
    cut = ((cut ^ cut >> 61) * _MIX_2) & _MASK
    return cut ^ cut >> 64


class Forest(Generic[Leaf]):
    """Makes the nodes of one diagram, each once.

    `budget` bounds the nodes and remembered steps; past it every method raises `BudgetExceeded`.
    """

    def __init__(self, budget: int = DEFAULT_BUDGET) -> None:
        self.budget = budget
        self._left = budget
        self._terminals: dict[Leaf, Node[Leaf]] = {}
        self._branches: tuple[dict[tuple[int, Node[Leaf], Node[Leaf]], Node[Leaf]], ...] = tuple(
            {} for _ in range(TERMINAL)
        )
        self._priorities: dict[int, int] = {}

    def spend(self) -> None:
        """Count one step against the budget."""
        self._left -= 1
        if self._left < 0:
            raise BudgetExceeded(self.budget)

    def terminal(self, leaf: Leaf) -> Node[Leaf]:
        """Return the diagram that is `leaf` everywhere."""
        node = self._terminals.get(leaf)
        if node is None:
            node = self._terminals[leaf] = Node()
            node.level = TERMINAL
            node.cut = 0
            node.priority = -1
            node.leaf = leaf
            node.low = node.high = node.first = node.last = node
        return node

    def branch(self, level: int, cut: int, priority: int, low: Node[Leaf], high: Node[Leaf]) -> Node[Leaf]:
        """Return `low` before `cut` and `high` from it on.

        The cuts of `low` and `high` at `level` lie on their sides of it and have lower priorities.
        """
        key = (cut, low, high)
        table = self._branches[level]
        node = table.get(key)
        if node is not None:
            return node
        if (low.last if low.level == level else low) is (high.first if high.level == level else high):
            return self._joined(level, low, high)
        self._left -= 1
        if self._left < 0:
            raise BudgetExceeded(self.budget)
        node = table[key] = Node()
        node.level = level
        node.cut = cut
        node.priority = priority
        node.low = low
        node.high = high
        node.first = low.first if low.level == level else low
        node.last = high.last if high.level == level else high
        node.leaf = low.leaf
        return node

    def _joined(self, level: int, low: Node[Leaf], high: Node[Leaf]) -> Node[Leaf]:
        """Return `low` and `high` side by side, where the last part of one is the first part of the other."""
        if low.level != level:
            return high
        if high.level != level:
            return low
        if low.priority > high.priority:
            return self.branch(level, low.cut, low.priority, low.low, self._joined(level, low.high, high))
        return self.branch(level, high.cut, high.priority, self._joined(level, low, high.low), high.high)

    def row(self, level: int, pieces: Sequence[tuple[int, Node[Leaf]]]) -> Node[Leaf]:
        """Return what is, from each start on, the node beside it; starts ascend from 0, neighbours differ."""
        spine: list[tuple[int, int, Node[Leaf]]] = []
        priorities = self._priorities
        current = pieces[0][1]
        for cut, node in pieces[1:]:
            priority = priorities.get(cut)
            if priority is None:
                priority = priorities[cut] = mixed(cut)
            while spine and spine[-1][1] < priority:
                above, its_priority, low = spine.pop()
                current = self.branch(level, above, its_priority, low, current)
            spine.append((cut, priority, current))
            current = node
        while spine:
            above, its_priority, low = spine.pop()
            current = self.branch(level, above, its_priority, low, current)
        return current

    def split(self, node: Node[Leaf], level: int, cut: int) -> tuple[Node[Leaf], Node[Leaf]]:
        """Return the parts of `node` before `cut` and from it on."""
        if node.level != level:
            return node, node
        if cut == node.cut:
            return node.low, node.high
        if cut < node.cut:
            before, after = self.split(node.low, level, cut)
            if after is node.low:
                return before, node
            return before, self.branch(level, node.cut, node.priority, after, node.high)
        before, after = self.split(node.high, level, cut)
        if before is node.high:
            return node, after
        return self.branch(level, node.cut, node.priority, node.low, before), after


class Pairing(Generic[Leaf, Other, Result]):
    """Combines two diagrams point by point with one function of leaves; remembers what it combined before."""

    def __init__(
        self,
        forest: Forest[Result],
        left: Forest[Leaf],
        right: Forest[Other],
        function: Callable[[Leaf, Other], Result],
    ) -> None:
        self._forest, self._left, self._right = forest, left, right
        self._function = function
        self._known: dict[tuple[Node[Leaf], Node[Other]], Node[Result]] = {}

    def of(self, a: Node[Leaf], b: Node[Other]) -> Node[Result]:
        """Return the diagram of `function(a, b)`."""
        key = (a, b)
        known = self._known.get(key)
        if known is not None:
            return known
        forest = self._forest
        forest.spend()
        if a.level < b.level or (a.level == b.level and a.priority > b.priority):
            level, cut, priority = a.level, a.cut, a.priority
            before, after = self._right.split(b, level, cut)
            made = forest.branch(level, cut, priority, self.of(a.low, before), self.of(a.high, after))
        elif b.level < a.level or b.priority > a.priority:
            level, cut, priority = b.level, b.cut, b.priority
            first, second = self._left.split(a, level, cut)
            made = forest.branch(level, cut, priority, self.of(first, b.low), self.of(second, b.high))
        elif a.level == TERMINAL:
            made = forest.terminal(self._function(a.leaf, b.leaf))
        else:
            made = forest.branch(a.level, a.cut, a.priority, self.of(a.low, b.low), self.of(a.high, b.high))
        self._known[key] = made
        return made


class Union(Generic[Leaf]):
    """Joins diagrams of one forest under a join that is idempotent and commutative and has `bottom` as its zero."""

    def __init__(self, forest: Forest[Leaf], join: Callable[[Leaf, Leaf], Leaf], bottom: Node[Leaf]) -> None:
        self._forest, self._join, self._bottom = forest, join, bottom
        self._known: dict[tuple[Node[Leaf], Node[Leaf]], Node[Leaf]] = {}

    def of(self, a: Node[Leaf], b: Node[Leaf]) -> Node[Leaf]:
        """Return the diagram of `join(a, b)`."""
        bottom = self._bottom
        if a is b or b is bottom:
            return a
        if a is bottom:
            return b
        level, other_level = a.level, b.level
        if level > other_level or (level == other_level and a.priority < b.priority):
            a, b, level, other_level = b, a, other_level, level
        key = (a, b)
        made = self._known.get(key)
        if made is not None:
            return made
        forest = self._forest
        if level == TERMINAL:
            made = forest.terminal(self._join(a.leaf, b.leaf))
        else:
            cut = a.cut
            before, after = forest.split(b, level, cut) if other_level == level else (b, b)
            made = forest.branch(level, cut, a.priority, self.of(a.low, before), self.of(a.high, after))
        forest.spend()
        self._known[key] = made
        return made


class Mapping(Generic[Leaf, Result]):
    """Replaces the leaves of diagrams by a function of them."""

    def __init__(self, forest: Forest[Result], function: Callable[[Leaf], Result]) -> None:
        self._forest, self._function = forest, function
        self._known: dict[Node[Leaf], Node[Result]] = {}

    def of(self, node: Node[Leaf]) -> Node[Result]:
        """Return the diagram of `function(node)`."""
        known = self._known.get(node)
        if known is not None:
            return known
        if node.level == TERMINAL:
            made = self._forest.terminal(self._function(node.leaf))
        else:
            low, high = self.of(node.low), self.of(node.high)
            made = self._forest.branch(node.level, node.cut, node.priority, low, high)
        self._known[node] = made
        return made


def isomorphic(a: Node[Leaf], b: Node[Leaf]) -> bool:
    """Whether two diagrams, perhaps of different forests, are the same function."""
    partner: dict[Node[Leaf], Node[Leaf]] = {}
    waiting = [(a, b)]
    while waiting:
        a, b = waiting.pop()
        known = partner.get(a)
        if known is not None or a is b:
            if known is not None and known is not b:
                return False
            continue
        if a.level != b.level or a.cut != b.cut or (a.level == TERMINAL and a.leaf != b.leaf):
            return False
        partner[a] = b
        if a.level != TERMINAL:
            waiting.append((a.low, b.low))
            waiting.append((a.high, b.high))
    return True
