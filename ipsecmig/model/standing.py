"""What each filter of a policy contributes: it is needed, or others do its work, or it decides about no packet.

Beside the foremost filters (see `specificity`) a packet's leaf keeps those that one other alone beats: they are what
would be foremost if that one were removed. The answers are exact, also where only several filters together cover one.
Source: the taxonomy of Al-Shaer and Hamed, "Discovery of policy anomalies in distributed firewalls" (2004), made exact
for filters that are ordered by specificity and not by place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from ipsecmig.model.collector import collector_paused
from ipsecmig.model.decision import DecisionMap
from ipsecmig.model.diagram import DEFAULT_BUDGET
from ipsecmig.model.flatten import FlatPolicy, SpecificFilter
from ipsecmig.model.packets import witness
from ipsecmig.model.space import Box, Packet, Span
from ipsecmig.model.specificity import EXEMPT, UNMATCHED, Contenders, Contest, ContestMap, classify
from ipsecmig.model.treatment import Treatment


class Standing(Enum):
    """What removing one filter would change.

    NEEDED: the treatment of some packet. REDUNDANT: nothing, although it decides about packets, because others would
    treat them alike. UNREACHABLE: nothing, because it decides about none.
    """

    NEEDED = "needed"
    REDUNDANT = "redundant"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The standing of one filter under one rule, whose specific filters are `halves`.

    If it is not NEEDED, `packet` is one that it selects, and that it decides about if it is REDUNDANT; `instead` are
    the kinds of filters that decide about that packet, or would without it. `twin` selects and does the same.
    """

    halves: tuple[SpecificFilter, ...]
    standing: Standing
    packet: Packet | None = None
    instead: Contest = UNMATCHED
    twin: SpecificFilter | None = None


@dataclass(slots=True)
class Ranks:
    """Kinds of filters told apart further, so that filters of one number that overlap select the same packets."""

    contenders: Contenders = field(default_factory=Contenders)
    kinds: list[int] = field(default_factory=list)
    _numbers: dict[tuple[int, Span, bool], int] = field(default_factory=dict)
    _removed: dict[tuple[Contest, int], bool] = field(default_factory=dict)

    def number(self, kind: int, box: Box) -> int:
        """Return the number of `kind` for filters with the links of `box` and as many local addresses as it has."""
        local_low, local_high = box.local
        number = self._numbers.setdefault((kind, box.link, local_low == local_high), len(self.kinds))
        if number == len(self.kinds):
            self.kinds.append(kind)
        return number

    def join(self, one: Contest, other: Contest) -> Contest:
        """Return those of both that at most one of the others beats; what beats an only beaten one is always kept."""
        if one is EXEMPT or other is EXEMPT:
            return EXEMPT
        both = one | other
        return frozenset(n for n in both if sum(self._beats(m, n) for m in both) < 2)

    def leads(self, contest: Contest, number: int) -> bool:
        """Whether `number` is foremost among `contest`."""
        return number in contest and not any(self._beats(other, number) for other in contest)

    def foremost(self, contest: Contest) -> Contest:
        """Return the foremost of `contest`, as numbers of `contenders`."""
        if contest in (EXEMPT, UNMATCHED):
            return contest
        return frozenset(self.kinds[n] for n in contest if self.leads(contest, n))

    def treatment(self, contest: Contest) -> Treatment:
        """Return what packets with this leaf meet."""
        return self.contenders.treatment(self.foremost(contest))

    def needs(self, contest: Contest, number: int) -> bool:
        """Whether packets with this leaf would be treated otherwise without the filters of `number`."""
        known = self._removed.get((contest, number))
        if known is None:
            known = number in contest and self.treatment(contest) != self.treatment(contest - {number})
            self._removed[contest, number] = known
        return known

    def _beats(self, one: int, other: int) -> bool:
        return self.contenders.beats(self.kinds[one], self.kinds[other])


