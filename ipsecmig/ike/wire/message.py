"""The header, and whole messages (RFC 2408 section 3.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from struct import Struct
from typing import Final, NamedTuple

from ipsecmig.ike.errors import Malformed
from ipsecmig.ike.wire.cursor import Cursor
from ipsecmig.ike.wire.generic import Payload
from ipsecmig.ike.wire.numbers import VERSION, Flag
from ipsecmig.ike.wire.payloads import decode_payloads, encode_payloads

HEADER: Final = 28
"""The octets of the header."""

COOKIE: Final = 8
NO_COOKIE: Final = bytes(COOKIE)
"""The responder's cookie in the first message."""

_MAJOR: Final = 0xF0
_BEHIND_COOKIES: Final = Struct("!BBBBII")
_ENCRYPTED: Final = int(Flag.ENCRYPTED)


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


@dataclass(frozen=True, slots=True)
class Message:
    """A message in the clear."""

    header: Header
    payloads: tuple[Payload, ...]


@dataclass(frozen=True, slots=True)
class SealedMessage:
    """An encrypted message: `first` is the type of the first payload in the ciphertext."""

    header: Header
    first: int
    ciphertext: bytes = field(repr=False)


def decode_message(datagram: bytes) -> Message | SealedMessage:
    """Return the message that fills the datagram (without the non-ESP marker of port 4500).

    Raises Malformed, also for another major version and for a length that is not the datagram's.
    """
    cursor = Cursor(datagram)
    header, first = _decode_header(cursor)
    if header.flags & _ENCRYPTED:
        return SealedMessage(header, first, cursor.rest())
    payloads = decode_payloads(cursor, first)
    cursor.finish("the message")
    return Message(header, payloads)


def _decode_header(cursor: Cursor) -> tuple[Header, int]:
    """Return the header and the type of the first payload."""
    available = cursor.remaining
    initiator_cookie = cursor.octets(COOKIE, "the initiator's cookie")
    responder_cookie = cursor.octets(COOKIE, "the responder's cookie")
    first, version, exchange, flags, message_id, length = cursor.numbers(_BEHIND_COOKIES, "the header")
    if version & _MAJOR != VERSION & _MAJOR:
        raise Malformed(cursor.offset - 11, f"major version 1, not {version >> 4}")
    if length != available:
        raise Malformed(cursor.offset - 4, f"{available}, the length of the datagram, not {length}")
    return Header(initiator_cookie, responder_cookie, exchange, flags, message_id, version), first


def encode_message(message: Message | SealedMessage) -> bytes:
    """Return the datagram.

    Raises ValueError when the encrypted flag does not suit the message or a cookie has not 8 octets, OverflowError
    or ValueError when a field does not fit.
    """
    header = message.header
    if bool(header.flags & _ENCRYPTED) is not isinstance(message, SealedMessage):
        raise ValueError("the encrypted flag belongs to sealed messages, and only to them")
    if isinstance(message, SealedMessage):
        return _encode_header(header, message.first, len(message.ciphertext)) + message.ciphertext
    first, body = encode_payloads(message.payloads)
    return _encode_header(header, first, len(body)) + body


def _encode_header(header: Header, first: int, body: int) -> bytes:
    if len(header.initiator_cookie) != COOKIE or len(header.responder_cookie) != COOKIE:
        raise ValueError("a cookie has 8 octets")
    fixed = bytes((first, header.version, header.exchange, header.flags))
    numbers = header.message_id.to_bytes(4, "big") + (HEADER + body).to_bytes(4, "big")
    return header.initiator_cookie + header.responder_cookie + fixed + numbers
