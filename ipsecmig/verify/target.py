"""What a reader of target configurations gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

from ipsecmig.diagnostics import Origin
from ipsecmig.model.decision import DecisionMap
from ipsecmig.model.policy import NotUnderstood
from ipsecmig.model.space import Box, Direction, Packet, whole_space
from ipsecmig.verify.observed import PASSES, Observed, compose


@dataclass(frozen=True, slots=True)
class Responsible:
    """The line of a configuration that decides about a packet; `text` is the line, shortened, without secrets."""

    origin: Origin
    text: str


@dataclass(frozen=True, slots=True)
class ReadTarget:
    """One target's configuration as decision maps.

    `observed` gives the map to ask about packets of one direction; what it gives others means nothing. It raises
    BudgetExceeded. `responsible` names the line that decides about a packet, or None where a default does.
    `not_understood` makes every answer undecided; `assumptions` are said with every answer. `selecting` gives likewise
    the selector, seen from this host, of what protects packets; it is None for a target that does not negotiate.
    """

    name: str
    observed: Callable[[Direction], DecisionMap[Observed]]
    responsible: Callable[[Packet], Responsible | None]
    not_understood: tuple[NotUnderstood, ...] = ()
    assumptions: tuple[str, ...] = ()
    selecting: Callable[[Direction], DecisionMap[Box | None]] | None = None

    @property
    def map(self) -> DecisionMap[Observed]:
        """What becomes of packets of every direction, as one map; raises BudgetExceeded."""
        return reduce(lambda first, second: first.combine(second, compose), map(self._alone, Direction))

    def _alone(self, direction: Direction) -> DecisionMap[Observed]:
        """Return the map of one direction, in which packets of the others pass."""
        here = (box for box in whole_space() if box.direction[0] == direction)
        return self.observed(direction).restrict(here, PASSES)
