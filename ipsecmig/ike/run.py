"""One exchange under way: where it stands in its table, and what it may have to send again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ipsecmig.ike.states import FINAL, Cause, State, Table
from ipsecmig.ike.wire.message import Message, SealedMessage
from ipsecmig.udp import Path

MAIN: Final = 0
"""The message ID of phase 1."""

TIMEOUTS: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""How many seconds are waited before each retransmission, and at last before giving up."""


class Arrived(NamedTuple):
    """A message, the octets that it was decoded from, and the way back to where they came from."""

    message: Message | SealedMessage
    octets: bytes
    path: Path


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

    def enter(self, state: State, now: float) -> None:
        """Go into a state and wait there, unless it is a final one."""
        self.state = state
        self.deadline = None if state in FINAL else now + TIMEOUTS[self.attempt]

    def due(self, now: float) -> Cause | None:
        """Return what the time causes; None if it is not time yet."""
        if self.deadline is None or self.deadline > now:
            return None
        return Cause.TIMER if self.attempt + 1 < len(TIMEOUTS) else Cause.EXHAUSTED

    def waits(self) -> bool:
        """Tell whether it has begun and not ended."""
        return self.state is not State.IDLE and self.state not in FINAL
