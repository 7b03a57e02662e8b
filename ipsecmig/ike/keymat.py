"""Keys and hashes of RFC 2409, each under its formula.

Notation: `|` is concatenation, `x_b` the body of a payload without its generic header, prf the HMAC of the negotiated
hash, CKY-I and CKY-R the cookies, M-ID the message ID in four octets. All secrets are bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from ipsecmig.ike.crypto.hashes import digest, prf
from ipsecmig.model.algorithms import Integrity

Prf = Callable[[bytes], bytes]
"""The prf with one key, as a function of the message: what `hashes.keyed_prf` returns."""


class Cookies(NamedTuple):
    """CKY-I and CKY-R: the name of a phase 1 SA."""

    initiator: bytes
    responder: bytes


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """The keys of a phase 1 SA (RFC 2409 section 5). They never show in `repr`."""

    skeyid: bytes = field(repr=False)
    skeyid_d: bytes = field(repr=False)
    skeyid_a: bytes = field(repr=False)
    skeyid_e: bytes = field(repr=False)


def skeyid_for_preshared_key(hash_: Integrity, key: bytes, ni_b: bytes, nr_b: bytes) -> bytes:
    """Return SKEYID for authentication by preshared key (RFC 2409 section 5)."""
    # SKEYID = prf(pre-shared-key, Ni_b | Nr_b)
    return prf(hash_, key, ni_b, nr_b)


def skeyid_for_signatures(hash_: Integrity, ni_b: bytes, nr_b: bytes, g_xy: bytes) -> bytes:
    """Return SKEYID for authentication by signatures, and by GSS-API (RFC 2409 section 5)."""
    # SKEYID = prf(Ni_b | Nr_b, g^xy)
    return prf(hash_, ni_b + nr_b, g_xy)


def session_keys(skeyid: bytes, with_skeyid: Prf, g_xy: bytes, cookies: Cookies) -> SessionKeys:
    """Return SKEYID with what is derived from it (RFC 2409 section 5); `with_skeyid` is the prf with it as the key."""
    seed = g_xy + cookies.initiator + cookies.responder
    # SKEYID_d = prf(SKEYID, g^xy | CKY-I | CKY-R | 0)
    skeyid_d = with_skeyid(seed + b"\0")
    # SKEYID_a = prf(SKEYID, SKEYID_d | g^xy | CKY-I | CKY-R | 1)
    skeyid_a = with_skeyid(skeyid_d + seed + b"\1")
    # SKEYID_e = prf(SKEYID, SKEYID_a | g^xy | CKY-I | CKY-R | 2)
    skeyid_e = with_skeyid(skeyid_a + seed + b"\2")
    return SessionKeys(skeyid, skeyid_d, skeyid_a, skeyid_e)


def encryption_key(hash_: Integrity, skeyid_e: bytes, octets: int) -> bytes:
    """Return Ka, the cipher's key, of that many octets (RFC 2409 appendix B)."""
    if len(skeyid_e) >= octets:
        return skeyid_e[:octets]
    # Ka = K1 | K2 | K3 ..., K1 = prf(SKEYID_e, 0), K2 = prf(SKEYID_e, K1), ...
    block = key = prf(hash_, skeyid_e, b"\0")
    while len(key) < octets:
        block = prf(hash_, skeyid_e, block)
        key += block
    return key[:octets]


def phase_1_iv(hash_: Integrity, g_xi: bytes, g_xr: bytes, block: int) -> bytes:
    """Return the IV, one block, of the first encrypted message of phase 1 (RFC 2409 appendix B)."""
    # IV = hash(g^xi | g^xr)
    return digest(hash_, g_xi, g_xr)[:block]


def phase_2_iv(hash_: Integrity, last_block: bytes, message_id: int) -> bytes:
    """Return the IV of the first message of an exchange after phase 1 (RFC 2409 appendix B).

    `last_block` is the last block of ciphertext of phase 1; the IV is as long.
    """
    # IV = hash(last phase 1 CBC output block | M-ID)
    return digest(hash_, last_block, message_id.to_bytes(4, "big"))[: len(last_block)]


class Phase1Inputs(NamedTuple):
    """What HASH_I and HASH_R cover besides the identities: `sai_b` is the body of the initiator's SA, by both ends."""

    g_xi: bytes
    g_xr: bytes
    cookies: Cookies
    sai_b: bytes


