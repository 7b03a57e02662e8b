"""ESP in UDP, what else arrives at that port, and the checksums that a NAT spoils.

RFC 3948 and draft-ietf-ipsec-udp-encaps-02, which are the same on the wire.
"""

from __future__ import annotations

import struct
from enum import Enum, auto
from typing import Final

from ipsecmig.esp.association import OriginalAddresses, UdpEncapsulation
from ipsecmig.esp.errors import PacketRejected, Reason
from ipsecmig.esp.headers import Parts, checksum
from ipsecmig.model.selectors import TCP, UDP
from ipsecmig.udp import KEEPALIVE, NON_ESP_MARKER

_HEADER: Final = struct.Struct("!HHHH")
_CHECKSUM_AT: Final = {TCP: 16, UDP: 6}


class Contents(Enum):
    """What a datagram at port 4500 is."""

    ESP = auto()
    IKE = auto()
    KEEPALIVE = auto()


def classify(data: bytes) -> Contents:
    """Say what the data of a UDP datagram at port 4500 is (RFC 3948 section 2). Raises PacketRejected for neither."""
    if data == KEEPALIVE:
        return Contents.KEEPALIVE
    if len(data) <= len(NON_ESP_MARKER):
        raise PacketRejected(Reason.TRUNCATED, "datagram of port 4500")
    return Contents.IKE if data[:4] == NON_ESP_MARKER else Contents.ESP


def wrap(udp: UdpEncapsulation, parts: Parts, body: bytes) -> bytes:
    """Return the ESP body in UDP. The checksum is 0, except in IPv6, which does not allow that (RFC 2460 8.1)."""
    length = _HEADER.size + len(body)
    if length > 0xFFFF:
        raise PacketRejected(Reason.TOO_LONG, f"{length} octets")
    datagram = _HEADER.pack(udp.source_port, udp.destination_port, length, 0) + body
    if not parts.is_ipv6:
        return datagram
    pseudo = b"".join(parts.addresses) + struct.pack("!II", length, UDP)
    return datagram[:6] + (checksum(pseudo + datagram) or 0xFFFF).to_bytes(2, "big") + body


def unwrap(udp: UdpEncapsulation, datagram: bytes) -> bytes:
    """Return the ESP body in a UDP datagram. A NAT may have changed the source port, so that is not looked at.

    The checksum is not either: the ICV says more. Raises PacketRejected.
    """
    if len(datagram) < _HEADER.size:
        raise PacketRejected(Reason.TRUNCATED, "UDP")
    _, port, length, _ = _HEADER.unpack_from(datagram)
    if port != udp.destination_port:
        raise PacketRejected(Reason.WRONG_ENDPOINT, f"UDP port {port}")
    if not _HEADER.size <= length <= len(datagram):
        raise PacketRejected(Reason.TRUNCATED, "UDP")
    body = datagram[_HEADER.size : length]
    if classify(body) is not Contents.ESP:
        raise PacketRejected(Reason.WRONG_PROTOCOL, "not ESP")
    return body


def repair_checksum(protocol: int, payload: bytes, originals: OriginalAddresses, parts: Parts) -> bytes:
    """Return the payload with the checksum of TCP or UDP made right for the addresses in the header of `parts`.

    The sender computed it over its own view of the addresses (RFC 3948 section 3.1.2). Where that is known, the
    difference is taken in without looking at the data, so what was wrong before stays wrong; else it is computed anew.
    A UDP checksum of 0 means none. Raises PacketRejected when the checksum, or what it covers, is not there.
    """
    at = _CHECKSUM_AT.get(protocol)
    if at is None:
        return payload
    if len(payload) < at + 2:
        raise PacketRejected(Reason.TRUNCATED, "TCP or UDP header")
    if protocol == UDP and payload[at : at + 2] == b"\0\0":
        return payload
    source, destination = originals.source, originals.destination
    if source is None or destination is None:
        after = _computed(protocol, payload, at, parts)
    else:
        after = _corrected(payload[at : at + 2], source + destination, parts)
    if protocol == UDP:
        after = after or 0xFFFF
    return payload[:at] + after.to_bytes(2, "big") + payload[at + 2 :]


def _corrected(before: bytes, addresses: bytes, parts: Parts) -> int:
    # ~HC' = ~HC + ~m + m' in ones' complement (RFC 1624, equation 3); 0xFF - octet is the complement ~.
    removed = bytes(0xFF - octet for octet in before + addresses)
    return checksum(removed + b"".join(parts.addresses))


def _computed(protocol: int, payload: bytes, at: int, parts: Parts) -> int:
    """Return the checksum over pseudo header and segment (RFC 9293 section 3.1, RFC 768, for IPv6 RFC 2460 8.1)."""
    length = len(payload)
    if protocol == UDP:
        (length,) = struct.unpack_from("!H", payload, 4)
        if not _HEADER.size <= length <= len(payload):
            raise PacketRejected(Reason.TRUNCATED, "UDP")
    pseudo = b"".join(parts.addresses) + struct.pack("!II", length, protocol)
    return checksum(pseudo + payload[:at] + b"\0\0" + payload[at + 2 : length])
