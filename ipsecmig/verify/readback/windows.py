"""A Windows policy as a target: what another policy is compared with, and how an emitted netsh script is read back."""

from __future__ import annotations

from itertools import chain

from ipsecmig.model.conflicts import decision_map
from ipsecmig.model.decision import DecisionMap
from ipsecmig.model.explanation import explain
from ipsecmig.model.flatten import FlatPolicy
from ipsecmig.model.space import Box, Direction, Packet
from ipsecmig.verify.observed import Observed, possible
from ipsecmig.verify.target import ReadTarget, Responsible


def read_policy(flat: FlatPolicy) -> ReadTarget:
    """Return what packets meet under `flat`, as a target."""
    treatments = decision_map(flat)

    def observed(direction: Direction) -> DecisionMap[Observed]:
        """Return what becomes of packets, of those in conflict everything that may."""
        return treatments.along(direction).map(lambda treatment: possible(treatment, direction))

    def responsible(packet: Packet) -> Responsible | None:
        deciding = explain(flat, packet).deciding
        if not deciding:
            return None
        texts = (f'rule "{one.rule.name}", filter list "{one.filter_list.name}"' for one in deciding)
        return Responsible(deciding[0].filter.origin, ", in conflict with ".join(dict.fromkeys(texts)))

    def selecting(direction: Direction) -> DecisionMap[Box | None]:
        exempt = ((box, None) for exemption in flat.exemptions for box in exemption.boxes)
        selected = ((box, box) for specific in flat.filters for box in specific.boxes)
        layers = ((box, leaf) for box, leaf in chain(exempt, selected) if box.direction[0] == direction)
        return DecisionMap[Box | None].from_layers(layers, None)

    return ReadTarget("netsh", observed, responsible, flat.not_understood, flat.assumptions, selecting)
