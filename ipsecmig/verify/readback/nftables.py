"""What packets meet in an nftables ruleset: base chains in order, jumps, sets, verdict maps. Source: nft(8).

A ruleset is judged for the first packet of a connection, in each of the states that it can ask for: clear, or under
an SA. Packets pass when every base chain of their hooks lets them.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import partial, reduce
from itertools import groupby
from typing import Final, NamedTuple

from ipsecmig.diagnostics import Origin
from ipsecmig.model.decision import DecisionMap
from ipsecmig.model.policy import NotUnderstood
from ipsecmig.model.space import Box, Direction, Packet
from ipsecmig.model.treatment import TunnelSense
from ipsecmig.verify.observed import DROPPED, PASSES, Observed, Protection
from ipsecmig.verify.readback.nft_match import Crossing, Unmodelled, whole
from ipsecmig.verify.readback.nft_model import (
    NftChain,
    NftRule,
    NftTable,
    NftVerdict,
    Ruleset,
    VerdictKind,
    VerdictMap,
)
from ipsecmig.verify.readback.nft_overlaps import overlapping
from ipsecmig.verify.readback.nft_rules import FAMILIES, Layer, rule_layers
from ipsecmig.verify.readback.nft_states import asking_chains, plain, seen_by
from ipsecmig.verify.target import ReadTarget, Responsible


class Fate(Enum):
    """Where a packet is after a rule or chain: accepted or dropped, at the next rule, or back where it came from.

    At the end of a chain the next rule is that after the jump to it: the same as to return.
    """

    ACCEPTED = "accepted"
    DROPPED = "dropped"
    NEXT = "next"
    RETURNED = "returned"


_FATES: Final = {
    VerdictKind.ACCEPT: Fate.ACCEPTED,
    VerdictKind.DROP: Fate.DROPPED,
    VerdictKind.REJECT: Fate.DROPPED,
    VerdictKind.RETURN: Fate.RETURNED,
}

_HOOKS: Final = {
    "input": (Direction.IN,),
    "output": (Direction.OUT,),
    "forward": (Direction.FORWARD,),
    "prerouting": (Direction.IN, Direction.FORWARD),
    "postrouting": (Direction.OUT, Direction.FORWARD),
}
_DEEPEST: Final = 16
_CLEAR_ONLY: Final = "packets that pass in clear but not under an SA are not modelled"
_STRAYS: Final = "packets that belong to no connection (ct state invalid) pass where the first of a connection does not"

CLEAR_OUT: Final = Crossing(Direction.OUT, arrives_protected=False, leaves_protected=False)
PROTECTED_OUT: Final = Crossing(Direction.OUT, arrives_protected=False, leaves_protected=True)
CLEAR_IN: Final = Crossing(Direction.IN, arrives_protected=False, leaves_protected=False)
PROTECTED_IN: Final = Crossing(Direction.IN, arrives_protected=True, leaves_protected=False)
CLEAR_FORWARD: Final = Crossing(Direction.FORWARD, arrives_protected=False, leaves_protected=False)
WRAPPED: Final = Crossing(Direction.FORWARD, arrives_protected=False, leaves_protected=True)
UNWRAPPED: Final = Crossing(Direction.FORWARD, arrives_protected=True, leaves_protected=False)

_End = Fate | str
"""What a verdict comes to: a fate, or the chain that it goes to, of which no map of a whole chain holds any."""


def read_ruleset(ruleset: Ruleset, not_understood: tuple[NotUnderstood, ...]) -> ReadTarget:
    """Return what packets meet in `ruleset`."""
    reader = _Reader(ruleset, list(not_understood))
    sides = {direction: reader.observed(direction).along(direction) for direction in Direction}
    return ReadTarget(
        "nftables", sides.__getitem__, reader.responsible, tuple(reader.unknown), tuple(reader.assumptions())
    )


class _Reader:
    """Evaluates one ruleset; maps of chains are kept, since several rules may lead to one chain."""

    def __init__(self, ruleset: Ruleset, unknown: list[NotUnderstood]) -> None:
        self.unknown = unknown
        self._chains: dict[tuple[str, str, str, Crossing], DecisionMap[_End]] = {}
        self._kept_layers: dict[tuple[str, str, str, Crossing], list[Layer]] = {}
        self._kept_steps: dict[tuple[str, str, str, Crossing], list[_Jump | _Run]] = {}
        self._entered: set[tuple[str, str, str, Crossing]] = set()
        self._without_overlaps: set[tuple[Origin, bool, bool, str]] = set()
        self._base = sorted(
            ((table, chain) for table in ruleset.values() for chain in table.chains.values() if chain.hook),
            key=lambda pair: pair[1].priority,
        )
        self._check_base()
        self._asking = {(table.family, table.name): asking_chains(table) for table, _ in self._base}
        self._kept_passing: dict[Crossing, DecisionMap[bool]] = {}

    def _check_base(self) -> None:
        known = []
        for table, chain in self._base:
            if chain.hook in _HOOKS and chain.type == "filter" and table.family in FAMILIES:
                known.append((table, chain))
            else:
                reason = f"a base chain of type {chain.type} at {chain.hook} of {table.family} is not modelled"
                self._doubt(NotUnderstood(f"chain {chain.name}", reason, chain.origin))
        self._base = known

    def _doubt(self, doubt: NotUnderstood) -> None:
        if doubt not in self.unknown:
            self.unknown.append(doubt)

    def assumptions(self) -> Iterator[str]:
        if any(self._matching("ct state")):
            yield "nftables is judged by the first packet of each connection"
        if any(self._matching("fib daddr type")):
            yield "directed broadcasts are treated as the limited broadcast is"

    def _matching(self, selector: str) -> Iterator[NftRule]:
        """Yield the rules that match `selector`."""
        for table, _ in self._base:
            for chain in table.chains.values():
                for rule in chain.rules:
                    if any(selector in s.selectors for s in rule.statements if not isinstance(s, NftVerdict)):
                        yield rule

    def observed(self, direction: Direction) -> DecisionMap[Observed]:
        """Return what becomes of the packets of one direction; those of others pass in this map."""
        if direction is Direction.OUT:
            return self._either(CLEAR_OUT, PROTECTED_OUT, Protection())
        if direction is Direction.IN:
            return self._either(CLEAR_IN, PROTECTED_IN, Protection())
        wrapped = self._either(CLEAR_FORWARD, WRAPPED, Protection(sense=TunnelSense.ENCAPSULATE))
        unwrapped = self._either(CLEAR_FORWARD, UNWRAPPED, Protection(sense=TunnelSense.DECAPSULATE))
        return wrapped.combine(unwrapped, _either_sense)

    def _either(self, clear: Crossing, protected: Crossing, protection: Protection) -> DecisionMap[Observed]:
        only_protected = Observed(False, protection)
        self._check_strays(clear)
        self._check_strays(protected)

        def meet(passes_clear: bool, passes_protected: bool) -> Observed:
            if passes_clear:
                if not passes_protected:
                    self._doubt(NotUnderstood("the ruleset", _CLEAR_ONLY, self._base[0][1].origin))
                return PASSES
            return only_protected if passes_protected else DROPPED

        return self._passing(clear).combine(self._passing(protected), meet)

    def _check_strays(self, crossing: Crossing) -> None:
        """Doubt a ruleset that stops the first packet of a connection but not what belongs to none.

        Connection tracking takes a SYN or a bare ACK for new, a SYN/ACK, FIN or RST for invalid (seen on Linux 6.18).
        """
        place = next(self._matching("ct state"), None)
        if place is None:
            return
        strays = self._passing(crossing._replace(state="invalid")).combine(self._passing(crossing), operator.gt)
        if True in strays.leaves():
            self._doubt(NotUnderstood(place.text, _STRAYS, place.origin))

    def _passing(self, crossing: Crossing) -> DecisionMap[bool]:
        """Return which packets every base chain lets pass; all states alike where no chain asks about them."""
        bases = [(table, chain) for table, chain in self._base if crossing.direction in _HOOKS[chain.hook]]
        seen = crossing if any(self._asks(table, chain) for table, chain in bases) else plain(crossing)
        if seen not in self._kept_passing:
            passing = [self._let_through(table, chain, seen._replace(hook=chain.hook)) for table, chain in bases]
            everything = DecisionMap.from_layers([], True)
            self._kept_passing[seen] = reduce(_both, passing) if passing else everything
        return self._kept_passing[seen]

    def _asks(self, table: NftTable, chain: NftChain) -> bool:
        """Whether the fate of packets in `chain` depends on their state."""
        return chain.name in self._asking[table.family, table.name]

    def _let_through(self, table: NftTable, chain: NftChain, crossing: Crossing) -> DecisionMap[bool]:
        """Return which packets a base chain lets pass, those that its table does not see among them."""
        undecided = [(box, chain.policy is VerdictKind.ACCEPT) for box in whole(crossing, FAMILIES[table.family])]
        return self._chain(table, chain, crossing).combine(DecisionMap.from_layers(undecided, True), _passes)

    def _chain(self, table: NftTable, chain: NftChain, crossing: Crossing) -> DecisionMap[_End]:
        """Return the fates of packets that enter `chain`, found once for all states that it treats alike."""
        seen = crossing if self._asks(table, chain) else plain(crossing)
        key = (table.family, table.name, chain.name, seen)
        if key not in self._chains:
            self._entered.add(key)
            fates = [self._stepped(table, step, seen) for step in self._steps(table, chain, seen)]
            self._chains[key] = reduce(_in_turn, fates)
            self._entered.discard(key)
        return self._chains[key]

    def _stepped(self, table: NftTable, step: _Jump | _Run, crossing: Crossing) -> DecisionMap[_End]:
        """Return the fates of packets at one step of a chain, for a run those in the chains that it goes to."""
        if isinstance(step, _Jump):
            return step.entering.combine(self._lead(table, step.verdict, step.rule, crossing), _jump)
        ends = step.ends
        for name, (verdict, rule) in step.leads.items():
            ends = ends.combine(self._lead(table, verdict, rule, crossing), partial(_go, name))
        return ends

    def _steps(self, table: NftTable, chain: NftChain, crossing: Crossing) -> list[_Jump | _Run]:
        """Return what `chain` does in order; the same for clear and protected packets unless it asks about that."""
        key = (table.family, table.name, chain.name, seen_by(chain, crossing))
        if key not in self._kept_steps:
            self._kept_steps[key] = list(_steps(self._layers(table, chain, key[-1])))
        return self._kept_steps[key]

    def _lead(self, table: NftTable, verdict: NftVerdict, rule: NftRule, crossing: Crossing) -> DecisionMap[_End]:
        """Return the fates in the chain that `verdict` leads to."""
        chain = table.chains.get(verdict.chain)
        if chain is None or chain.hook or self._loops(table, chain, crossing):
            self._doubt(NotUnderstood(rule.text, f"the chain {verdict.chain} cannot be followed", rule.origin))
            return DecisionMap.from_layers([], Fate.NEXT)
        return self._chain(table, chain, crossing)

    def _loops(self, table: NftTable, chain: NftChain, crossing: Crossing) -> bool:
        """Whether `chain` is being evaluated, or more chains lead into each other than the kernel takes."""
        return (table.family, table.name, chain.name, crossing) in self._entered or len(self._entered) > _DEEPEST

    def _layers(self, table: NftTable, chain: NftChain, crossing: Crossing) -> list[Layer]:
        key = (table.family, table.name, chain.name, crossing)
        if key not in self._kept_layers:
            self._kept_layers[key] = list(self._new_layers(table, chain, crossing))
        return self._kept_layers[key]

    def _new_layers(self, table: NftTable, chain: NftChain, crossing: Crossing) -> Iterator[Layer]:
        for rule in chain.rules:
            try:
                layers = list(rule_layers(table, rule, crossing))
                self._check_overlaps(rule, layers, crossing)
                yield from (layer for layer in layers if layer[1].kind is not VerdictKind.CONTINUE)
            except Unmodelled as reason:
                self._doubt(NotUnderstood(rule.text, str(reason), rule.origin))

    def _check_overlaps(self, rule: NftRule, layers: list[Layer], crossing: Crossing) -> None:
        """Refuse a verdict map of which two elements overlap; each rule is looked at in one crossing of a state."""
        place = (rule.origin, crossing.arrives_protected, crossing.leaves_protected, crossing.state)
        if place in self._without_overlaps or not isinstance(rule.statements[-1], VerdictMap):
            return
        found = overlapping([(box, element) for box, _, _, element in layers if element is not None])
        if found:
            keys = " and ".join(" . ".join(element.key) for element in found)
            raise Unmodelled(f"the elements {keys} overlap, and which of them decides is not known")
        self._without_overlaps.add(place)

    def responsible(self, packet: Packet) -> Responsible | None:
        """Return the rule or element that decides about a packet in clear, or that asks for an SA."""
        crossing = (CLEAR_OUT, CLEAR_IN, CLEAR_FORWARD)[packet.direction]
        point = Box(*((value, value) for value in packet))
        found: Responsible | None = None
        for table, chain in self._base:
            if crossing.direction in _HOOKS[chain.hook]:
                fate, decided = self._follow(table, chain, point, crossing._replace(hook=chain.hook))
                found = decided or found
                if fate is Fate.DROPPED:
                    return found
        return found

    def _follow(
        self, table: NftTable, chain: NftChain, point: Box, crossing: Crossing, depth: int = 0
    ) -> tuple[Fate, Responsible | None]:
        for box, verdict, rule, element in self._layers(table, chain, crossing):
            if not box.contains(point):
                continue
            here = Responsible((element or rule).origin, rule.text)
            if not verdict.chain:
                return _FATES[verdict.kind], here
            target = table.chains.get(verdict.chain)
            if target is None or depth >= _DEEPEST:
                continue
            fate, _ = self._follow(table, target, point, crossing, depth + 1)
            if fate in {Fate.ACCEPTED, Fate.DROPPED}:
                return fate, here
            if verdict.kind is VerdictKind.GOTO:
                break
        dropped = chain.hook and chain.policy is VerdictKind.DROP
        policy = Responsible(chain.origin, f"chain {chain.name}: policy {chain.policy.value}")
        return (Fate.DROPPED, policy) if dropped else (Fate.RETURNED, None)


class _Jump(NamedTuple):
    """A jump of the packets for which `entering` is true."""

    entering: DecisionMap[bool]
    verdict: NftVerdict
    rule: NftRule


class _Run(NamedTuple):
    """Verdicts from which no packet comes back; `leads` has a verdict and its rule for each chain gone to."""

    ends: DecisionMap[_End]
    leads: dict[str, tuple[NftVerdict, NftRule]]


def _steps(layers: Iterable[Layer]) -> Iterator[_Jump | _Run]:
    """Yield what a chain does in order, at the end a run, which may be empty."""
    final: list[tuple[Box, _End]] = []
    leads: dict[str, tuple[NftVerdict, NftRule]] = {}
    for rule, verdict, boxes in _by_verdict(layers):
        if verdict.kind is VerdictKind.JUMP:
            if final:
                yield _Run(DecisionMap.from_layers(final, Fate.NEXT), leads)
            yield _Jump(DecisionMap.from_layers(((box, True) for box in boxes), False), verdict, rule)
            final, leads = [], {}
            continue
        if verdict.chain:
            leads.setdefault(verdict.chain, (verdict, rule))
        end = verdict.chain or _FATES[verdict.kind]
        final.extend((box, end) for box in boxes)
    yield _Run(DecisionMap.from_layers(final, Fate.NEXT), leads)


def _by_verdict(layers: Iterable[Layer]) -> Iterator[tuple[NftRule, NftVerdict, list[Box]]]:
    """Yield each rule's packets by verdict: no packet is in two of its layers, unless they say the same."""
    for _, layers_of_rule in groupby(layers, lambda layer: id(layer[2])):
        found: dict[NftVerdict, tuple[NftRule, list[Box]]] = {}
        for box, verdict, rule, _ in layers_of_rule:
            found.setdefault(verdict, (rule, []))[1].append(box)
        yield from ((rule, verdict, boxes) for verdict, (rule, boxes) in found.items())


def _both(first: DecisionMap[bool], second: DecisionMap[bool]) -> DecisionMap[bool]:
    return first.combine(second, operator.and_)


def _in_turn(first: DecisionMap[_End], second: DecisionMap[_End]) -> DecisionMap[_End]:
    return first.combine(second, _then)


def _passes(fate: _End, undecided: bool) -> bool:
    return fate is Fate.ACCEPTED or (fate is not Fate.DROPPED and undecided)


def _jump(entered: bool, fate: _End) -> _End:
    """Return the fate after a jump: what comes back goes on."""
    return Fate.NEXT if not entered or fate is Fate.RETURNED else fate


def _go(name: str, end: _End, fate: _End) -> _End:
    """Return the fate of what goes to the chain `name`: what would come back from there returns from here too."""
    if end != name:
        return end
    return Fate.RETURNED if fate is Fate.NEXT else fate


def _then(first: _End, second: _End) -> _End:
    return second if first is Fate.NEXT else first


def _either_sense(wrapped: Observed, unwrapped: Observed) -> Observed:
    """Join what passes when it leaves protected with what passes when it arrived so."""
    if wrapped.protection is None:
        return unwrapped
    return wrapped if unwrapped.protection is None else Observed(wrapped.clear, Protection())
