"""The header, and whole messages (RFC 2408 section 3.1)."""

from __future__ import annotations

import struct
from functools import lru_cache
from struct import Struct
from typing import Final, NamedTuple

from ipsecmig.ike.errors import Malformed
from ipsecmig.ike.wire.cursor import Cursor
from ipsecmig.ike.wire.generic import Payload
from ipsecmig.ike.wire.numbers import VERSION, Flag, PayloadNumber
from ipsecmig.ike.wire.payloads import decode_payloads, encode_payloads

_LAYOUT: Final = Struct("!8s8sBBBBII")
"""Both cookies, type of the first payload, version, exchange type, flags, message ID, length of the message."""

HEADER: Final = _LAYOUT.size
"""The octets of the header: 28."""

COOKIE: Final = 8
NO_COOKIE: Final = bytes(COOKIE)
"""The responder's cookie in the first message."""

_MAJOR: Final = 0xF0
_ENCRYPTED: Final = int(Flag.ENCRYPTED)
_SA: Final = int(PayloadNumber.SA)


class Header(NamedTuple):
    """What stands before the payloads, but for the type of the first one and the length, which follow from them.

    Cookies have 8 octets. `message_id` is 0 in phase 1. `flags` may hold bits without a name.
    """

    initiator_cookie: bytes
    responder_cookie: bytes
    exchange: int
    flags: int = 0
    message_id: int = 0
    version: int = VERSION


class Message(NamedTuple):
    """A message in the clear."""

    header: Header
    payloads: tuple[Payload, ...]


class SealedMessage(NamedTuple):
    """An encrypted message: `first` is the type of the first payload in the ciphertext."""

    header: Header
    first: int
    ciphertext: bytes


def decode_message(datagram: bytes) -> Message | SealedMessage:
    """Return the message that fills the datagram (without the non-ESP marker of port 4500).

    Raises Malformed, also for another major version and for a length that is not the datagram's.
    """
    header, first = _decode_header(datagram)
    if header.flags & _ENCRYPTED:
        return SealedMessage(header, first, datagram[HEADER:])
    if first == _SA and len(datagram) <= _USUAL_OCTETS:
        return Message(header, Cursor(datagram, HEADER).apart(_known_offer))
    return Message(header, _all_payloads(datagram, HEADER, first))


def _all_payloads(octets: bytes, start: int, first: int) -> tuple[Payload, ...]:
    cursor = Cursor(octets, start)
    payloads = decode_payloads(cursor, first)
    cursor.finish("the message")
    return payloads


_USUAL_OCTETS: Final = 1024
"""Longer first messages are rare. Hosts of one policy send the same others, but for the cookies, again and again."""


@lru_cache(maxsize=32)
def _known_offer(body: bytes) -> tuple[Payload, ...]:
    return _all_payloads(body, 0, _SA)


def _decode_header(datagram: bytes) -> tuple[Header, int]:
    """Return the header and the type of the first payload."""
    available = len(datagram)
    if available < HEADER:
        raise Malformed(available, f"{HEADER} octets of the header, not {available}")
    initiator, responder, first, version, exchange, flags, message_id, length = _LAYOUT.unpack_from(datagram)
    if version & _MAJOR != VERSION & _MAJOR:
        raise Malformed(17, f"major version 1, not {version >> 4}")
    if length != available:
        raise Malformed(24, f"{available}, the length of the datagram, not {length}")
    return Header(initiator, responder, exchange, flags, message_id, version), first


def encode_message(message: Message | SealedMessage) -> bytes:
    """Return the datagram.

    Raises ValueError when the encrypted flag does not suit the message or a cookie has not 8 octets, OverflowError
    or ValueError when a field does not fit.
    """
    header = message.header
    if isinstance(message, SealedMessage):
        encrypted, first, body = _ENCRYPTED, message.first, message.ciphertext
    else:
        encrypted, (first, body) = 0, encode_payloads(message.payloads)
    initiator, responder, exchange, flags, message_id, version = header
    if flags & _ENCRYPTED != encrypted:
        raise ValueError("the encrypted flag belongs to sealed messages, and only to them")
    if len(initiator) != COOKIE or len(responder) != COOKIE:
        raise ValueError("a cookie has 8 octets")
    length = HEADER + len(body)
    try:
        return _LAYOUT.pack(initiator, responder, first, version, exchange, flags, message_id, length) + body
    except struct.error as error:
        raise OverflowError(f"a field of the header: {error}") from None
