"""UDP as IKE and ESP share it: endpoints, datagrams, the two ports, and what tells IKE and ESP apart at the second."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import Final, NamedTuple

IKE_PORT: Final = 500
"""Where IKE begins (RFC 2408 section 2.5.1)."""

NAT_T_PORT: Final = 4500
"""Where IKE goes on, beside ESP in UDP, once a NAT was found (RFC 3947 section 4)."""

NON_ESP_MARKER: Final = bytes(4)
"""Stands before an IKE message at port 4500, where ESP has its SPI (RFC 3948 section 2.2)."""

KEEPALIVE: Final = b"\xff"
"""All that a NAT-keepalive carries (RFC 3948 section 2.3)."""


class Endpoint(NamedTuple):
    """An address and a UDP port."""

    address: IPv4Address | IPv6Address
    port: int = IKE_PORT


class Datagram(NamedTuple):
    """What a UDP datagram carries, with the endpoints in its headers, as whoever holds it sees them."""

    data: bytes
    source: Endpoint
    destination: Endpoint


class Path(NamedTuple):
    """The way to a peer and back: an endpoint of this host, and what this host knows as the peer's."""

    local: Endpoint
    remote: Endpoint

    @classmethod
    def back(cls, datagram: Datagram) -> Path:
        """Return the way that an answer to a received datagram takes."""
        return cls(datagram.destination, datagram.source)

    def carry(self, message: bytes) -> Datagram:
        """Return the datagram with an IKE message to the peer; from port 4500 the marker stands before the message."""
        data = NON_ESP_MARKER + message if self.local.port == NAT_T_PORT else message
        return Datagram(data, self.local, self.remote)


def ike_message(datagram: Datagram) -> bytes | None:
    """Return the IKE message in a received datagram; None for ESP and keepalives, which come to port 4500 too."""
    data = datagram.data
    if datagram.destination.port != NAT_T_PORT:
        return data
    return data[len(NON_ESP_MARKER) :] if data.startswith(NON_ESP_MARKER) else None
