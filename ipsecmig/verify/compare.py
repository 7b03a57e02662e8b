"""Compares a policy with what was emitted, or written by hand, over all packets. DESIGN: verification, ring one.

The answer is `equal` only when everything was understood and no packet is treated otherwise; `different` with boxes
of packets and a witness in each; else `undecided`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import reduce

from ipsecmig.errors import BudgetExceeded
from ipsecmig.model.collector import collector_paused
from ipsecmig.model.conflicts import decision_map
from ipsecmig.model.decision import DecisionMap, Difference
from ipsecmig.model.exemptions import ISAKMP_PORTS, LIMITED_BROADCAST, MULTICAST
from ipsecmig.model.explanation import Explanation, explain
from ipsecmig.model.flatten import FlatPolicy
from ipsecmig.model.policy import NotUnderstood
from ipsecmig.model.selectors import AH, ESP, UDP, AddressRange, Family
from ipsecmig.model.space import Box, Direction, Packet, box
from ipsecmig.model.targets import Loss
from ipsecmig.model.treatment import Conflict, Treatment
from ipsecmig.verify.forgiveness import Forgiveness, forgiveness
from ipsecmig.verify.observed import (
    DROPPED,
    LEFT_OUT,
    PASSES,
    Observed,
    Slack,
    agrees,
    compose,
    disagreements,
    expected,
    one_of,
    opens,
)
from ipsecmig.verify.target import ReadTarget, Responsible


class Result(Enum):
    """The three answers."""

    EQUAL = "equal"
    DIFFERENT = "different"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class PolicyDifference:
    """Packets that a target treats otherwise than the policy.

    `source` and `target` are what becomes of them on each side, `opens` whether the target lets more through or
    protects otherwise, `parameters` the fields of protection that differ. `explanation` names the filter that decides,
    `responsible` the lines of the target's configurations that do.
    """

    box: Box
    witness: Packet
    source: Observed
    target: Observed
    opens: bool
    parameters: tuple[str, ...]
    explanation: Explanation
    responsible: tuple[Responsible, ...]

    @property
    def certain(self) -> bool:
        """Whether the target surely does something else: not where its own filters are in conflict and one agrees."""
        return not any(agrees(self.source, alternative) for alternative in self.target.alternatives)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The answer with everything on which it rests."""

    result: Result
    differences: tuple[PolicyDifference, ...]
    truncated: bool
    assumptions: tuple[str, ...]
    undecided: tuple[NotUnderstood, ...]


_LIMIT = 50


Bundle = tuple[Sequence[ReadTarget], Sequence[Sequence[Loss]]]
"""Targets that a packet meets one after another, and for each the losses that its conversion reported."""


def compare(
    flat: FlatPolicy, targets: Sequence[ReadTarget], losses: Sequence[Sequence[Loss]] = (), limit: int = _LIMIT
) -> Comparison:
    """Return whether a packet that meets all `targets`, one after another, meets what `flat` says.

    `losses` are those that the conversion reported, for each target; the deviations that they name are forgiven.
    """
    (comparison,) = compare_each(flat, [(targets, losses)], limit)
    return comparison


@collector_paused()
def compare_each(flat: FlatPolicy, bundles: Sequence[Bundle], limit: int = _LIMIT) -> list[Comparison]:
    """Return what `compare` says of each of `bundles`; what packets meet under `flat` is found out once."""
    try:
        treatments = decision_map(flat)
    except BudgetExceeded as excess:
        return [_given_up(flat, targets, excess) for targets, _ in bundles]
    return [_compared(flat, treatments, bundle, limit) for bundle in bundles]


def _compared(flat: FlatPolicy, treatments: DecisionMap[Treatment], bundle: Bundle, limit: int) -> Comparison:
    targets, losses = bundle
    try:
        differences, truncated = _differences(flat, treatments, targets, forgiveness(flat, losses), limit)
    except BudgetExceeded as excess:
        return _given_up(flat, targets, excess)
    undecided = _not_understood(flat, targets)
    result = Result.UNDECIDED if undecided else _result(differences)
    assumptions = (*_assumptions(flat, targets), *_left_out(treatments))
    return Comparison(result, differences, truncated, assumptions, undecided)


