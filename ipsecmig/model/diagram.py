"""Hash-consed interval decision diagrams: functions of eight integer coordinates with few distinct values.

A branch divides one coordinate at ascending cuts. The cuts of one coordinate are held in a search tree of about sixteen
cuts a branch, in which a fixed mixing of its bits gives every cut its height: a branch holds the highest cuts, and each
of its children the lower ones between two of them. So the tree's shape depends on the set of cuts alone, equal
functions are the same nodes, and a change of one interval among n shares all but O(log n) branches with what was there
before; a flat list of intervals would copy all n. Invariants, held by `Forest`:

- the two neighbours of a cut differ (else the cut is dropped), so a coordinate that does not matter has no branch;
- the cuts of a branch are of one height, and those below it of the same coordinate are lower;
- there is one node for each (coordinate, cuts, children), and one terminal for each leaf.

Trees whose shape follows from hashed keys: Seidel and Aragon, "Randomized search trees" (1996), here with wider nodes.
Decision diagrams over intervals: Strehl and Thiele, "Symbolic model checking using interval diagram techniques" (1998).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Sequence
from typing import Final, Generic, TypeVar

from ipsecmig.errors import BudgetExceeded

TERMINAL: Final = 8
"""The level of a terminal: one more than that of the last coordinate."""

DEFAULT_BUDGET: Final = 6_000_000
"""Nodes and remembered steps that one operation may take, some hundred bytes each."""

Leaf = TypeVar("Leaf", bound=Hashable)
Other = TypeVar("Other", bound=Hashable)
Result = TypeVar("Result", bound=Hashable)


class Node(Generic[Leaf]):
    """A branch or a terminal; never changed once made, compared by identity.

    `level` is the number of the coordinate divided. `children[i]` holds from `cuts[i - 1]` up to `cuts[i]`, excluded.
    `first` and `last` are the deeper nodes at the low and at the high end of that coordinate, `lowest` and `highest`
    its outermost cuts, those of the children included. `leaf` is a terminal's value; in a branch, that of its lowest
    point.
    """

    __slots__ = ("children", "cuts", "first", "height", "highest", "last", "leaf", "level", "lowest")

    level: int
    height: int
    cuts: tuple[int, ...]
    children: tuple[Node[Leaf], ...]
    first: Node[Leaf]
    last: Node[Leaf]
    lowest: int
    highest: int
    leaf: Leaf


_BITS_PER_HEIGHT: Final = 4


def height_of(cut: int) -> int:
    """Return the height of `cut`: each is 16 times rarer than the next lower one.

    It comes from Python's hash of a tuple, which mixes numbers well, is the same in every process, and is fast. With
    one number alone it would leave high bits of addresses out.
    """
    mixed = hash((cut, 0)) or 1
    return ((mixed & -mixed).bit_length() - 1) // _BITS_PER_HEIGHT


class Forest(Generic[Leaf]):
    """Makes the nodes of one diagram, each once.

    `budget` bounds the nodes and remembered steps; past it every method raises `BudgetExceeded`.
    """

    def __init__(self, budget: int = DEFAULT_BUDGET) -> None:
        self.budget = budget
        self._left = budget
        self._terminals: dict[Leaf, Node[Leaf]] = {}
        self._branches: tuple[dict[tuple[tuple[int, ...], tuple[Node[Leaf], ...]], Node[Leaf]], ...] = tuple(
            {} for _ in range(TERMINAL)
        )

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
            node.height = -1
            node.cuts = ()
            node.children = ()
            node.first = node.last = node
            node.lowest = node.highest = 0
            node.leaf = leaf
        return node

    def _interned(self, level: int, height: int, cuts: tuple[int, ...], children: tuple[Node[Leaf], ...]) -> Node[Leaf]:
        """Return the one branch of these parts, or its only child; neighbours are known to differ."""
        if not cuts:
            return children[0]
        key = (cuts, children)
        table = self._branches[level]
        node = table.get(key)
        if node is None:
            self.spend()
            node = table[key] = Node()
            first, last = children[0], children[-1]
            node.level = level
            node.height = height
            node.cuts = cuts
            node.children = children
            node.leaf = first.leaf
            node.first, node.lowest = (first.first, first.lowest) if first.level == level else (first, cuts[0])
            node.last, node.highest = (last.last, last.highest) if last.level == level else (last, cuts[-1])
        return node

    def branch(self, level: int, height: int, cuts: Sequence[int], children: Sequence[Node[Leaf]]) -> Node[Leaf]:
        """Return `children` between `cuts`, which are of one height; those of the children are lower."""
        before: Node[Leaf] | None = None
        for child in children:
            if child.level == level:
                if child.first is before:
                    break
                before = child.last
            elif child is before:
                break
            else:
                before = child
        else:
            return self._interned(level, height, tuple(cuts), tuple(children))
        return self._without_idle_cuts(level, height, cuts, children)

    def _without_idle_cuts(
        self, level: int, height: int, cuts: Sequence[int], children: Sequence[Node[Leaf]]
    ) -> Node[Leaf]:
        """Return `children` between those of `cuts` whose neighbours differ, the others side by side."""
        kept, needed = [children[0]], []
        last = kept[0].last if kept[0].level == level else kept[0]
        for cut, child in zip(cuts, children[1:], strict=True):
            divided = child.level == level
            if (child.first if divided else child) is not last:
                needed.append(cut)
                kept.append(child)
            elif divided:
                kept[-1] = self._joined(level, kept[-1], child)
            last = child.last if divided else child
        return self._interned(level, height, tuple(needed), tuple(kept))

    def _joined(self, level: int, low: Node[Leaf], high: Node[Leaf]) -> Node[Leaf]:
        """Return `low` and `high` side by side, where the last part of one is the first part of the other."""
        if low.level != level:
            return high
        if high.level != level:
            return low
        if low.height > high.height:
            middle = self._joined(level, low.children[-1], high)
            return self._interned(level, low.height, low.cuts, (*low.children[:-1], middle))
        if low.height < high.height:
            middle = self._joined(level, low, high.children[0])
            return self._interned(level, high.height, high.cuts, (middle, *high.children[1:]))
        middle = self._joined(level, low.children[-1], high.children[0])
        children = (*low.children[:-1], middle, *high.children[1:])
        return self._interned(level, low.height, low.cuts + high.cuts, children)

    def row(self, level: int, pieces: Sequence[tuple[int, Node[Leaf]]]) -> Node[Leaf]:
        """Return what is, from each start on, the node beside it; starts ascend from 0, neighbours differ."""
        spine: list[tuple[int, list[int], list[Node[Leaf]]]] = []
        current = pieces[0][1]
        for cut, node in pieces[1:]:
            height = height_of(cut)
            while spine and spine[-1][0] < height:
                current = self._closed(level, spine.pop(), current)
            if not spine or spine[-1][0] > height:
                spine.append((height, [], []))
            spine[-1][1].append(cut)
            spine[-1][2].append(current)
            current = node
        while spine:
            current = self._closed(level, spine.pop(), current)
        return current

    def _closed(self, level: int, entry: tuple[int, list[int], list[Node[Leaf]]], last: Node[Leaf]) -> Node[Leaf]:
        height, cuts, children = entry
        return self._interned(level, height, tuple(cuts), (*children, last))

    def split(self, node: Node[Leaf], level: int, cut: int) -> tuple[Node[Leaf], Node[Leaf]]:
        """Return the parts of `node` before `cut` and from it on."""
        if node.level != level:
            return node, node
        if cut <= node.lowest:
            return node.first, (node if cut < node.lowest else self._from(node, level, cut))
        if cut > node.highest:
            return node, node.last
        return self._before(node, level, cut), self._from(node, level, cut)

    def _before(self, node: Node[Leaf], level: int, cut: int) -> Node[Leaf]:
        if node.level != level or cut > node.highest:
            return node
        position = bisect_left(node.cuts, cut)
        last = self._before(node.children[position], level, cut)
        return self._interned(level, node.height, node.cuts[:position], (*node.children[:position], last))

    def _from(self, node: Node[Leaf], level: int, cut: int) -> Node[Leaf]:
        if node.level != level or cut < node.lowest:
            return node
        position = bisect_right(node.cuts, cut)
        first = self._from(node.children[position], level, cut)
        return self._interned(level, node.height, node.cuts[position:], (first, *node.children[position + 1 :]))

    def parts(self, node: Node[Leaf], level: int, height: int, cuts: Sequence[int]) -> Sequence[Node[Leaf]]:
        """Return the parts of `node` between `cuts`, which hold all of its own cuts of that height."""
        if node.level != level:
            return (node,) * (len(cuts) + 1)
        if node.cuts == cuts:
            return node.children
        if node.height < height:
            return self._lower_parts(node, level, cuts)
        found, position, rest = [], 0, node.children[0]
        own, children = node.cuts, node.children
        for cut in cuts:
            if position < len(own) and own[position] == cut:
                position += 1
                found.append(rest)
                rest = children[position]
            elif rest.level != level:
                found.append(rest)
            else:
                before, rest = self.split(rest, level, cut)
                found.append(before)
        found.append(rest)
        return found

    def _lower_parts(self, node: Node[Leaf], level: int, cuts: Sequence[int]) -> list[Node[Leaf]]:
        """Return the parts of `node`, whose cuts are lower than `cuts` and mostly lie between two of them."""
        begin, end = bisect_left(cuts, node.lowest), bisect_right(cuts, node.highest)
        found, rest = [node.first] * begin, node
        for cut in cuts[begin:end]:
            before, rest = self.split(rest, level, cut)
            found.append(before)
        found.append(rest)
        found += [node.last] * (len(cuts) - end)
        return found


def common_cuts(a: Node[Leaf], b: Node[Other]) -> tuple[int, int, Sequence[int]]:
    """Return level, height and cuts of the branch that combines `a` and `b`, of which one at least is a branch."""
    if a.level != b.level or a.height != b.height:
        taller = a.level < b.level or (a.level == b.level and a.height > b.height)
        return (a.level, a.height, a.cuts) if taller else (b.level, b.height, b.cuts)
    cuts = a.cuts if a.cuts == b.cuts else sorted({*a.cuts, *b.cuts})
    return a.level, a.height, cuts


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
        made = self._known.get(key)
        if made is not None:
            return made
        self._forest.spend()
        if a.level == b.level == TERMINAL:
            made = self._forest.terminal(self._function(a.leaf, b.leaf))
        else:
            level, height, cuts = common_cuts(a, b)
            ones, others = self._left.parts(a, level, height, cuts), self._right.parts(b, level, height, cuts)
            made = self._forest.branch(level, height, cuts, list(map(self.of, ones, others)))
        self._known[key] = made
        return made


class Union(Generic[Leaf]):
    """Joins diagrams of one forest under a join that is idempotent and commutative and has `bottom` as its zero."""

    def __init__(self, forest: Forest[Leaf], join: Callable[[Leaf, Leaf], Leaf], bottom: Node[Leaf]) -> None:
        self._forest, self._join, self._bottom = forest, join, bottom
        self._known: dict[tuple[Node[Leaf], Node[Leaf]], Node[Leaf]] = {}

    def of(self, a: Node[Leaf], b: Node[Leaf]) -> Node[Leaf]:
        """Return the diagram of `join(a, b)`."""
        if a is b or b is self._bottom:
            return a
        if a is self._bottom:
            return b
        key = (a, b)
        made = self._known.get(key)
        if made is not None:
            return made
        forest = self._forest
        forest.spend()
        if a.level == b.level == TERMINAL:
            made = forest.terminal(self._join(a.leaf, b.leaf))
        else:
            level, height, cuts = common_cuts(a, b)
            ones, others = forest.parts(a, level, height, cuts), forest.parts(b, level, height, cuts)
            of, bottom = self.of, self._bottom
            both = [x if y is bottom else of(x, y) for x, y in zip(ones, others, strict=True)]
            made = forest.branch(level, height, cuts, both)
        self._known[key] = made
        return made


class Mapping(Generic[Leaf, Result]):
    """Replaces the leaves of diagrams by a function of them."""

    def __init__(self, forest: Forest[Result], function: Callable[[Leaf], Result]) -> None:
        self._forest, self._function = forest, function
        self._known: dict[Node[Leaf], Node[Result]] = {}

    def of(self, node: Node[Leaf]) -> Node[Result]:
        """Return the diagram of `function(node)`."""
        made = self._known.get(node)
        if made is None:
            if node.level == TERMINAL:
                made = self._forest.terminal(self._function(node.leaf))
            else:
                of, known = self.of, self._known
                children = [known.get(child) or of(child) for child in node.children]
                made = self._forest.branch(node.level, node.height, node.cuts, children)
            self._known[node] = made
        return made


def isomorphic(a: Node[Leaf], b: Node[Leaf]) -> bool:
    """Whether two diagrams, perhaps of different forests, are the same function."""
    partner: dict[Node[Leaf], Node[Leaf]] = {}
    waiting = [(a, b)]
    while waiting:
        a, b = waiting.pop()
        if a is b:
            continue
        known = partner.get(a)
        if known is not None:
            if known is not b:
                return False
            continue
        if a.level != b.level or a.cuts != b.cuts or (a.level == TERMINAL and a.leaf != b.leaf):
            return False
        partner[a] = b
        waiting.extend(zip(a.children, b.children, strict=True))
    return True
