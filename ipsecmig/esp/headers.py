"""IP headers: where ESP and AH go, and what then changes. Sources: RFC 791, RFC 2460, RFC 2401 section 5.1.2."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from ipsecmig.esp.errors import PacketRejected, Reason

IPV4_IN_IP: Final = 4
IPV6_IN_IP: Final = 41
HOP_BY_HOP: Final = 0
ROUTING: Final = 43
FRAGMENT: Final = 44
NO_NEXT_HEADER: Final = 59
DESTINATION_OPTIONS: Final = 60

_EXTENSIONS: Final = frozenset({HOP_BY_HOP, ROUTING, DESTINATION_OPTIONS})
_HOP_LIMIT: Final = 64
_DONT_FRAGMENT: Final = 0x4000
_LONGEST: Final = 0xFFFF


class Parts(NamedTuple):
    """A packet cut in two. `header` is the IP header with the extension headers before the cut.

    The octet at `next_at` of it names the protocol of `payload`, which is `protocol`.
    """

    header: bytes
    next_at: int
    protocol: int
    payload: bytes

    @property
    def is_ipv6(self) -> bool:
        """Whether the header is of IPv6."""
        return self.header[0] >= 0x60

    @property
    def addresses(self) -> tuple[bytes, bytes]:
        """Source and destination, packed."""
        header = self.header
        return (header[8:24], header[24:40]) if header[0] >= 0x60 else (header[12:16], header[16:20])

    @property
    def destination(self) -> bytes:
        """The destination, packed."""
        header = self.header
        return header[24:40] if header[0] >= 0x60 else header[16:20]


def checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071): the complement of the ones' complement sum of 16-bit words.

    A trailing octet counts as the high half of a word.
    """
    number = int.from_bytes(data if len(data) % 2 == 0 else data + b"\0", "big")
    # 2^16 is 1 modulo 2^16 - 1, so the sum of the words is the number itself there; only all zeros sum to 0.
    return -number % 0xFFFF if number else 0xFFFF


def whole_packet(packet: bytes) -> bytes:
    """Return the packet without octets after its end. Raises PacketRejected when it is not all there."""
    first = packet[0] if packet else 0
    version = first >> 4
    if version == 4 and len(packet) >= 20:
        length = packet[2] << 8 | packet[3]
        if first < 0x45 or length < (first & 15) * 4:
            raise PacketRejected(Reason.MALFORMED, "header length")
    elif version == 6 and len(packet) >= 40:
        length = 40 + (packet[4] << 8 | packet[5])
    else:
        reason = Reason.TRUNCATED if version in (4, 6) or not packet else Reason.MALFORMED
        raise PacketRejected(reason, "IP header")
    if length > len(packet):
        raise PacketRejected(Reason.TRUNCATED, "IP packet")
    return packet if length == len(packet) else packet[:length]


def split_for_sending(packet: bytes) -> Parts:
    """Cut a packet where ESP or AH goes in transport mode.

    For IPv6 that is after hop-by-hop options, routing headers and the destination options before one (RFC 2406
    section 3.1.1). Raises PacketRejected for a fragment: protection comes before fragmentation.
    """
    packet = whole_packet(packet)
    if packet[0] < 0x50:
        return _split_ipv4(packet)
    next_at, at, protocol = cut = 6, 40, packet[6]
    while protocol in _EXTENSIONS:
        next_at, at, current, protocol = at, _extension_end(packet, at), protocol, packet[at]
        if current != DESTINATION_OPTIONS:
            cut = next_at, at, protocol
    return _cut_ipv6(packet, *cut, protocol)


def split_received(packet: bytes) -> Parts:
    """Cut a packet after its IP header and every extension header that can stand before ESP, AH or UDP.

    Raises PacketRejected for a fragment: reassembly comes before ESP and AH.
    """
    packet = whole_packet(packet)
    if packet[0] < 0x50:
        return _split_ipv4(packet)
    next_at, at, protocol = 6, 40, packet[6]
    while protocol in _EXTENSIONS:
        next_at, at, protocol = at, _extension_end(packet, at), packet[at]
    return _cut_ipv6(packet, next_at, at, protocol, protocol)


def _split_ipv4(packet: bytes) -> Parts:
    if packet[6] & 0x3F or packet[7]:
        raise PacketRejected(Reason.FRAGMENT)
    end = (packet[0] & 15) * 4
    return Parts(packet[:end], 9, packet[9], packet[end:])