def hash_i(with_skeyid: Prf, inputs: Phase1Inputs, idii_b: bytes) -> bytes:
    """Return what authenticates the initiator (RFC 2409 section 5)."""
    cookies = inputs.cookies.initiator + inputs.cookies.responder
    # HASH_I = prf(SKEYID, g^xi | g^xr | CKY-I | CKY-R | SAi_b | IDii_b)
    return with_skeyid(inputs.g_xi + inputs.g_xr + cookies + inputs.sai_b + idii_b)


def hash_r(with_skeyid: Prf, inputs: Phase1Inputs, idir_b: bytes) -> bytes:
    """Return what authenticates the responder (RFC 2409 section 5)."""
    cookies = inputs.cookies.responder + inputs.cookies.initiator
    # HASH_R = prf(SKEYID, g^xr | g^xi | CKY-R | CKY-I | SAi_b | IDir_b)
    return with_skeyid(inputs.g_xr + inputs.g_xi + cookies + inputs.sai_b + idir_b)


def hash_1(with_skeyid_a: Prf, message_id: int, rest: bytes) -> bytes:
    """Return the hash of the first message of quick mode, or of an informational message (RFC 2409 5.5, 5.7).

    `rest` is every payload behind the hash, with generic headers and without padding.
    """
    # HASH(1) = prf(SKEYID_a, M-ID | SA | Ni [ | KE ] [ | IDci | IDcr ])
    # HASH(1) = prf(SKEYID_a, M-ID | N/D)
    return with_skeyid_a(message_id.to_bytes(4, "big") + rest)


def hash_2(with_skeyid_a: Prf, message_id: int, ni_b: bytes, rest: bytes) -> bytes:
    """Return the hash of the second message of quick mode (RFC 2409 section 5.5); `rest` as for `hash_1`."""
    # HASH(2) = prf(SKEYID_a, M-ID | Ni_b | SA | Nr [ | KE ] [ | IDci | IDcr ])
    return with_skeyid_a(message_id.to_bytes(4, "big") + ni_b + rest)


def hash_3(with_skeyid_a: Prf, message_id: int, ni_b: bytes, nr_b: bytes) -> bytes:
    """Return the hash of the third message of quick mode (RFC 2409 section 5.5)."""
    # HASH(3) = prf(SKEYID_a, 0 | M-ID | Ni_b | Nr_b)
    return with_skeyid_a(b"\0" + message_id.to_bytes(4, "big") + ni_b + nr_b)


def delete_hash_2(with_skeyid_a: Prf, message_id: int, ni_b: bytes, rest: bytes) -> bytes:
    """Return the hash of the answer to an acknowledged delete ([MS-IKEE] 3.8); `rest` as for `hash_1`."""
    # HASH(2) = prf(SKEYID_a, Ni_b | M-ID | Nr | D), where quick mode has the message ID first
    return with_skeyid_a(ni_b + message_id.to_bytes(4, "big") + rest)


@dataclass(frozen=True, slots=True)
class Phase2Inputs:
    """What the keys of an AH or ESP SA are made of; `g_qm_xy` is the secret of quick mode, empty without PFS."""

    ni_b: bytes
    nr_b: bytes
    g_qm_xy: bytes = field(default=b"", repr=False)


def keymat(with_skeyid_d: Prf, inputs: Phase2Inputs, protocol: int, spi: bytes, octets: int) -> bytes:
    """Return that many octets of key for the SA of one direction (RFC 2409 section 5.5).

    `spi` is the one that the receiver of the packets chose. The encryption key comes first, then the integrity key.
    """
    # KEYMAT = prf(SKEYID_d, [ g(qm)^xy | ] protocol | SPI | Ni_b | Nr_b)
    # KEYMAT = K1 | K2 | K3 ..., K2 = prf(SKEYID_d, K1 | [ g(qm)^xy | ] protocol | SPI | Ni_b | Nr_b), ...
    seed = inputs.g_qm_xy + protocol.to_bytes(1, "big") + spi + inputs.ni_b + inputs.nr_b
    block = key = with_skeyid_d(seed)
    while len(key) < octets:
        block = with_skeyid_d(block + seed)
        key += block
    return key[:octets]


def nat_detection(hash_: Integrity, cookies: Cookies, address: IPv4Address | IPv6Address, port: int) -> bytes:
    """Return what a NAT-D payload says of an address and UDP port (RFC 3947 section 3.2)."""
    # HASH = hash(CKY-I | CKY-R | IP | Port)
    return digest(hash_, cookies.initiator, cookies.responder, address.packed, port.to_bytes(2, "big"))
