"""Notify and delete (RFC 2408 sections 3.14 and 3.15)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from ipsecmig.ike.errors import Malformed
from ipsecmig.ike.wire.cursor import Cursor
from ipsecmig.ike.wire.numbers import PayloadNumber

MAX_SPIS: Final = 1024
"""How many SPIs one delete may name."""


@dataclass(frozen=True, slots=True)
class Notify:
    """A message about the SA of `spi`; `kind` is a `NotifyNumber` or a number without a name."""

    number: ClassVar[int] = PayloadNumber.NOTIFY

    doi: int
    protocol: int
    kind: int
    spi: bytes
    data: bytes

    @classmethod
    def decode(cls, cursor: Cursor) -> Notify:
        """Return the payload whose body the cursor holds. Raises Malformed."""
        doi = cursor.number(4, "the DOI")
        protocol = cursor.number(1, "the protocol")
        spi_size = cursor.number(1, "the SPI size")
        kind = cursor.number(2, "the notify message type")
        return cls(doi, protocol, kind, cursor.octets(spi_size, "the SPI"), cursor.rest())

    def encode(self) -> bytes:
        """Return the body. Raises OverflowError or ValueError if a field does not fit."""
        head = self.doi.to_bytes(4, "big") + bytes((self.protocol, len(self.spi)))
        return head + self.kind.to_bytes(2, "big") + self.spi + self.data


@dataclass(frozen=True, slots=True)
class Delete:
    """The end of the SAs of `spis`, which are of one length: both cookies (16 octets) for ISAKMP, 4 octets else."""

    number: ClassVar[int] = PayloadNumber.DELETE

    doi: int
    protocol: int
    spis: tuple[bytes, ...]

    @classmethod
    def decode(cls, cursor: Cursor) -> Delete:
        """Return the payload whose body the cursor holds. Raises Malformed, also for no SPI and for empty ones."""
        doi = cursor.number(4, "the DOI")
        protocol = cursor.number(1, "the protocol")
        size = cursor.number(1, "the SPI size")
        start = cursor.offset
        count = cursor.number(2, "the number of SPIs")
        if not size or not 1 <= count <= MAX_SPIS:
            raise Malformed(start, f"1 to {MAX_SPIS} SPIs of at least one octet, not {count} of {size}")
        return cls(doi, protocol, tuple(cursor.octets(size, "an SPI") for _ in range(count)))

    def encode(self) -> bytes:
        """Return the body.

        Raises ValueError unless the SPIs are of one length and at least one, OverflowError if a field does not fit.
        """
        if len(sizes := {len(spi) for spi in self.spis}) != 1:
            raise ValueError("a delete needs SPIs of one length")
        head = self.doi.to_bytes(4, "big") + bytes((self.protocol, sizes.pop()))
        return head + len(self.spis).to_bytes(2, "big") + b"".join(self.spis)
