"""The datagrams of a probe as a capture file that Wireshark and its kin read.

The format is that of libpcap (pcap-savefile(5)), with packets that begin at the IP header (LINKTYPE_RAW, 101). The IP
and UDP headers are written anew here: sockets do not show those that were on the wire.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final

from ipsecmig.esp.headers import checksum
from ipsecmig.model.selectors import UDP
from ipsecmig.probe.transcript import OnWire
from ipsecmig.udp import Datagram

_MAGIC: Final = 0xA1B2C3D4
_VERSION: Final = (2, 4)
_SNAPSHOT: Final = 0x40000
_LINKTYPE_RAW: Final = 101
_FILE_HEADER: Final = struct.Struct("!IHHiIII")
_RECORD_HEADER: Final = struct.Struct("!IIII")
_UDP: Final = struct.Struct("!HHHH")
_HOPS: Final = 64
_MICROSECONDS: Final = 1_000_000


def capture(datagrams: Iterable[OnWire]) -> bytes:
    """Return the content of a capture file."""
    return capture_of_packets((one.at, ip_packet(one.datagram)) for one in datagrams)


def capture_of_packets(packets: Iterable[tuple[float, bytes]]) -> bytes:
    """Return the content of a capture file of IP packets, each with its time in seconds since 1970."""
    header = _FILE_HEADER.pack(_MAGIC, *_VERSION, 0, 0, _SNAPSHOT, _LINKTYPE_RAW)
    return header + b"".join(_record(at, packet) for at, packet in packets)


def _record(at: float, packet: bytes) -> bytes:
    seconds, microseconds = divmod(round(at * _MICROSECONDS), _MICROSECONDS)
    return _RECORD_HEADER.pack(seconds, microseconds, len(packet), len(packet)) + packet


def ip_packet(datagram: Datagram) -> bytes:
    """Return a datagram as an IP packet, with both checksums (RFC 791, RFC 768, RFC 2460)."""
    source, destination = datagram.source.address.packed, datagram.destination.address.packed
    length = _UDP.size + len(datagram.data)
    bare = _UDP.pack(datagram.source.port, datagram.destination.port, length, 0) + datagram.data
    pseudo = source + destination + struct.pack("!II", length, UDP)
    # A sum of zero is sent as all ones, since zero means that there is none (RFC 768).
    body = bare[:6] + (checksum(pseudo + bare) or 0xFFFF).to_bytes(2, "big") + datagram.data
    return (_ipv4(source, destination, length) if len(source) == 4 else _ipv6(source, destination, length)) + body


def _ipv4(source: bytes, destination: bytes, length: int) -> bytes:
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0, _HOPS, UDP, 0) + source + destination
    return header[:10] + checksum(header).to_bytes(2, "big") + header[12:]


def _ipv6(source: bytes, destination: bytes, length: int) -> bytes:
    return struct.pack("!IHBB", 6 << 28, length, UDP, _HOPS) + source + destination
