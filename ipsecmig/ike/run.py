"""One exchange under way: where it stands in its table, and what it may have to send again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ipsecmig.ike.states import FINAL, QUICK_MODE, Cause, State, Table
from ipsecmig.ike.wire.message import Message, SealedMessage
from ipsecmig.ike.wire.numbers import Exchange
from ipsecmig.udp import Path

MAIN: Final = 0
"""The message ID of phase 1."""

_QUICK: Final = int(Exchange.QUICK)
_INFORMATIONAL: Final = int(Exchange.INFORMATIONAL)

MAX_EXCHANGES: Final = 16
"""How many exchanges after main mode are remembered; the oldest of those that wait for nothing goes first."""

TIMEOUTS: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""How many seconds are waited before each retransmission, and at last before giving up."""


class Arrived(NamedTuple):
    """A message, the octets that it was decoded from, and the way back to where they came from."""

    message: Message | SealedMessage
    octets: bytes
    path: Path


DELETE_TIMEOUTS: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 16.0, 16.0)
"""The same for a delete that waits for its acknowledgement ([MS-IKEE] 3.8)."""


@dataclass(slots=True)
class Run:
    """A run through one of the tables; `context` is what its last step left for the next one."""

    message_id: int
    table: Table
    path: Path
    state: State = State.IDLE
    context: object = field(default=None, repr=False)
    received: bytes = b""
    sent: tuple[bytes, ...] = ()
    attempt: int = 0
    deadline: float | None = None
    timeouts: tuple[float, ...] = TIMEOUTS

    @property
    def key(self) -> tuple[int, int]:
        """What messages of this run are known by: exchange type and message ID."""
        return _QUICK if self.table is QUICK_MODE else _INFORMATIONAL, self.message_id

    def enter(self, state: State, now: float) -> None:
        """Go into a state and wait there, unless it is a final one."""
        self.state = state
        self.deadline = None if state in FINAL else now + self.timeouts[self.attempt]

    def due(self, now: float) -> Cause | None:
        """Return what the time causes; None if it is not time yet."""
        if self.deadline is None or self.deadline > now:
            return None
        return Cause.TIMER if self.attempt + 1 < len(self.timeouts) else Cause.EXHAUSTED

    def waits(self) -> bool:
        """Tell whether it has begun and not ended."""
        return self.state is not State.IDLE and self.state not in FINAL


class Runs:
    """Main mode, and the exchanges after it for as long as they are remembered."""

    __slots__ = ("_later", "main")

    def __init__(self, main: Run) -> None:
        self.main = main
        self._later: dict[tuple[int, int], Run] = {}

    def __iter__(self) -> Iterator[Run]:
        return iter((self.main, *self._later.values()))

    def find(self, exchange: int, message_id: int) -> Run | None:
        """Return the run that a message after main mode belongs to, None if it begins one."""
        return self._later.get((exchange, message_id))

    def remember(self, one: Run) -> None:
        """Keep a run of after main mode, if need be instead of an old one."""
        self._later[one.key] = one
        if len(self._later) > MAX_EXCHANGES:
            del self._later[min(self._later, key=lambda key: self._later[key].waits())]

    def deadline(self) -> float | None:
        """Return when the first of them waits no longer, None if none waits."""
        return min((one.deadline for one in self if one.deadline is not None), default=None)

    def waiting(self, *tables: Table) -> tuple[Run, ...]:
        """Return the runs through these tables that wait for the peer."""
        return tuple(one for one in self if one.waits() and one.table in tables)
