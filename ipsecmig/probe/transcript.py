"""What passed between the two ends, message by message, and the same as packets for a capture file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ipsecmig.ike.exchange import Secured
from ipsecmig.probe.packets import udp_packet
from ipsecmig.probe.tap import Overheard, Tap
from ipsecmig.udp import Datagram, ike_message

MAX_ENTRIES: Final = 200
"""How many messages are kept. A probe has about ten; what comes on top is a flood."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A message: when it passed in seconds since the start, who sent it, and its length in octets.

    `question` marks what was asked, and answered, after the handshake was refused.
    """

    at: float
    sent: bool
    octets: int
    heard: Overheard
    question: bool = False


class OnWire(NamedTuple):
    """An IP packet, whose headers may be written anew, and when it passed, in seconds since 1970."""

    at: float
    packet: bytes


@dataclass(slots=True)
class Transcript:
    """Takes down what passes. `began` and `clock_at_start` are the two clocks at the start."""

    began: float
    clock_at_start: float
    entries: list[Entry] = field(default_factory=list)
    on_wire: list[OnWire] = field(default_factory=list)
    _tap: Tap = field(default_factory=Tap)

    def take(
        self,
        seen: Datagram,
        on_wire: Datagram,
        secured: Secured | None,
        now: float,
        *,
        sent: bool,
        question: bool = False,
    ) -> Overheard | None:
        """Take down a datagram, as the engine sees it and as it is on the wire; None for what is no IKE message."""
        self.note(udp_packet(on_wire), now)
        message = ike_message(seen) if not sent else ike_message(_turned(seen))
        if message is None or len(self.entries) >= MAX_ENTRIES:
            return None
        heard = self._tap.hear(message, secured, now)
        self.entries.append(Entry(now - self.began, sent, len(message), heard, question))
        return heard

    def note(self, packet: bytes, now: float) -> None:
        """Take down an IP packet for the capture alone."""
        if len(self.on_wire) < MAX_ENTRIES:
            self.on_wire.append(OnWire(self.clock_at_start + now - self.began, packet))

    def heard(self, *, sent: bool, question: bool = False) -> list[Overheard]:
        """Return the messages of one end, in order."""
        return [entry.heard for entry in self.entries if (entry.sent, entry.question) == (sent, question)]


def _turned(datagram: Datagram) -> Datagram:
    """Return a datagram that is sent as one received: the port of this host tells whether the marker is in it."""
    return Datagram(datagram.data, datagram.destination, datagram.source)
