"""A Windows policy as a target: what another policy is compared with, and how an emitted netsh script is read back."""

from __future__ import annotations

from dataclasses import replace

from ipsecmig.model.conflicts import decision_map
from ipsecmig.model.decision import DecisionMap
from ipsecmig.model.explanation import explain
from ipsecmig.model.flatten import FlatPolicy
from ipsecmig.model.space import Direction, Packet
from ipsecmig.verify.observed import Observed, Slack, expected
from ipsecmig.verify.target import ReadTarget, Responsible


def read_policy(flat: FlatPolicy) -> ReadTarget:
    """Return what packets meet under `flat`, as a target."""
    treatments = decision_map(flat)

    def observed(direction: Direction) -> DecisionMap[Observed]:
        """Return what becomes of packets; no slack for a target's conflicts, which would forgive what it does."""
        return treatments.along(direction).map(lambda t: replace(expected(t, direction), slack=Slack.NONE))

    def responsible(packet: Packet) -> Responsible | None:
        deciding = explain(flat, packet).deciding
        if not deciding:
            return None
        decisive = deciding[0]
        text = f'rule "{decisive.rule.name}", filter list "{decisive.filter_list.name}"'
        return Responsible(decisive.filter.origin, text)

    return ReadTarget("netsh", observed, responsible, flat.not_understood, flat.assumptions)