def _cut_ipv6(packet: bytes, next_at: int, at: int, protocol: int, stopped_at: int) -> Parts:
    if stopped_at == FRAGMENT:
        raise PacketRejected(Reason.FRAGMENT)
    return Parts(packet[:at], next_at, protocol, packet[at:])


def _extension_end(packet: bytes, at: int) -> int:
    """Return where the extension header at `at` ends, within the packet."""
    if at + 8 > len(packet) or (end := at + 8 + packet[at + 1] * 8) > len(packet):
        raise PacketRejected(Reason.TRUNCATED, "extension header")
    return end


def upper_layer(packet: bytes) -> tuple[int, int, bool]:
    """Return protocol and offset of what a whole packet carries, and whether that is the start of it.

    It is not in a fragment after the first, where ports cannot be seen.
    """
    if packet[0] >> 4 == 4:
        return packet[9], (packet[0] & 15) * 4, not (packet[6] & 0x1F or packet[7])
    at, protocol, start = 40, packet[6], True
    while start and (protocol in _EXTENSIONS or protocol == FRAGMENT):
        end = at + 8 if protocol == FRAGMENT else _extension_end(packet, at)
        if end > len(packet):
            raise PacketRejected(Reason.TRUNCATED, "fragment header")
        start = protocol != FRAGMENT or int.from_bytes(packet[at + 2 : at + 4], "big") < 8
        at, protocol = end, packet[at]
    return protocol, at, start


# The low ends of total length, protocol and checksum in the 160 bits of an IPv4 header, and the bits of all three.
_LENGTH, _PROTOCOL, _CHECKSUM = 128, 80, 64
_REPLACED: Final = 0xFFFF << _LENGTH | 0xFF << _PROTOCOL | 0xFFFF << _CHECKSUM


def with_next(parts: Parts, protocol: int, octets: int) -> bytes:
    """Return the header of `parts`, changed to carry `octets` of `protocol`: the length and checksum too.

    Raises PacketRejected when the packet would be too long.
    """
    header, at = parts.header, parts.next_at
    length = len(header) + octets - (40 if header[0] >= 0x60 else 0)
    if length > _LONGEST:
        raise PacketRejected(Reason.TOO_LONG, f"{length} octets")
    if header[0] >= 0x60:
        changed = header[:at] + bytes((protocol,)) + header[at + 1 :]
        return changed[:4] + length.to_bytes(2, "big") + changed[6:]
    # As one number, since this happens to each packet; options stand below the 160 bits.
    below = 8 * (len(header) - 20)
    number = int.from_bytes(header, "big") & ~(_REPLACED << below)
    number |= (length << _LENGTH | protocol << _PROTOCOL) << below
    # The sum of the words as in `checksum`; a header is never all zeros.
    return (number | -number % 0xFFFF << _CHECKSUM + below).to_bytes(len(header), "big")


def wrap_for_tunnel(source: bytes, destination: bytes, inner: bytes, identification: int) -> Parts:
    """Put a new IP header, its length and next protocol still to be set, in front of a packet.

    RFC 2401 section 5.1.2.1: type of service or traffic class and the DF bit are copied, the rest is made anew.
    """
    inner = whole_packet(inner)
    inner_is_ipv4 = inner[0] >> 4 == 4
    service = inner[1] if inner_is_ipv4 else int.from_bytes(inner[:2], "big") >> 4 & 0xFF
    if len(source) == 4:
        fragmenting = inner[6] << 8 & _DONT_FRAGMENT if inner_is_ipv4 else 0
        fixed = struct.pack("!BBHHHBBH", 0x45, service, 0, identification & 0xFFFF, fragmenting, _HOP_LIMIT, 0, 0)
        next_at = 9
    else:
        fixed = struct.pack("!IHBB", 6 << 28 | service << 20, 0, 0, _HOP_LIMIT)
        next_at = 6
    return Parts(fixed + source + destination, next_at, IPV4_IN_IP if inner_is_ipv4 else IPV6_IN_IP, inner)


def inner_packet(protocol: int, payload: bytes) -> bytes:
    """Return the packet that came through a tunnel, without padding after it (RFC 4303 section 2.7).

    Raises PacketRejected unless `protocol` is that of the packet's own version.
    """
    inner = whole_packet(payload)
    if protocol != (IPV4_IN_IP if inner[0] >> 4 == 4 else IPV6_IN_IP):
        raise PacketRejected(Reason.MALFORMED, f"tunnel of protocol {protocol}")
    return inner
