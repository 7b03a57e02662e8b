"""NAT detection and original address, by RFC 3947 sections 3.2 and 5.2 and by draft-ietf-ipsec-nat-t-ike-02.

The draft's payloads differ in their number alone, which is therefore part of the value.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from ipsecmig.ike.errors import Malformed
from ipsecmig.ike.wire.cursor import Cursor
from ipsecmig.ike.wire.numbers import IdNumber, PayloadNumber

_WIDTHS: Final = {int(IdNumber.IPV4): 4, int(IdNumber.IPV6): 16}
_KINDS: Final = {4: IdNumber.IPV4, 6: IdNumber.IPV6}


@dataclass(frozen=True, slots=True)
class NatDetection:
    """HASH(CKY-I | CKY-R | IP | port): first of the peer's end, then of the sender's own."""

    digest: bytes
    number: int = PayloadNumber.NAT_D

    @classmethod
    def decode(cls, number: int, cursor: Cursor) -> NatDetection:
        """Return the payload whose body the cursor holds."""
        return cls(cursor.rest(), number)

    def encode(self) -> bytes:
        """Return the body."""
        return self.digest


@dataclass(frozen=True, slots=True)
class NatOriginalAddress:
    """The address that a packet had before a NAT changed it."""

    address: IPv4Address | IPv6Address
    number: int = PayloadNumber.NAT_OA

    @classmethod
    def decode(cls, number: int, cursor: Cursor) -> NatOriginalAddress:
        """Return the payload whose body the cursor holds. Raises Malformed, also for anything but one address."""
        start = cursor.offset
        kind = cursor.number(1, "the identification type")
        if kind not in _WIDTHS:
            raise Malformed(start, f"an IPv4 or IPv6 address, not identification type {kind}")
        cursor.reserved(3)
        return cls(ip_address(cursor.octets(_WIDTHS[kind], "the address")), number)

    def encode(self) -> bytes:
        """Return the body."""
        return bytes((_KINDS[self.address.version], 0, 0, 0)) + self.address.packed
