"""What all payloads share: the generic header of RFC 2408 section 3.2, and the chain that it links."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from struct import Struct
from typing import Final, Protocol, TypeVar

from ipsecmig.ike.errors import Malformed
from ipsecmig.ike.wire.cursor import Cursor

T = TypeVar("T")

GENERIC_HEADER: Final = 4
"""The octets of a generic header: next payload 1, reserved 1, length 2 (these four included)."""


_LAYOUT: Final = Struct("!BBH")


class Payload(Protocol):
    """A payload: its type, and its body without the generic header."""

    @property
    def number(self) -> int:
        """The payload type."""

    def encode(self) -> bytes:
        """Return the body. Raises OverflowError if a field does not fit its width."""


def decode_chain(
    cursor: Cursor, first: int, limit: int, body_of: Callable[[int, Cursor], Callable[[Cursor], T]]
) -> tuple[T, ...]:
    """Return the payloads of a chain whose first has type `first`; reading stops behind the last.

    `body_of` returns the decoder for a payload type, or raises Malformed at the cursor if the chain may not hold one.
    Raises Malformed also for more than `limit` payloads.
    """
    found: list[T] = []
    number = first
    while number:  # 0 is no payload
        if len(found) == limit:
            raise Malformed(cursor.offset, f"at most {limit} payloads in a chain")
        decode = body_of(number, cursor)
        number, reserved, length = cursor.numbers(_LAYOUT, "a payload header")
        if reserved:
            raise Malformed(cursor.offset - 3, "1 reserved octets that are zero")
        if length < GENERIC_HEADER:
            raise Malformed(cursor.offset - 2, f"a payload length of at least {GENERIC_HEADER}, not {length}")
        found.append(cursor.block(length - GENERIC_HEADER, "the payload", decode))
    return tuple(found)


def encode_chain(payloads: Iterable[Payload]) -> tuple[int, bytes]:
    """Return the type of the first payload (0 for none) and the bytes of all. Raises OverflowError like `encode`."""
    following, parts = 0, list[bytes]()
    for payload in reversed(tuple(payloads)):
        body = payload.encode()
        parts += (body, _header(following, body))
        following = payload.number
    return following, b"".join(reversed(parts))


def _header(following: int, body: bytes) -> bytes:
    return b"%c\0%b" % (following, (GENERIC_HEADER + len(body)).to_bytes(2, "big"))


def encode_before(payload: Payload, following: int, chain: bytes) -> bytes:
    """Return the bytes of a payload and the chain behind it, which begins with type `following`. Raises likewise."""
    body = payload.encode()
    return _header(following, body) + body + chain
