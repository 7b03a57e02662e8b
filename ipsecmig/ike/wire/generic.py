"""What all payloads share: the generic header of RFC 2408 section 3.2, and the chain that it links."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Protocol

from ipsecmig.ike.wire.cursor import GENERIC_HEADER, GENERIC_LAYOUT


class Payload(Protocol):
    """A payload: its type, and its body without the generic header."""

    @property
    def number(self) -> int:
        """The payload type."""

    def encode(self) -> bytes:
        """Return the body. Raises OverflowError if a field does not fit its width."""


def length_of_first(chain: bytes) -> int:
    """Return the octets of the first payload of a chain that was decoded, its generic header included."""
    return int.from_bytes(chain[2:4], "big")


def encode_chain(payloads: Sequence[Payload], following: int = 0, chain: bytes = b"") -> tuple[int, bytes]:
    """Return the type of the first payload (0 for none) and the bytes of all.

    `chain` are payloads already encoded that stand behind these, the first of type `following`. Raises OverflowError
    like `encode`.
    """
    pack = GENERIC_LAYOUT.pack
    for payload in reversed(payloads):
        body = payload.encode()
        try:
            chain = pack(following, 0, len(body) + GENERIC_HEADER) + body + chain
        except struct.error as error:
            raise OverflowError(f"a payload of {len(body)} octets before one of type {following}: {error}") from None
        following = payload.number
    return following, chain