def _given_up(flat: FlatPolicy, targets: Sequence[ReadTarget], excess: BudgetExceeded) -> Comparison:
    doubt = NotUnderstood(f'policy "{flat.policy.name}"', str(excess), flat.policy.origin)
    undecided = (*_not_understood(flat, targets), doubt)
    return Comparison(
        Result.UNDECIDED, (), truncated=False, assumptions=_assumptions(flat, targets), undecided=undecided
    )


def _not_understood(flat: FlatPolicy, targets: Sequence[ReadTarget]) -> tuple[NotUnderstood, ...]:
    return flat.not_understood + tuple(doubt for t in targets for doubt in t.not_understood)


def _result(differences: Sequence[PolicyDifference]) -> Result:
    """Return *different* where some packet surely meets something else, *undecided* where it only may."""
    if any(d.certain for d in differences):
        return Result.DIFFERENT
    return Result.UNDECIDED if differences else Result.EQUAL


def _left_out(treatments: DecisionMap[Treatment]) -> Iterator[str]:
    if any(isinstance(treatment, Conflict) for treatment in treatments.leaves()):
        yield "packets for which filters of the policy are in conflict are left out: which one wins is not documented"


def _differences(
    flat: FlatPolicy,
    treatments: DecisionMap[Treatment],
    targets: Sequence[ReadTarget],
    forgiven: Forgiveness,
    limit: int,
) -> tuple[tuple[PolicyDifference, ...], bool]:
    found: list[PolicyDifference] = []
    truncated = False
    for direction in _directions(flat, targets):
        source = _expectation(flat, treatments, direction, forgiven)
        answer = source.differences(bundle_map(targets, direction), agrees, limit, direction)
        truncated = truncated or answer.truncated
        found.extend(_difference(flat, targets, d) for d in answer.differences)
    found.sort(key=lambda d: not d.opens)
    return tuple(found[:limit]), truncated or len(found) > limit


_KERNEL = frozenset({"strongswan", "xfrm"})
"""Targets that say everything about which packets the kernel protects."""


def bundle_map(targets: Sequence[ReadTarget], direction: Direction) -> DecisionMap[Observed]:
    """Return what becomes of a packet of `direction` that meets all `targets`."""
    filters = _in_turn([t.observed(direction) for t in targets if t.name not in _KERNEL])
    policies = _in_turn([t.observed(direction) for t in targets if t.name in _KERNEL])
    if policies is None:
        return filters or DecisionMap.from_layers([], PASSES)
    both = policies if filters is None else filters.combine(policies, _guarded)
    return both.map(_let_in) if direction is Direction.IN else both


def _let_in(observed: Observed) -> Observed:
    """Of what comes in clear nothing more can be asked, see `expected`: what may also arrive protected passes."""
    return replace(observed, protection=None) if observed.clear else observed


def _in_turn(maps: Sequence[DecisionMap[Observed]]) -> DecisionMap[Observed] | None:
    return reduce(lambda first, second: first.combine(second, compose), maps) if maps else None


def _guarded(filtered: Observed, kernel: Observed) -> Observed:
    """Compose a packet filter with the kernel's policies: what only passes protected does not where none protects."""
    if filtered.others:
        return one_of(_guarded(one, kernel) for one in filtered.alternatives)
    required = filtered.protection is not None and not filtered.clear
    return DROPPED if required and kernel == PASSES else compose(filtered, kernel)


def _difference(
    flat: FlatPolicy, targets: Sequence[ReadTarget], difference: Difference[Observed, Observed]
) -> PolicyDifference:
    source, target, witness = difference.left, difference.right, difference.witness
    return PolicyDifference(
        difference.box,
        witness,
        source,
        target,
        opens(source, target),
        _parameters(source, target),
        explain(flat, witness),
        tuple(line for t in targets if (line := t.responsible(witness)) is not None),
    )


def _expectation(
    flat: FlatPolicy, treatments: DecisionMap[Treatment], direction: Direction, forgiven: Forgiveness
) -> DecisionMap[Observed]:
    """Return what one direction's packets should meet, with the slack that the losses give.

    Of packets that cannot exist nothing is claimed.
    """

    def expect(treatment: Treatment, slack: Slack | None) -> Observed:
        if slack is None:
            return LEFT_OUT
        observed = forgiven.soften(treatment, expected(treatment, direction))
        return replace(observed, slack=observed.slack | slack)

    return treatments.along(direction).combine(_slack(flat, direction, forgiven), expect)


