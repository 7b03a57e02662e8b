"""IP packets written anew: those that datagrams travelled in, whose headers sockets do not show, and echo requests."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from ipsecmig.esp.headers import checksum
from ipsecmig.model.selectors import ICMP, ICMPV6, UDP
from ipsecmig.udp import Datagram

_UDP: Final = struct.Struct("!HHHH")
_ECHO: Final = struct.Struct("!BBHHH")
_HOPS: Final = 64
_REQUEST: Final = {4: 8, 6: 128}
_REPLY: Final = {4: 0, 6: 129}
ECHO_PROTOCOL: Final = {4: ICMP, 6: ICMPV6}


def ip_packet(
    source: IPv4Address | IPv6Address, destination: IPv4Address | IPv6Address, protocol: int, payload: bytes
) -> bytes:
    """Return an IP packet without options (RFC 791, RFC 2460)."""
    ends = source.packed + destination.packed
    if source.version == 6:
        return struct.pack("!IHBB", 6 << 28, len(payload), protocol, _HOPS) + ends + payload
    # An identification of zero would be replaced by the kernel, which AH does not survive.
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, _HOPS, protocol, 0)
    return header[:10] + checksum(header + ends).to_bytes(2, "big") + ends + payload


def udp_packet(datagram: Datagram) -> bytes:
    """Return the IP packet of a datagram, with its checksum (RFC 768)."""
    source, destination = datagram.source, datagram.destination
    length = _UDP.size + len(datagram.data)
    bare = _UDP.pack(source.port, destination.port, length, 0) + datagram.data
    pseudo = source.address.packed + destination.address.packed + struct.pack("!II", length, UDP)
    # A sum of zero is sent as all ones, since zero means that there is none.
    body = bare[:6] + (checksum(pseudo + bare) or 0xFFFF).to_bytes(2, "big") + datagram.data
    return ip_packet(source.address, destination.address, UDP, body)


def udp_payload(packet: bytes) -> bytes:
    """Return what the UDP datagram in an IP packet without options carries."""
    return packet[(20 if packet[0] >> 4 == 4 else 40) + _UDP.size :]


def echo_request(
    source: IPv4Address | IPv6Address, destination: IPv4Address | IPv6Address, identifier: int, data: bytes
) -> bytes:
    """Return an echo request (RFC 792, RFC 4443)."""
    kind = _REQUEST[source.version]
    bare = _ECHO.pack(kind, 0, 0, identifier, 1) + data
    protocol = ECHO_PROTOCOL[source.version]
    summed = bare
    if source.version == 6:
        summed = source.packed + destination.packed + struct.pack("!II", len(bare), protocol) + bare
    return ip_packet(source, destination, protocol, bare[:2] + checksum(summed).to_bytes(2, "big") + bare[4:])


def is_reply(packet: bytes, identifier: int, data: bytes) -> bool:
    """Tell whether an IP packet without options is the reply to the request with that identifier and data."""
    version = packet[0] >> 4
    body = packet[20 if version == 4 else 40 :]
    if len(body) < _ECHO.size:
        return False
    kind, code, _, found, _ = _ECHO.unpack_from(body)
    return (kind, code, found, body[_ECHO.size :]) == (_REPLY[version], 0, identifier, data)
