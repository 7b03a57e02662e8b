"""What all payloads share: the generic header of RFC 2408 section 3.2, and the chain that it links."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from ipsecmig.ike.errors import Malformed
from ipsecmig.ike.wire.cursor import GENERIC_HEADER, GENERIC_LAYOUT, Cursor

T = TypeVar("T")


class Payload(Protocol):
    """A payload: its type, and its body without the generic header."""

    @property
    def number(self) -> int:
        """The payload type."""

    def encode(self) -> bytes:
        """Return the body. Raises OverflowError if a field does not fit its width."""


def decode_chain(
    cursor: Cursor,
    first: int,
    limit: int,
    decoders: Mapping[int, Callable[[Cursor], T]],
    other: Callable[[int, Cursor], Callable[[Cursor], T]],
) -> tuple[T, ...]:
    """Return the payloads of a chain whose first has type `first`; reading stops behind the last.

    `decoders` are those of known payload types; for a further one `other` returns the decoder, or raises Malformed at
    the cursor if the chain may not hold one. Raises Malformed also for more than `limit` payloads.
    """
    found: list[T] = []
    number = first
    while number:  # 0 is no payload
        if len(found) == limit:
            raise Malformed(cursor.offset, f"at most {limit} payloads in a chain")
        number, payload = cursor.payload(decoders.get(number) or other(number, cursor))
        found.append(payload)
    return tuple(found)


def length_of_first(chain: bytes) -> int:
    """Return the octets of the first payload of a chain that was decoded, its generic header included."""
    return int.from_bytes(chain[2:4], "big")


def encode_chain(payloads: Sequence[Payload], following: int = 0, chain: bytes = b"") -> tuple[int, bytes]:
    """Return the type of the first payload (0 for none) and the bytes of all.

    `chain` are payloads already encoded that stand behind these, the first of type `following`. Raises OverflowError
    like `encode`.
    """
    for payload in reversed(payloads):
        body = payload.encode()
        try:
            chain = GENERIC_LAYOUT.pack(following, 0, GENERIC_HEADER + len(body)) + body + chain
        except struct.error as error:
            raise OverflowError(f"a payload of {len(body)} octets before one of type {following}: {error}") from None
        following = payload.number
    return following, chain
