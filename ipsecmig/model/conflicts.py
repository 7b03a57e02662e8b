"""What packets meet under a policy, and the pairs of filters between which the documentation does not decide.

At a packet in conflict the foremost filters (see `specificity`) differ in treatment. The decision diagram says exactly
which kinds of filters meet so; the filters themselves are then joined by hashing on the coarser of their masks (see
`shapes`), so that only pairs that overlap are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from ipsecmig.model.collector import collector_paused
from ipsecmig.model.decision import DecisionMap
from ipsecmig.model.diagram import DEFAULT_BUDGET
from ipsecmig.model.flatten import FlatPolicy, SpecificFilter
from ipsecmig.model.packets import witness
from ipsecmig.model.shapes import BoxIndex, Shape, masks_of, shape_of, under
from ipsecmig.model.space import Box, Packet, Span
from ipsecmig.model.specificity import Contenders, Contest, ContestMap, Numbers, classify, contest_maps
from ipsecmig.model.treatment import Conflict, Treatment


@dataclass(frozen=True, slots=True)
class ConflictPair:
    """Two filters of different treatment, both foremost at `witness`; `box` is what both select."""

    first: SpecificFilter
    second: SpecificFilter
    box: Box
    witness: Packet


@dataclass(frozen=True, slots=True)
class ConflictReport:
    """The pairs found, each once; all of them unless `truncated`, and then some of every kind."""

    pairs: tuple[ConflictPair, ...]
    truncated: bool


def decision_map(flat: FlatPolicy, budget: int = DEFAULT_BUDGET) -> DecisionMap[Treatment]:
    """Return what every packet meets under `flat`: exempt ones pass, else the foremost filters decide, else they pass.

    Packets whose foremost filters differ meet a `Conflict`. The map is exact, conflicts included; what
    `flat.not_understood` names is not in it. Raises BudgetExceeded, which callers turn into *undecided*.
    """
    (found,) = decision_maps((flat,), budget)
    return found


@collector_paused()
def decision_maps(flats: Sequence[FlatPolicy], budget: int = DEFAULT_BUDGET) -> list[DecisionMap[Treatment]]:
    """Return the decision map of each of `flats` (at least one), to compare them: equal parts are built once.

    `budget` is for all of them together.
    """
    contests = contest_maps(flats, budget)
    return DecisionMap.map_each([each.map for each in contests], contests[0].contenders.treatment, budget)


@collector_paused()
def treat_alike(one: FlatPolicy, other: FlatPolicy, budget: int = DEFAULT_BUDGET) -> bool:
    """Return whether both policies treat every packet alike; raises BudgetExceeded.

    Where the same kinds of filters are foremost everywhere nothing can differ; what they do is asked only otherwise.
    """
    contests = contest_maps((one, other), budget)
    ours, theirs = (each.map for each in contests)
    if ours.is_equal(theirs):
        return True
    ours_done, theirs_done = DecisionMap.map_each((ours, theirs), contests[0].contenders.treatment, budget)
    return ours_done.is_equal(theirs_done)


_TRIES_PER_PAIR: Final = 20
"""How many overlapping pairs are looked at, for each pair asked for, before the search is given up."""

_Selected = tuple[Box, SpecificFilter]


def find_conflicts(flat: FlatPolicy, limit: int = 1000, budget: int = DEFAULT_BUDGET) -> ConflictReport:
    """Return up to `limit` pairs of filters of `flat` that conflict; raises BudgetExceeded.

    Filters that select the same packets and treat them differently are such a pair; filters that treat them alike, and
    pairs that exemptions or more specific filters cover, are not.
    """
    if not _may_conflict(flat):
        return ConflictReport((), truncated=False)
    (contests,) = contest_maps((flat,), budget)
    return conflicts_among(flat, contests, limit)


def conflicts_among(flat: FlatPolicy, contests: ContestMap, limit: int = 1000) -> ConflictReport:
    """Return up to `limit` pairs of filters of `flat` that conflict; `contests` is its map of foremost filters."""
    kinds = _conflicting_kinds(contests)
    tables = _tables(flat, contests.numbers, {kind for pair in kinds for kind in pair})
    found: list[ConflictPair] = []
    seen: set[frozenset[int]] = set()
    tries = _TRIES_PER_PAIR * limit
    for pair, one, other in _in_turn([_overlapping(tables, pair) for pair in kinds]):
        key = frozenset((id(one[1]), id(other[1])))
        if key in seen:
            continue
        tries -= 1
        if len(found) == limit or tries < 0:
            return ConflictReport(tuple(found), truncated=True)
        conflict = _conflict(contests, pair, one, other)
        if conflict is not None:
            seen.add(key)
            found.append(conflict)
    return ConflictReport(tuple(found), truncated=False)


_Kinds = tuple[int, int]

_MOST_KINDS: Final = 200
_LOOKS_PER_FILTER: Final = 5
"""How far the quick look goes before it leaves the question to the diagram."""


def _may_conflict(flat: FlatPolicy) -> bool:
    """Whether filters overlap of which neither is more specific: a quick look that saves most policies the diagram."""
    contenders = Contenders()
    numbers = classify(flat, contenders)
    if len(contenders.kinds) > _MOST_KINDS:
        return True
    rivals = list(contenders.rivals())
    tables = _tables(flat, numbers, {kind for pair in rivals for kind in pair})
    looks = _LOOKS_PER_FILTER * len(flat.filters)
    for pair in rivals:
        for one, other in _candidates(tables, pair):
            looks -= 1
            if looks < 0 or one[0].intersection(other[0]) is not None:
                return True
    return False


def _conflicting_kinds(contests: ContestMap) -> list[_Kinds]:
    """Return the pairs of kinds that differ in treatment and are both foremost at some packet."""
    found: set[_Kinds] = set()
    contenders = contests.contenders
    for contest in contests.map.leaves():
        if isinstance(contenders.treatment(contest), Conflict):
            pairs = combinations(sorted(contest), 2)
            found.update((a, b) for a, b in pairs if contenders.kinds[a][1] != contenders.kinds[b][1])
    return sorted(found)


_Tables = dict[int, dict[tuple[Span, Span, Shape], list[_Selected]]]
"""For each kind its boxes, by direction, family and shape."""


def _tables(flat: FlatPolicy, numbers: Numbers, wanted: set[int]) -> _Tables:
    tables: _Tables = {kind: {} for kind in sorted(wanted)}
    for row, kind in _numbered(flat, numbers):
        if kind in wanted:
            box = row[0]
            tables[kind].setdefault((box.direction, box.family, shape_of(box)), []).append(row)
    return tables


def _numbered(flat: FlatPolicy, numbers: Numbers) -> Iterator[tuple[_Selected, int]]:
    """Yield every box with its filter, and of which kind it is."""
    rows = ((box, specific) for specific in flat.filters for box in specific.boxes)
    return zip(rows, numbers, strict=True)


def _overlapping(tables: _Tables, pair: _Kinds) -> Iterator[tuple[_Kinds, _Selected, _Selected]]:
    """Yield the boxes of the two kinds that overlap, with their filters."""
    for one, other in _candidates(tables, pair):
        if one[0].intersection(other[0]) is not None:
            yield pair, one, other


def _candidates(tables: _Tables, pair: _Kinds) -> Iterator[tuple[_Selected, _Selected]]:
    """Yield the boxes of the two kinds that may overlap: those equal under the coarser of their masks."""
    for (direction, family, shape), ones in tables[pair[0]].items():
        for (other_direction, other_family, other_shape), others in tables[pair[1]].items():
            if direction != other_direction or family != other_family:
                continue
            coarser = tuple(
                None if a is None or b is None else max(a, b) for a, b in zip(shape, other_shape, strict=True)
            )
            yield from _joined(ones, others, coarser)


def _joined(ones: list[_Selected], others: list[_Selected], shape: Shape) -> Iterator[tuple[_Selected, _Selected]]:
    """Yield the pairs that agree under the masks of `shape`."""
    table: dict[tuple[int, ...], list[_Selected]] = {}
    masks = masks_of(shape)
    for other in others:
        table.setdefault(under(other[0], masks), []).append(other)
    for one in ones:
        for other in table.get(under(one[0], masks), ()):
            yield one, other


class FilterIndex:
    """Finds the filters of given kinds that select a packet."""

    def __init__(self, flat: FlatPolicy, contests: ContestMap) -> None:
        selected: dict[int, list[_Selected]] = {}
        for row, kind in _numbered(flat, contests.numbers):
            selected.setdefault(kind, []).append(row)
        self._of_kind = {kind: BoxIndex(rows) for kind, rows in selected.items()}

    def filters(self, kinds: Contest, packet: Packet) -> Iterator[SpecificFilter]:
        """Yield the filters of `kinds` that select `packet`."""
        point = Box._make((value, value) for value in packet)
        for kind in sorted(kinds):
            if kind in self._of_kind:
                yield from (specific for _, specific in self._of_kind[kind].containing(point))


_Candidate = tuple[_Kinds, _Selected, _Selected]


def _in_turn(sources: Iterable[Iterator[_Candidate]]) -> Iterator[_Candidate]:
    """Yield one item of each source in turn until all are empty."""
    waiting = list(sources)
    while waiting:
        left = []
        for source in waiting:
            candidate = next(source, None)
            if candidate is not None:
                yield candidate
                left.append(source)
        waiting = left


def _conflict(contests: ContestMap, pair: _Kinds, one: _Selected, other: _Selected) -> ConflictPair | None:
    """Return the conflict of two overlapping boxes, or None when nothing of the overlap is in conflict."""
    overlap = one[0].intersection(other[0])
    if overlap is None:
        return None

    def both_foremost(contest: Contest) -> bool:
        return pair[0] in contest and pair[1] in contest

    found = contests.map.find(overlap, both_foremost)
    return None if found is None else ConflictPair(one[1], other[1], overlap, witness(found[0]))
