"""Associations as states of the kernel, set by hand."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final

from ipsecmig.esp.association import SecurityAssociation, SecurityProtocol
from ipsecmig.model.algorithms import Encryption, Integrity

ENCRYPTIONS: Final = {
    Encryption.NULL: "ecb(cipher_null)",
    Encryption.DES: "cbc(des)",
    Encryption.TRIPLE_DES: "cbc(des3_ede)",
    Encryption.AES128: "cbc(aes)",
    Encryption.AES192: "cbc(aes)",
    Encryption.AES256: "cbc(aes)",
}
INTEGRITIES: Final = {
    Integrity.MD5: ("hmac(md5)", 96),
    Integrity.SHA1: ("hmac(sha1)", 96),
    Integrity.SHA256: ("hmac(sha256)", 128),
    Integrity.SHA384: ("hmac(sha384)", 192),
    Integrity.SHA512: ("hmac(sha512)", 256),
}


def state(sa: SecurityAssociation, reqid: int) -> str:
    """Return the line for `ip -batch` that gives the kernel an association, for the templates of that number."""
    source, destination, protocol = ip_address(sa.source), ip_address(sa.destination), sa.protocol.name.lower()
    words = [f"xfrm state add src {source} dst {destination} proto {protocol} spi {sa.spi:#x} reqid {reqid}"]
    words += [f"mode {sa.mode.name.lower()} replay-window 32"]
    if sa.encryption is not None:
        words += [f'enc {ENCRYPTIONS[sa.encryption]} "{_hexadecimal(sa.encryption_key)}"']
    if sa.integrity is not None:
        hmac, bits = INTEGRITIES[sa.integrity]
        words += [f"auth-trunc {hmac} {_hexadecimal(sa.integrity_key)} {bits}"]
    if sa.udp is not None:
        words += [f"encap espinudp {sa.udp.source_port} {sa.udp.destination_port} 0.0.0.0"]
    if sa.protocol is SecurityProtocol.AH and len(sa.source) == 4:
        # Without it Linux wants AH of IPv4 padded to 8 octets, where RFC 2402 section 2.6 says 4.
        words += ["flag align4"]
    return " ".join(words)


def _hexadecimal(key: bytes) -> str:
    return f"0x{key.hex()}" if key else ""
