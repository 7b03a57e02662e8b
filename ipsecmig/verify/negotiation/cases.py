"""From regions to cases: regions whose negotiation would go the same way are one case, and run once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

from ipsecmig.model.decision import DecisionMap
from ipsecmig.model.flatten import FlatPolicy
from ipsecmig.model.selectors import AddressRange, Family
from ipsecmig.model.space import Box, Direction, box
from ipsecmig.model.treatment import Mode, Protect
from ipsecmig.verify.negotiation.clear import Worlds
from ipsecmig.verify.negotiation.regions import Contested, Region, without_sense
from ipsecmig.verify.negotiation.result import Place
from ipsecmig.verify.negotiation.traffic import Selector, selector_for
from ipsecmig.verify.observed import Observed, Protection
from ipsecmig.verify.target import ReadTarget


@dataclass(frozen=True, slots=True)
class Case:
    """Regions that are alike; `region` is the first of them, and run for all.

    `observed` is what the target makes of its packets. A selector is None where IKEv1 cannot say it, or nothing
    selects. `own_unknown` says that a tunnel's end depends on this host's address, which is not known.
    """

    region: Region
    places: tuple[Place, ...]
    observed: Observed
    policy_selector: Selector | None
    target_selector: Selector | None
    own_unknown: bool

    @property
    def protection(self) -> Protection | None:
        """What protects its packets under the target."""
        return self.observed.protection


def cases(flat: FlatPolicy, found: Iterable[Region], speaker: ReadTarget, worlds: Worlds) -> tuple[Case, ...]:
    """Return the cases of the regions in their order, as `speaker`, the target that negotiates, meets them."""
    observing, selecting = cache(speaker.observed), cache(speaker.selecting or _selecting_nothing)
    plain: dict[int, Protect] = {}
    alike: dict[object, list[Case]] = {}
    for region in found:
        packet = region.witness
        direction, mode = Direction(packet.direction), region.protect.mode
        observed = _without_sense(observing(direction).at(packet))
        selected = selecting(direction).at(packet)
        mine = selector_for(region.box, packet, mode)
        theirs = None if selected is None else selector_for(selected, packet, _mode(observed, mode))
        case = Case(region, (place_of(region),), observed, mine, theirs, _own_unknown(flat, region))
        protect = plain.setdefault(id(region.protect), without_sense(region.protect))
        family = packet.family
        relation = (family, case.own_unknown) if mine == theirs and mine is not None else (mine, theirs)
        key = (protect, observed, relation, worlds.passes_clear(packet), packet.direction)
        alike.setdefault(key, []).append(case)
    return tuple(replace(same[0], places=tuple(case.places[0] for case in same)) for same in alike.values())


def _selecting_nothing(_: Direction) -> DecisionMap[Box | None]:
    return DecisionMap[Box | None].from_layers((), None)


def place_of(one: Region | Contested) -> Place:
    """Return where a region is, for people."""
    specific = one.filter
    witness = one.witness if isinstance(one, Region) else None
    return Place(specific.rule.name, specific.filter_list.name, specific.filter.origin, one.box, witness)


def place_of_default_response(flat: FlatPolicy) -> Place | None:
    """Return where the default response rule answers, for people; None where the host has none that answers."""
    rule = flat.policy.default_response
    if rule is None or flat.default_response is None:
        return None
    everything = AddressRange.whole(Family.IPV4)
    return Place("default response rule", None, rule.origin, box(Direction.OUT, everything, everything), None)


def _without_sense(observed: Observed) -> Observed:
    if observed.protection is None or observed.protection.sense is None:
        return observed
    return replace(observed, protection=replace(observed.protection, sense=None))


def _mode(observed: Observed, otherwise: Mode) -> Mode:
    return otherwise if observed.protection is None else observed.protection.mode or otherwise


def _own_unknown(flat: FlatPolicy, region: Region) -> bool:
    mine = region.filter.source.me or region.filter.destination.me
    return mine and region.protect.mode is Mode.TUNNEL and not flat.site.addresses
