"""What a reader of target configurations gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ipsecmig.diagnostics import Origin
from ipsecmig.model.decision import DecisionMap
from ipsecmig.model.policy import NotUnderstood
from ipsecmig.model.space import Packet
from ipsecmig.verify.observed import Observed


@dataclass(frozen=True, slots=True)
class Responsible:
    """The line of a configuration that decides about a packet; `text` is the line, shortened, without secrets."""

    origin: Origin
    text: str


@dataclass(frozen=True, slots=True)
class ReadTarget:
    """One target's configuration as a decision map.

    `responsible` names the line that decides about a packet, or None where a default does. `not_understood` makes
    every answer undecided; `assumptions` are said with every answer.
    """

    name: str
    map: DecisionMap[Observed]
    responsible: Callable[[Packet], Responsible | None]
    not_understood: tuple[NotUnderstood, ...] = ()
    assumptions: tuple[str, ...] = ()
