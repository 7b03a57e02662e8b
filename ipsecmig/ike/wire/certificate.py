"""Certificates and requests for them (RFC 2408 sections 3.9 and 3.10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ipsecmig.ike.wire.cursor import Cursor
from ipsecmig.ike.wire.numbers import PayloadNumber


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate in the given `CertificateEncoding`; for X.509 `data` is DER."""

    number: ClassVar[int] = PayloadNumber.CERT

    encoding: int
    data: bytes

    @classmethod
    def decode(cls, cursor: Cursor) -> Certificate:
        """Return the payload whose body the cursor holds. Raises Malformed."""
        return cls(cursor.number(1, "the certificate encoding"), cursor.rest())

    def encode(self) -> bytes:
        """Return the body. Raises OverflowError if the encoding does not fit one octet."""
        return self.encoding.to_bytes(1, "big") + self.data


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """A wish for a certificate of an authority, the DER of whose name is `authority`; empty for any."""

    number: ClassVar[int] = PayloadNumber.CR

    encoding: int
    authority: bytes

    @classmethod
    def decode(cls, cursor: Cursor) -> CertificateRequest:
        """Return the payload whose body the cursor holds. Raises Malformed."""
        return cls(cursor.number(1, "the certificate type"), cursor.rest())

    def encode(self) -> bytes:
        """Return the body. Raises OverflowError if the encoding does not fit one octet."""
        return self.encoding.to_bytes(1, "big") + self.authority