def _slack(flat: FlatPolicy, direction: Direction, forgiven: Forgiveness) -> DecisionMap[Slack | None]:
    """Return what is forgiven where a packet of `direction` can exist, None where it cannot."""
    return _possible(flat, direction).along(direction).combine(forgiven.slack.along(direction), _where_possible)


def _where_possible(possible: bool, slack: Slack) -> Slack | None:
    return slack if possible else None


def _parameters(source: Observed, target: Observed) -> tuple[str, ...]:
    asked = source.protection
    given = [one.protection for one in target.alternatives if one.protection is not None]
    return () if asked is None else tuple(dict.fromkeys(n for one in given for n in disagreements(asked, one)))


def _directions(flat: FlatPolicy, targets: Iterable[ReadTarget]) -> Iterator[Direction]:
    """Yield the directions to compare; forwarding only where the targets can tell it from what the host sends."""
    yield Direction.OUT
    yield Direction.IN
    if _forwarding_matters(flat, targets):
        yield Direction.FORWARD


def _forwarding_matters(flat: FlatPolicy, targets: Iterable[ReadTarget]) -> bool:
    return bool(flat.site.addresses) or all(t.name == "nftables" for t in targets)


def _possible(flat: FlatPolicy, direction: Direction) -> DecisionMap[bool]:
    """Return which packets of `direction` can exist.

    No source is a multicast or broadcast address (RFC 1122 3.2.1.3). With this host's addresses known what goes out
    has one of them, and goes to another host's: what a host sends to itself stays on loopback. What comes in has one of
    them or a group address, and what is forwarded has none at either end.
    IKE and what it negotiates are unicast (RFC 2409 3), so none of that goes to a group.
    """
    groups = (MULTICAST, LIMITED_BROADCAST, *flat.site.broadcasts)
    never = [(b, False) for group in groups for b in _ike_to(group, direction)]
    ever = [(b, True) for b in _existing(flat, direction, groups)]
    return DecisionMap.from_layers([*never, *ever], default=False)


def _ike_to(group: AddressRange, direction: Direction) -> Iterator[Box]:
    anyone = AddressRange.whole(group.family)
    ends = (group, anyone) if direction is Direction.IN else (anyone, group)
    for protocol in (ESP, AH):
        yield box(direction, *ends, protocol)
    for port in ISAKMP_PORTS:
        yield box(direction, *ends, UDP, local_port=port)


def _existing(flat: FlatPolicy, direction: Direction, groups: tuple[AddressRange, ...]) -> Iterator[Box]:
    for family in Family:
        own = tuple(a for a in flat.site.addresses if a.family is family)
        group = tuple(g for g in groups if g.family is family)
        others = _outside(group, family)
        if direction is Direction.FORWARD:
            sources, destinations = _outside((*own, *group), family), _outside(own, family)
            yield from (box(direction, source, destination) for source in sources for destination in destinations)
            continue
        locals_ = own if flat.site.addresses else others
        if direction is Direction.OUT:
            yield from (box(direction, address, remote) for address in locals_ for remote in _outside(own, family))
        else:
            yield from (box(direction, address, source) for address in (*locals_, *group) for source in others)


def _outside(taken: Iterable[AddressRange], family: Family) -> tuple[AddressRange, ...]:
    """Return the ranges of `family` that hold no address of `taken`."""
    return tuple(_between(taken, AddressRange.whole(family)))


def _between(taken: Iterable[AddressRange], everything: AddressRange) -> Iterator[AddressRange]:
    first = everything.first
    for address in sorted(taken, key=lambda a: a.first):
        if first < address.first:
            yield AddressRange(everything.family, first, address.first - 1)
        first = max(first, address.last + 1)
    if first <= everything.last:
        yield AddressRange(everything.family, first, everything.last)


def _assumptions(flat: FlatPolicy, targets: Sequence[ReadTarget]) -> tuple[str, ...]:
    found = [*flat.assumptions, *(a for t in targets for a in t.assumptions)]
    if not _forwarding_matters(flat, targets):
        found.append("this host forwards no packets (its addresses are not known)")
    if flat.default_response is not None:
        found.append(
            "no peer negotiates under the default response rule; packets that one would protect are not compared"
        )
    return tuple(dict.fromkeys(found))
