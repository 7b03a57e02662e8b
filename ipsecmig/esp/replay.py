"""What an association remembers: the replay window, and how much it has carried."""

from __future__ import annotations

from typing import Final

from ipsecmig.esp.errors import PacketRejected, Reason

WINDOW: Final = 64
"""The preferred size (RFC 2406 section 3.4.3), and that of Windows."""

_MASK: Final = (1 << WINDOW) - 1

LAST_SEQUENCE: Final = 0xFFFFFFFF


class ReplayWindow:
    """The sequence numbers received of late: a bit for each of the `WINDOW` numbers up to the highest.

    RFC 4303 section 3.4.3. Numbers start at 1; 0 is never sent.
    """

    __slots__ = ("_highest", "_seen")

    def __init__(self) -> None:
        self._highest = 0
        self._seen = 1  # bit i stands for highest - i, so that 0 counts as received

    def refuses(self, sequence: int) -> bool:
        """Whether the number was recorded before or is too old to know."""
        behind = self._highest - sequence
        return behind >= 0 and (behind >= WINDOW or bool(self._seen >> behind & 1))

    def record(self, sequence: int) -> None:
        """Mark the number as received. Only that of an authentic packet may be recorded, or anybody moves the window.

        The number must not be refused.
        """
        ahead = sequence - self._highest
        if ahead > 0:
            self._highest = sequence
            self._seen = 1 if ahead >= WINDOW else (self._seen << ahead | 1) & _MASK
        else:
            self._seen |= 1 << -ahead


class Usage:
    """Packets and octets that an association has carried, and the hard limit on the octets.

    Octets are those that the algorithm was applied to, padding included (RFC 2401 section 4.4.3).
    """

    __slots__ = ("_limit", "octets", "packets")

    def __init__(self, limit: int | None) -> None:
        self.packets = 0
        self.octets = 0
        self._limit = limit

    def count(self, octets: int) -> None:
        """Count a packet. Raises PacketRejected, and counts nothing, when that would pass the limit."""
        total = self.octets + octets
        if self._limit is not None and total > self._limit:
            raise PacketRejected(Reason.LIFETIME_EXCEEDED, f"{total} octets of {self._limit}")
        self.octets = total
        self.packets += 1


class SequenceCounter:
    """The number of the last packet sent; an association must not let it return to 0 (RFC 2406 section 3.3.3)."""

    __slots__ = ("last",)

    def __init__(self, last: int = 0) -> None:
        self.last = last

    def following(self) -> int:
        """Return the number that the next packet has, without using it. Raises PacketRejected when there is none."""
        if self.last >= LAST_SEQUENCE:
            raise PacketRejected(Reason.SEQUENCE_OVERFLOW)
        return self.last + 1
