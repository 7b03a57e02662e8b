"""IP packets, associations and selectors for the tests of ESP and AH, made without the code under test."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable
from typing import Final

from hypothesis import strategies as st

from ipsecmig.esp.association import SecurityAssociation, SecurityProtocol, UdpEncapsulation
from ipsecmig.esp.errors import PacketRejected, Reason
from ipsecmig.model.algorithms import Encryption, Integrity
from ipsecmig.model.selectors import AddressRange, Family
from ipsecmig.model.space import Box, Direction, box
from ipsecmig.model.treatment import Mode

KEYS: Final = {
    Encryption.NULL: 0,
    Encryption.DES: 8,
    Encryption.TRIPLE_DES: 24,
    Encryption.AES128: 16,
    Encryption.AES192: 24,
    Encryption.AES256: 32,
}
HMAC_KEYS: Final = {
    Integrity.MD5: 16,
    Integrity.SHA1: 20,
    Integrity.SHA256: 32,
    Integrity.SHA384: 48,
    Integrity.SHA512: 64,
}
HOSTS: Final = {4: ("10.9.0.1", "10.9.0.2"), 6: ("2001:db8::1", "2001:db8::2")}
INNER: Final = {4: ("10.1.0.5", "10.2.0.6"), 6: ("2001:db8:1::5", "2001:db8:2::6")}


def packed(text: str) -> bytes:
    return ipaddress.ip_address(text).packed


def words_sum(data: bytes) -> int:
    """Return the Internet checksum, word by word."""
    total = 0
    for at in range(0, len(data), 2):
        total += int.from_bytes(data[at : at + 2].ljust(2, b"\0"), "big")
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip(
    source: str, destination: str, protocol: int, payload: bytes, *, options: bytes = b"", flags: int = 0, tos: int = 0
) -> bytes:
    """Return a packet; `options` are IPv4 options, or IPv6 extension headers of which the first is hop-by-hop."""
    if "." in source:
        size = 20 + len(options)
        first = struct.pack("!BBHHHBB", 0x40 | size // 4, tos, size + len(payload), 7, flags, 61, protocol)
        back = packed(source) + packed(destination) + options
        return first + words_sum(first + b"\0\0" + back).to_bytes(2, "big") + back + payload
    following = 0 if options else protocol
    first = struct.pack("!IHBB", 6 << 28 | tos << 20 | 0x12345, len(options) + len(payload), following, 61)
    return first + packed(source) + packed(destination) + options + payload


def udp(data: bytes, source: int = 1024, destination: int = 53) -> bytes:
    return struct.pack("!HHHH", source, destination, 8 + len(data), 0) + data


def association(
    encryption: Encryption | None = Encryption.AES128,
    integrity: Integrity | None = Integrity.SHA1,
    mode: Mode = Mode.TRANSPORT,
    family: int = 4,
    *,
    udp: UdpEncapsulation | None = None,
    octet_limit: int | None = None,
    spi: int = 0x1000,
) -> SecurityAssociation:
    """Return an association between the two `HOSTS`; of AH when `encryption` is None."""
    source, destination = map(packed, HOSTS[family])
    return SecurityAssociation(
        spi=spi,
        protocol=SecurityProtocol.AH if encryption is None else SecurityProtocol.ESP,
        mode=mode,
        source=source,
        destination=destination,
        integrity=integrity,
        integrity_key=b"" if integrity is None else bytes(range(HMAC_KEYS[integrity])),
        encryption=encryption,
        encryption_key=b"" if encryption is None else bytes(range(101, 101 + KEYS[encryption])),
        udp=udp,
        octet_limit=octet_limit,
    )


def everything() -> tuple[Box, ...]:
    return tuple(box(Direction.OUT, AddressRange.whole(family), AddressRange.whole(family)) for family in Family)


def randomness(octets: int) -> bytes:
    """Return octets that no test may take for random."""
    return bytes(range(200, 200 + octets))


def rejection(action: Callable[..., object], *arguments: object) -> Reason | None:
    """Return why `action` refuses its arguments, None if it does not."""
    try:
        action(*arguments)
    except PacketRejected as rejected:
        return rejected.reason
    return None


payloads = st.binary(max_size=200)
families = st.sampled_from([4, 6])
encryptions = st.sampled_from(list(Encryption))
integrities = st.sampled_from(list(Integrity))
modes = st.sampled_from(list(Mode))
