"""The one table of algorithms: what each is called, in every dialect and target, and its numbers on the wire.

Numbers: RFC 2407 4.4 (IPsec DOI), RFC 2409 appendix A (Oakley), RFC 3526 (groups 14 to 18), RFC 3602 (AES), RFC 4868
(SHA-2). Names: the netsh help for the Windows side, ip-xfrm(8) for the kernel, swanctl.conf(5) for strongSwan.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Encryption(Enum):
    """A cipher of phase 1 or of ESP."""

    __hash__ = object.__hash__  # members are looked up for each message, and each is the only one of its kind

    NULL = "null"
    DES = "des"
    TRIPLE_DES = "3des"
    AES128 = "aes128"
    AES192 = "aes192"
    AES256 = "aes256"


class Integrity(Enum):
    """A hash of phase 1, or of AH and ESP as an HMAC."""

    __hash__ = object.__hash__

    MD5 = "md5"
    SHA1 = "sha1"
    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"


class DhGroup(Enum):
    """A MODP group, by its number in the IANA registry."""

    __hash__ = object.__hash__

    MODP768 = 1
    MODP1024 = 2
    MODP1536 = 5
    MODP2048 = 14
    MODP3072 = 15
    MODP4096 = 16
    MODP6144 = 17
    MODP8192 = 18


@dataclass(frozen=True, slots=True)
class EncryptionAlgorithm:
    """One row of the cipher table; `None` where a dialect or target has no name for it. Sizes are in bits."""

    encryption: Encryption
    netsh: str | None
    strongswan: str
    kernel: str
    oakley: int | None
    esp: int
    key_bits: int
    block_bits: int


@dataclass(frozen=True, slots=True)
class IntegrityAlgorithm:
    """One row of the integrity table. Sizes are in bits; `icv_bits` is the truncated length in AH and ESP."""

    integrity: Integrity
    netsh: str | None
    strongswan: str
    kernel: str
    oakley: int
    doi: int
    ah: int
    icv_bits: int


@dataclass(frozen=True, slots=True)
class GroupAlgorithm:
    """One row of the group table; `netsh` is netsh's own number for it."""

    group: DhGroup
    netsh: str | None
    strongswan: str
    bits: int


ENCRYPTION: Final = {
    row.encryption: row
    for row in (
        EncryptionAlgorithm(Encryption.NULL, "None", "null", "ecb(cipher_null)", None, 11, 0, 8),
        EncryptionAlgorithm(Encryption.DES, "DES", "des", "cbc(des)", 1, 2, 64, 64),
        EncryptionAlgorithm(Encryption.TRIPLE_DES, "3DES", "3des", "cbc(des3_ede)", 5, 3, 192, 64),
        EncryptionAlgorithm(Encryption.AES128, None, "aes128", "cbc(aes)", 7, 12, 128, 128),
        EncryptionAlgorithm(Encryption.AES192, None, "aes192", "cbc(aes)", 7, 12, 192, 128),
        EncryptionAlgorithm(Encryption.AES256, None, "aes256", "cbc(aes)", 7, 12, 256, 128),
    )
}

INTEGRITY: Final = {
    row.integrity: row
    for row in (
        IntegrityAlgorithm(Integrity.MD5, "MD5", "md5", "hmac(md5)", 1, 1, 2, 96),
        IntegrityAlgorithm(Integrity.SHA1, "SHA1", "sha1", "hmac(sha1)", 2, 2, 3, 96),
        IntegrityAlgorithm(Integrity.SHA256, None, "sha256", "hmac(sha256)", 4, 5, 5, 128),
        IntegrityAlgorithm(Integrity.SHA384, None, "sha384", "hmac(sha384)", 5, 6, 6, 192),
        IntegrityAlgorithm(Integrity.SHA512, None, "sha512", "hmac(sha512)", 6, 7, 7, 256),
    )
}

GROUPS: Final = {
    row.group: row
    for row in (
        GroupAlgorithm(DhGroup.MODP768, "1", "modp768", 768),
        GroupAlgorithm(DhGroup.MODP1024, "2", "modp1024", 1024),
        GroupAlgorithm(DhGroup.MODP1536, None, "modp1536", 1536),
        GroupAlgorithm(DhGroup.MODP2048, "3", "modp2048", 2048),
        GroupAlgorithm(DhGroup.MODP3072, None, "modp3072", 3072),
        GroupAlgorithm(DhGroup.MODP4096, None, "modp4096", 4096),
        GroupAlgorithm(DhGroup.MODP6144, None, "modp6144", 6144),
        GroupAlgorithm(DhGroup.MODP8192, None, "modp8192", 8192),
    )
}
