"""A Windows policy as a target: what another policy is compared with, and how an emitted netsh script is read back."""

from __future__ import annotations

from functools import reduce

from ipsecmig.model.conflicts import decision_map
from ipsecmig.model.decision import DecisionMap
from ipsecmig.model.explanation import explain
from ipsecmig.model.flatten import FlatPolicy
from ipsecmig.model.selectors import AddressRange, Family
from ipsecmig.model.space import Box, Direction, Packet, box
from ipsecmig.model.treatment import PERMIT
from ipsecmig.verify.observed import Observed, compose, expected
from ipsecmig.verify.target import ReadTarget, Responsible


def read_policy(flat: FlatPolicy) -> ReadTarget:
    """Return what packets meet under `flat`, as a target."""
    treatments = decision_map(flat)

    def observed(direction: Direction) -> DecisionMap[Observed]:
        here = treatments.restrict(_everything(direction), PERMIT)
        return here.map(lambda treatment: expected(treatment, direction))

    total = reduce(lambda first, second: first.combine(second, compose), map(observed, Direction))

    def responsible(packet: Packet) -> Responsible | None:
        deciding = explain(flat, packet).deciding
        if not deciding:
            return None
        decisive = deciding[0]
        text = f'rule "{decisive.rule.name}", filter list "{decisive.filter_list.name}"'
        return Responsible(decisive.filter.origin, text)

    return ReadTarget("netsh", total, responsible, flat.not_understood, flat.assumptions)


def _everything(direction: Direction) -> list[Box]:
    return [box(direction, AddressRange.whole(f), AddressRange.whole(f)) for f in Family]
