"""The identification payload (RFC 2407 section 4.6.2)."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from struct import Struct
from typing import Final, NamedTuple

from ipsecmig.ike.errors import Malformed
from ipsecmig.ike.wire.cursor import Cursor
from ipsecmig.ike.wire.numbers import IdNumber, PayloadNumber

_LAYOUT: Final = Struct("!BBH")

_LENGTHS: Final[dict[int, int]] = {
    IdNumber.IPV4: 4,
    IdNumber.IPV4_SUBNET: 8,
    IdNumber.IPV4_RANGE: 8,
    IdNumber.IPV6: 16,
    IdNumber.IPV6_SUBNET: 32,
    IdNumber.IPV6_RANGE: 32,
}
"""The octets of the kinds that consist of addresses: one, address and mask, or first and last."""

_ID: Final = int(PayloadNumber.ID)
_IPV4_HOST: Final = int(IdNumber.IPV4)
_IPV6_HOST: Final = int(IdNumber.IPV6)
_IPV6: Final = frozenset({IdNumber.IPV6, IdNumber.IPV6_SUBNET, IdNumber.IPV6_RANGE})


class Identification(NamedTuple):
    """Who a peer is (phase 1) or what traffic is meant (phase 2); protocol and port 0 stand for any.

    `kind` is an `IdNumber` or a number without a name.
    """

    kind: int
    protocol: int
    port: int
    data: bytes

    @property
    def number(self) -> int:
        """The payload type."""
        return _ID

    @classmethod
    def decode(cls, cursor: Cursor) -> Identification:
        """Return the payload whose body the cursor holds.

        Raises Malformed, also when the length does not suit a kind that consists of addresses.
        """
        kind, protocol, port = cursor.numbers(_LAYOUT, "the identification")
        expected = _LENGTHS.get(kind)
        if expected is not None and cursor.remaining != expected:
            raise Malformed(cursor.offset, f"{expected} octets of identification, not {cursor.remaining}")
        return cls(kind, protocol, port, cursor.rest())

    def encode(self) -> bytes:
        """Return the body. Raises ValueError if a field does not fit."""
        try:
            return _LAYOUT.pack(self.kind, self.protocol, self.port) + self.data
        except struct.error as error:
            raise ValueError(f"a field of the identification: {error}") from None

    @property
    def has_addresses(self) -> bool:
        """Whether it is of a kind that consists of addresses."""
        return self.kind in _LENGTHS

    def addresses(self) -> tuple[IPv4Address | IPv6Address, ...]:
        """Return the address, address and mask, or first and last address; nothing for kinds without addresses."""
        if not self.has_addresses:
            return ()
        width, address = (16, IPv6Address) if self.kind in _IPV6 else (4, IPv4Address)
        return tuple(address(self.data[at : at + width]) for at in range(0, len(self.data), width))


def host(address: IPv4Address | IPv6Address, protocol: int = 0, port: int = 0) -> Identification:
    """Return the identification of one address."""
    kind = _IPV4_HOST if isinstance(address, IPv4Address) else _IPV6_HOST
    return Identification(kind, protocol, port, address.packed)


def subnet(network: IPv4Network | IPv6Network, protocol: int = 0, port: int = 0) -> Identification:
    """Return the identification of a network, written as address and mask."""
    kind = IdNumber.IPV4_SUBNET if network.version == 4 else IdNumber.IPV6_SUBNET
    return Identification(kind, protocol, port, network.network_address.packed + network.netmask.packed)
