"""Messages and the datagrams that carry them: one each, or in fragments if both ends announced that."""

from __future__ import annotations

from typing import Final

from ipsecmig.ike import fragments
from ipsecmig.ike.wire.fragment import Fragment
from ipsecmig.ike.wire.message import Message, SealedMessage, encode_message

_NO_FRAGMENTS: Final = fragments.Reassembly()


class Framing:
    """What one end of a negotiation knows of fragments."""

    __slots__ = ("_messages_split", "_reassembly", "peer_takes_fragments")

    def __init__(self) -> None:
        self.peer_takes_fragments = False
        self._messages_split = 0
        self._reassembly = _NO_FRAGMENTS

    def accept(self, fragment: Fragment, now: float) -> bytes | None:
        """Return the octets of the message that the fragment completes, None if it does not. Raises Malformed."""
        self._reassembly, whole = self._reassembly.accept(fragment, now)
        return whole

    def datagrams(self, message: Message | SealedMessage) -> tuple[bytes, ...]:
        """Return the message, in fragments if it is large and the peer takes them."""
        datagram = encode_message(message)
        small = len(datagram) <= fragments.WHOLE_OCTETS
        if small or not self.peer_takes_fragments or not fragments.divisible(message):
            return (datagram,)
        self._messages_split = self._messages_split % 0xFFFF + 1
        return fragments.split(datagram, self._messages_split)
