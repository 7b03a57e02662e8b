"""Fragmentation of messages by Microsoft and Cisco ([MS-IKEE] 2.2.3 and 3.3).

The fragments of a message, header included, travel each in a clear message of its own. Nothing authenticates them:
what was put together is as little trusted as any datagram.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from ipsecmig.ike.errors import Malformed
from ipsecmig.ike.wire.fragment import Fragment
from ipsecmig.ike.wire.message import HEADER, Message, SealedMessage, decode_message, encode_message
from ipsecmig.ike.wire.numbers import Exchange, Flag
from ipsecmig.udp import NON_ESP_MARKER

_IP_AND_UDP: Final = 20 + 8
_FRAGMENT_HEADERS: Final = 4 + 4

WHOLE_OCTETS: Final = 576 - _IP_AND_UDP - len(NON_ESP_MARKER)
"""The octets of the largest message that fits an IPv4 packet of 576 octets."""

DATA_OCTETS: Final = WHOLE_OCTETS - HEADER - _FRAGMENT_HEADERS
"""How much of a message fits a fragment in such a packet."""

MAX_MESSAGE: Final = 65_535
"""The octets of the largest message that is put together: what a UDP datagram could hold at most."""

LIFETIME: Final = 70.0
"""The seconds for which an incomplete message is kept."""


def divisible(message: Message | SealedMessage) -> bool:
    """Tell whether the message is one of those that are sent in fragments when large: those with an identification.

    They are the encrypted messages of main mode and of quick mode; the third of quick mode, without, is always small.
    """
    return isinstance(message, SealedMessage) and message.header.exchange in (Exchange.MAIN, Exchange.QUICK)


def fragment_in(message: Message | SealedMessage) -> Fragment | None:
    """Return the fragment that the message carries, None if it is a whole one. Fragments travel alone."""
    payloads = message.payloads if isinstance(message, Message) else ()
    return payloads[0] if len(payloads) == 1 and isinstance(payloads[0], Fragment) else None


def split(datagram: bytes, identifier: int, size: int = DATA_OCTETS) -> tuple[bytes, ...]:
    """Return the datagrams of the fragments, each with up to `size` octets of the message.

    Raises Malformed if the datagram is no message, ValueError if it takes more than 255 fragments, OverflowError if
    the identifier does not fit two octets.
    """
    header = decode_message(datagram).header
    header = header._replace(flags=header.flags & ~Flag.ENCRYPTED)
    starts = range(0, len(datagram), size)
    return tuple(
        encode_message(
            Message(header, (Fragment(identifier, position, start == starts[-1], datagram[start : start + size]),))
        )
        for position, start in enumerate(starts, 1)
    )


@dataclass(frozen=True, slots=True)
class Reassembly:
    """The fragments so far of the one message being put together; `deadline` is in seconds of the caller's clock.

    A peer has one message under way at a time, so a fragment of another message takes the place of all before.
    """

    parts: tuple[Fragment, ...] = ()
    deadline: float = 0.0

    def accept(self, fragment: Fragment, now: float) -> tuple[Reassembly, bytes | None]:
        """Return what is kept, and the message's datagram if the fragment was its last missing one.

        Of fragments with the same number the first counts. Raises Malformed if the message grows too large.
        """
        known = self if self._continued_by(fragment, now) else Reassembly((), now + LIFETIME)
        if any(part.position == fragment.position for part in known.parts):
            return known, None
        parts = (*known.parts, fragment)
        if sum(len(part.data) for part in parts) > MAX_MESSAGE:
            raise Malformed(HEADER, f"fragments of at most {MAX_MESSAGE} octets together")
        datagram = _complete(parts)
        return (replace(known, parts=parts), None) if datagram is None else (Reassembly(), datagram)

    def _continued_by(self, fragment: Fragment, now: float) -> bool:
        return bool(self.parts) and self.parts[0].identifier == fragment.identifier and now < self.deadline


def _complete(parts: tuple[Fragment, ...]) -> bytes | None:
    """Return the concatenated data if the parts run from 1 to one that is the last."""
    ordered = sorted(parts, key=lambda part: part.position)
    if not ordered[-1].last or any(part.last for part in ordered[:-1]) or ordered[-1].position != len(ordered):
        return None
    return b"".join(part.data for part in ordered)
