"""A security association: everything the two ends agreed on for one direction, RFC 2401 section 4.4.3."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from ipsecmig.model import selectors
from ipsecmig.model.algorithms import ENCRYPTION, INTEGRITY, Encryption, Integrity
from ipsecmig.model.treatment import Mode
from ipsecmig.udp import NAT_T_PORT

LOWEST_SPI: Final = 256
"""SPIs below are reserved (RFC 2402 section 2.4, RFC 2406 section 2.1)."""


class SecurityProtocol(IntEnum):
    """The protocol of an association, by its number in the IP header."""

    ESP = selectors.ESP
    AH = selectors.AH


@dataclass(frozen=True, slots=True)
class UdpEncapsulation:
    """ESP in UDP (RFC 3948 section 2.1, draft-ietf-ipsec-udp-encaps-02): the ports as they stand on the wire."""

    source_port: int = NAT_T_PORT
    destination_port: int = NAT_T_PORT


@dataclass(frozen=True, slots=True)
class OriginalAddresses:
    """The addresses that the sender of an inbound packet saw, from the NAT-OA payloads (RFC 3947 section 5.2).

    Both are packed, in network order, and of one family. None is one that a NAT hides and nobody told.
    """

    source: bytes | None
    destination: bytes | None


@dataclass(frozen=True, slots=True)
class SecurityAssociation:
    """One direction of ESP or AH.

    `source` and `destination` are the addresses of the outer (in transport mode the only) IP header, packed in network
    order: 4 or 16 octets. `encryption` is None for AH; `integrity` is None for ESP without authentication, which has
    no protection against replay either (RFC 2406 section 3.4.3). `udp` and `originals` are for peers behind a NAT.
    `octet_limit` is the hard lifetime. Raises ValueError for what cannot be an association.
    """

    spi: int
    protocol: SecurityProtocol
    mode: Mode
    source: bytes
    destination: bytes
    integrity: Integrity | None
    integrity_key: bytes = field(default=b"", repr=False)
    encryption: Encryption | None = None
    encryption_key: bytes = field(default=b"", repr=False)
    udp: UdpEncapsulation | None = None
    originals: OriginalAddresses | None = None
    octet_limit: int | None = None

    def __post_init__(self) -> None:
        mistake = _mistake_of_shape(self) or _mistake_of_keys(self) or _mistake_of_encapsulation(self)
        if mistake:
            raise ValueError(mistake)


def _mistake_of_shape(sa: SecurityAssociation) -> str | None:
    if not LOWEST_SPI <= sa.spi <= 0xFFFFFFFF:
        return f"an SPI is from {LOWEST_SPI} to 2^32-1, not {sa.spi}"
    if len(sa.source) not in (4, 16) or len(sa.source) != len(sa.destination):
        return "source and destination are two packed addresses of one family"
    if sa.protocol is SecurityProtocol.AH:
        return None if sa.encryption is None and sa.integrity is not None else "AH has integrity and no encryption"
    if sa.encryption is None:
        return "ESP has an encryption algorithm, if only NULL"
    if sa.encryption is Encryption.NULL and sa.integrity is None:
        return "ESP without encryption and without integrity protects nothing (RFC 2406 section 5)"
    return None


def _mistake_of_keys(sa: SecurityAssociation) -> str | None:
    cipher = 0 if sa.encryption is None else ENCRYPTION[sa.encryption].key_bits // 8
    if len(sa.encryption_key) != cipher:
        return f"the encryption key has {cipher} octets, not {len(sa.encryption_key)}"
    wanted = 0 if sa.integrity is None else key_octets(sa.integrity)
    if len(sa.integrity_key) != wanted:
        return f"the integrity key has {wanted} octets, not {len(sa.integrity_key)}"
    return None


def _mistake_of_encapsulation(sa: SecurityAssociation) -> str | None:
    if sa.udp is not None and sa.protocol is SecurityProtocol.AH:
        return "AH does not pass a NAT, so it is not carried in UDP"
    if sa.originals is None:
        return None
    if sa.udp is None or sa.mode is Mode.TUNNEL:
        return "original addresses belong to transport mode in UDP"
    told = [each for each in (sa.originals.source, sa.originals.destination) if each is not None]
    if any(len(each) != len(sa.source) for each in told):
        return "the original addresses are of another family"
    return None


_HMAC_KEY_OCTETS: Final = {
    Integrity.MD5: 16,
    Integrity.SHA1: 20,
    Integrity.SHA256: 32,
    Integrity.SHA384: 48,
    Integrity.SHA512: 64,
}


def key_octets(integrity: Integrity) -> int:
    """Return the length of the HMAC's key: that of its hash (RFC 2403 and 2404 section 3, RFC 4868 section 2.1.1)."""
    return _HMAC_KEY_OCTETS[integrity]


def icv_octets(integrity: Integrity | None) -> int:
    """Return the length of the integrity check value; 0 without integrity."""
    return 0 if integrity is None else INTEGRITY[integrity].icv_bits // 8
