"""The payloads that are one run of octets (RFC 2408 sections 3.7, 3.11 to 3.13, 3.16), and those not interpreted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Self

from ipsecmig.ike.wire.cursor import Cursor
from ipsecmig.ike.wire.numbers import PayloadNumber


@dataclass(frozen=True, slots=True)
class _Octets:
    """A payload whose body is `data`."""

    number: ClassVar[int]

    data: bytes

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        """Return the payload whose body the cursor holds."""
        return cls(cursor.rest())

    def encode(self) -> bytes:
        """Return the body."""
        return self.data


@dataclass(frozen=True, slots=True)
class KeyExchange(_Octets):
    """A public value, g^xi or g^xr, as long as the prime."""

    number: ClassVar[int] = PayloadNumber.KE


@dataclass(frozen=True, slots=True)
class Hash(_Octets):
    """The output of a prf."""

    number: ClassVar[int] = PayloadNumber.HASH


@dataclass(frozen=True, slots=True)
class Signature(_Octets):
    """A signature over HASH_I or HASH_R."""

    number: ClassVar[int] = PayloadNumber.SIG


@dataclass(frozen=True, slots=True)
class Nonce(_Octets):
    """Ni_b or Nr_b."""

    number: ClassVar[int] = PayloadNumber.NONCE


@dataclass(frozen=True, slots=True)
class VendorId(_Octets):
    """A vendor ID; `wire.vendor` knows the names of some."""

    number: ClassVar[int] = PayloadNumber.VENDOR_ID


@dataclass(frozen=True, slots=True)
class GssToken(_Octets):
    """A token of Microsoft's Kerberos method (draft-ietf-ipsec-isakmp-gss-auth-07)."""

    number: ClassVar[int] = PayloadNumber.GSS


@dataclass(frozen=True, slots=True)
class Uninterpreted:
    """A payload of a type, DOI or situation that the engine does not know, kept as it came."""

    number: int
    data: bytes = field(repr=False)

    def encode(self) -> bytes:
        """Return the body."""
        return self.data