@dataclass(frozen=True, slots=True)
class Ranking:
    """For every packet the foremost filters that match it and those next to them; `numbers` as in `ContestMap`."""

    flat: FlatPolicy
    map: DecisionMap[Contest]
    ranks: Ranks
    numbers: tuple[int, ...]

    def contests(self) -> ContestMap:
        """Return the foremost filters alone, as `contest_maps` would find them."""
        numbers = [self.ranks.kinds[number] for number in self.numbers]
        return ContestMap(self.map.map(self.ranks.foremost), self.ranks.contenders, numbers)

    @collector_paused()
    def verdicts(self) -> tuple[Verdict, ...]:
        """Return the standing of every filter under every rule, in the order of the flat policy's filters.

        A filter whose own halves overlap is never called redundant: each would be taken for the other's stand-in.
        """
        owners: dict[tuple[int, Box], SpecificFilter] = {}
        leaves = self.map.leaves()
        needed = frozenset(n for contest in leaves for n in contest if self.ranks.needs(contest, n))
        return tuple(self._verdict(halves, owners, needed) for halves in self._filters().values())

    def _filters(self) -> dict[tuple[int, int], list[tuple[SpecificFilter, list[tuple[Box, int]]]]]:
        """Return the halves of each filter of each rule, with their boxes and the numbers of these."""
        found: dict[tuple[int, int], list[tuple[SpecificFilter, list[tuple[Box, int]]]]] = {}
        numbers = iter(self.numbers)
        for specific in self.flat.filters:
            boxes = [(box, next(numbers)) for box in specific.boxes]
            found.setdefault((id(specific.rule), id(specific.filter)), []).append((specific, boxes))
        return found

    def _verdict(
        self,
        halves: list[tuple[SpecificFilter, list[tuple[Box, int]]]],
        owners: dict[tuple[int, Box], SpecificFilter],
        needed: frozenset[int],
    ) -> Verdict:
        """Return the standing of the filter of `halves`; numbers that are not in `needed` nothing needs.

        For what another filter owns already it is not needed.
        """
        mine = halves[0][0]
        selected = [(box, number) for _, boxes in halves for box, number in boxes]
        claimed = [(box, owners.setdefault((number, box), mine), number) for box, number in selected]
        own = [(box, number) for box, owner, number in claimed if owner is mine and number in needed]
        whole = tuple(specific for specific, _ in halves)
        if any(self._is_needed(box, number) for box, number in own):
            return Verdict(whole, Standing.NEEDED)
        led = next((found for box, number in selected if (found := self._led(box, number))), None)
        if led is None:
            packet = witness(selected[0][0])
            return Verdict(whole, Standing.UNREACHABLE, packet, self.ranks.foremost(self.map.at(packet)))
        if _overlap([box for box, _ in selected]):
            return Verdict(whole, Standing.NEEDED)
        packet, number = led
        twin = next((owner for _, owner, _ in claimed if owner is not mine), None)
        instead = self.ranks.foremost(self.map.at(packet) - {number})
        return Verdict(whole, Standing.REDUNDANT, packet, instead, twin)

    def _is_needed(self, box: Box, number: int) -> bool:
        """Whether some packet of `box` would be treated otherwise without the filters of `number`."""
        needs = self.ranks.needs
        at_once = needs(self.map.at(_corner(box)), number)
        return at_once or self.map.find(box, lambda contest: needs(contest, number)) is not None

    def _led(self, box: Box, number: int) -> tuple[Packet, int] | None:
        """Return a packet of `box` at which `number` is foremost, and the number; None where there is none."""
        leads, packet = self.ranks.leads, witness(box)
        if not leads(self.map.at(packet), number):
            found = self.map.find(box, lambda contest: leads(contest, number))
            if found is None:
                return None
            packet = witness(found[0])
        return packet, number


def ranking(flat: FlatPolicy, budget: int = DEFAULT_BUDGET) -> Ranking:
    """Return the ranking of the filters of `flat`; raises BudgetExceeded."""
    ranks = Ranks()
    kinds = classify(flat, ranks.contenders)
    boxes = [box for specific in flat.filters for box in specific.boxes]
    numbers = [ranks.number(kind, box) for kind, box in zip(kinds, boxes, strict=True)]
    alone = [frozenset({number}) for number in range(len(ranks.kinds))]

    def layers() -> Iterator[tuple[Box, Contest]]:
        for exemption in flat.exemptions:
            for box in exemption.boxes:
                yield box, EXEMPT
        yield from zip(boxes, map(alone.__getitem__, numbers), strict=True)

    with collector_paused():
        (found,) = DecisionMap.from_joins([layers()], ranks.join, UNMATCHED, budget)
    return Ranking(flat, found, ranks, tuple(numbers))


def _corner(box: Box) -> Packet:
    """Return the highest packet of `box`, which costs little and seldom belongs to another filter."""
    return Packet._make(high for _, high in box)


def _overlap(boxes: list[Box]) -> bool:
    return any(one.intersection(other) is not None for n, one in enumerate(boxes) for other in boxes[:n])
