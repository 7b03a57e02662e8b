"""RSA signatures of IKEv1: of the bare hash, without the DigestInfo of every other protocol (RFC 2409 section 5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipsecmig.ike.crypto.hashes import equal

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey


def sign(key: RSAPrivateKey, hash_: bytes) -> bytes:
    """Return the PKCS #1 v1.5 signature, as long as the modulus. Raises ValueError for a key that is too short."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo

    return key.sign(hash_, PKCS1v15(), NoDigestInfo())


def is_signature(key: RSAPublicKey, signature: bytes, hash_: bytes) -> bool:
    """Tell whether that is the owner's signature of the hash."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

    try:
        return equal(key.recover_data_from_signature(signature, PKCS1v15(), None), hash_)
    except InvalidSignature:
        return False
