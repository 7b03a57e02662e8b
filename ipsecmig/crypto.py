"""The ciphers and HMACs below the packets, keyed by the rows of the table of algorithms.

The ciphers are those of `cryptography` (the extra `engine`), imported when one is made; the HMACs are the standard
library's.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from ipsecmig.errors import UsageError
from ipsecmig.model.algorithms import ENCRYPTION, Encryption, Integrity

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher
    from cryptography.hazmat.primitives.ciphers.modes import CBC


class CipherContext(Protocol):
    """A cipher that is fed whole blocks and carries its chain from one call to the next."""

    def update(self, data: bytes, /) -> bytes:
        """Return `data` enciphered or deciphered; as many octets as went in."""


def cbc_encryptor(encryption: Encryption, key: bytes, iv: bytes) -> CipherContext:
    """Return a context that enciphers in CBC mode from `iv`.

    Raises ValueError for NULL or for a key or IV of the wrong length, UsageError without `cryptography`.
    """
    return _cbc(encryption, key, iv).encryptor()


def cbc_decryptor(encryption: Encryption, key: bytes, iv: bytes) -> CipherContext:
    """Return a context that deciphers in CBC mode from `iv`; it raises what `cbc_encryptor` raises."""
    return _cbc(encryption, key, iv).decryptor()


def _cbc(encryption: Encryption, key: bytes, iv: bytes) -> Cipher[CBC]:
    algorithm = _algorithm(encryption, key)
    from cryptography.hazmat.primitives.ciphers import Cipher, modes

    return Cipher(algorithm, modes.CBC(iv))


def _algorithm(encryption: Encryption, key: bytes) -> BlockCipherAlgorithm:
    octets = ENCRYPTION[encryption].key_bits // 8
    if not octets or len(key) != octets:
        raise ValueError(f"{encryption.value} has a key of {octets} octets, not {len(key)}")
    try:
        from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
        from cryptography.hazmat.primitives.ciphers.algorithms import AES
    except ImportError as error:
        raise UsageError('packets need the "engine" extra: pip install "ipsecmig[engine]"') from error
    if encryption is Encryption.DES:
        return TripleDES(key * 3)  # encipher, decipher, encipher with one key is DES
    return TripleDES(key) if encryption is Encryption.TRIPLE_DES else AES(key)


def keyed_hmac(integrity: Integrity, key: bytes) -> Callable[[bytes], bytes]:
    """Return HMAC (RFC 2104) with `key` as a function of the message; its result is not truncated.

    The key is hashed once, not for each message.
    """
    keyed = hmac.new(key, digestmod=integrity.value)

    def digest(message: bytes) -> bytes:
        context = keyed.copy()
        context.update(message)
        return context.digest()

    return digest
