"""Dead peer detection (RFC 3706): what R-U-THERE and its answer hold, and which sequence numbers count."""

from __future__ import annotations

from typing import Final

from ipsecmig.ike.errors import Malformed
from ipsecmig.ike.keymat import Cookies
from ipsecmig.ike.wire.message import HEADER
from ipsecmig.ike.wire.notification import Notify
from ipsecmig.ike.wire.numbers import DOI_IPSEC, NotifyNumber, Protocol

SEQUENCE_OCTETS: Final = 4
WINDOW: Final = 16
"""How far the peer's sequence number may have gone on since its last question that arrived (section 6.1)."""

_MODULUS: Final = 1 << 32


def question(cookies: Cookies, sequence: int) -> Notify:
    """Return R-U-THERE."""
    return _notify(NotifyNumber.R_U_THERE, cookies, sequence)


def answer(cookies: Cookies, sequence: int) -> Notify:
    """Return R-U-THERE-ACK, which repeats the sequence number of the question."""
    return _notify(NotifyNumber.R_U_THERE_ACK, cookies, sequence)


def _notify(kind: int, cookies: Cookies, sequence: int) -> Notify:
    data = sequence.to_bytes(SEQUENCE_OCTETS, "big")
    return Notify(DOI_IPSEC, Protocol.ISAKMP, kind, cookies.initiator + cookies.responder, data)


def first_sequence(random: bytes) -> int:
    """Return the number to begin with: random, its highest bit clear lest it overflow soon (section 6.1)."""
    return int.from_bytes(random[:SEQUENCE_OCTETS], "big") & 0x7FFFFFFF


def following(sequence: int) -> int:
    """Return the number of the next question."""
    return (sequence + 1) % _MODULUS


def sequence_of(notify: Notify, cookies: Cookies) -> int:
    """Return the sequence number. Raises Malformed unless it is one, about the SA of these cookies (section 5.4)."""
    if notify.spi != cookies.initiator + cookies.responder or len(notify.data) != SEQUENCE_OCTETS:
        raise Malformed(HEADER, "a sequence number, and the cookies of this negotiation as SPI")
    return int.from_bytes(notify.data, "big")


def is_fresh(sequence: int, last: int | None) -> bool:
    """Tell whether a question with this number deserves an answer: the last one again, or one of those behind it."""
    return last is None or (sequence - last) % _MODULUS <= WINDOW
