"""The block ciphers and HMACs of every protocol here, without negotiation, packets or numbers on the wire.

The ciphers are those of `cryptography` (the extra `engine`), imported when one is made; the hashes are the
standard library's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Final, Protocol

from ipsecmig.errors import UsageError
from ipsecmig.model.algorithms import ENCRYPTION, Encryption, Integrity

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher
    from cryptography.hazmat.primitives.ciphers.modes import CBC


class BlockCipher(Enum):
    """A block cipher, whatever the length of its key. Camellia (RFC 3713) is none that the model knows."""

    __hash__ = object.__hash__  # members are looked up for each key, and each is the only one of its kind

    DES = "des"
    TRIPLE_DES = "3des"
    AES = "aes"
    CAMELLIA = "camellia"


_BLOCK_CIPHER: Final = {
    Encryption.DES: BlockCipher.DES,
    Encryption.TRIPLE_DES: BlockCipher.TRIPLE_DES,
    Encryption.AES128: BlockCipher.AES,
    Encryption.AES192: BlockCipher.AES,
    Encryption.AES256: BlockCipher.AES,
}


_WITHOUT_CRYPTOGRAPHY: Final = 'this needs the "engine" extra: pip install "ipsecmig[engine]"'


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
    octets = ENCRYPTION[encryption].key_bits // 8
    if not octets or len(key) != octets:
        raise ValueError(f"{encryption.value} has a key of {octets} octets, not {len(key)}")
    return keyed_cbc(_BLOCK_CIPHER[encryption], key)(iv)


def keyed_cbc(cipher: BlockCipher, key: bytes) -> Callable[[bytes], Cipher[CBC]]:
    """Return the cipher with its key, be it weak, in CBC mode: a function of the IV.

    Raises ValueError for a key of a length that the cipher does not have, as the function does for such an IV;
    UsageError without `cryptography`.
    """
    return _cbc_of(cipher)(key)


@cache
def _cbc_of(cipher: BlockCipher) -> Callable[[bytes], Callable[[bytes], Cipher[CBC]]]:
    """Return what makes of a key what `keyed_cbc` returns; importing for each key would cost half of its time."""
    try:
        from cryptography.hazmat.decrepit.ciphers.algorithms import Camellia, TripleDES
        from cryptography.hazmat.primitives.ciphers import Cipher
        from cryptography.hazmat.primitives.ciphers.algorithms import AES
        from cryptography.hazmat.primitives.ciphers.modes import CBC
    except ImportError as error:
        raise UsageError(_WITHOUT_CRYPTOGRAPHY) from error
    algorithms: dict[BlockCipher, Callable[[bytes], BlockCipherAlgorithm]] = {
        BlockCipher.DES: lambda key: TripleDES(key * 3),  # encipher, decipher, encipher with one key is DES
        BlockCipher.TRIPLE_DES: TripleDES,
        BlockCipher.AES: AES,
        BlockCipher.CAMELLIA: Camellia,
    }
    algorithm = algorithms[cipher]

    def with_key(key: bytes) -> Callable[[bytes], Cipher[CBC]]:
        keyed = algorithm(key)
        return lambda iv: Cipher(keyed, CBC(iv))

    return with_key


# RFC 2409 appendix A: the weak and semi-weak keys. The lowest bit of each octet is parity and takes no part.
_WEAK_DES_KEYS: Final = bytes.fromhex(
    "0101010101010101 1f1f1f1f0e0e0e0e e0e0e0e0f1f1f1f1 fefefefefefefefe"
    "01fe01fe01fe01fe 1fe01fe00ef10ef1 01e001e001f101f1 1ffe1ffe0efe0efe"
    "011f011f010e010e e0fee0fef1fef1fe fe01fe01fe01fe01 e01fe01ff10ef10e"
    "e001e001f101f101 fe1ffe1ffe0efe0e 1f011f010e010e01 fee0fee0fef1fef1"
)


_WITHOUT_PARITY: Final = bytes(octet & 0xFE for octet in range(256))


_WEAK_DES: Final = frozenset(
    _WEAK_DES_KEYS[at : at + 8].translate(_WITHOUT_PARITY) for at in range(0, len(_WEAK_DES_KEYS), 8)
)


def _weakness_of_des(key: bytes) -> str | None:
    weak = key.translate(_WITHOUT_PARITY) in _WEAK_DES
    return "the derived DES key is one of the weak keys of RFC 2409 appendix A" if weak else None


def _weakness_of_triple_des(key: bytes) -> str | None:
    octets = key.translate(_WITHOUT_PARITY)
    # With equal neighbours it would be mere DES (RFC 2451 section 2.3).
    weak = octets[8:16] in (octets[:8], octets[16:])
    return "two neighbouring parts of the derived 3DES key are equal" if weak else None


_WEAKNESS: Final = {BlockCipher.DES: _weakness_of_des, BlockCipher.TRIPLE_DES: _weakness_of_triple_des}


def weakness(cipher: BlockCipher, key: bytes) -> str | None:
    """Return why the key must not be used, never the key itself; None for a good key."""
    weakness_of = _WEAKNESS.get(cipher)
    return None if weakness_of is None else weakness_of(key)


_INNER_PAD: Final = bytes(octet ^ 0x36 for octet in range(256))
_OUTER_PAD: Final = bytes(octet ^ 0x5C for octet in range(256))

_HASHES: Final = {
    Integrity.MD5: hashlib.md5,
    Integrity.SHA1: hashlib.sha1,
    Integrity.SHA256: hashlib.sha256,
    Integrity.SHA384: hashlib.sha384,
    Integrity.SHA512: hashlib.sha512,
}
_BLOCKS: Final = {integrity: new(usedforsecurity=False).block_size for integrity, new in _HASHES.items()}


def hash_of(integrity: Integrity, message: bytes) -> bytes:
    """Return the hash that the HMAC is made of."""
    return _HASHES[integrity](message, usedforsecurity=False).digest()


def _pads(integrity: Integrity, key: bytes) -> tuple[bytes, bytes]:
    """Return what the inner and the outer hash of HMAC begin with (RFC 2104 section 2)."""
    block = _BLOCKS[integrity]
    padded = (key if len(key) <= block else hash_of(integrity, key)).ljust(block, b"\0")
    return padded.translate(_INNER_PAD), padded.translate(_OUTER_PAD)


# The `hmac` module computes the same, but its calls take half as long again for a packet, twice as long for a key.


def hmac_of(integrity: Integrity, key: bytes, message: bytes) -> bytes:
    """Return HMAC (RFC 2104) of one message."""
    new = _HASHES[integrity]
    inner, outer = _pads(integrity, key)
    return new(outer + new(inner + message, usedforsecurity=False).digest(), usedforsecurity=False).digest()


def keyed_hmac(integrity: Integrity, key: bytes) -> Callable[[bytes], bytes]:
    """Return HMAC (RFC 2104) with `key` as a function of the message; its result is not truncated.

    The key is hashed once, not for each message.
    """
    new = _HASHES[integrity]
    inner_pad, outer_pad = _pads(integrity, key)
    inner, outer = new(inner_pad, usedforsecurity=False).copy, new(outer_pad, usedforsecurity=False).copy

    def digest(message: bytes) -> bytes:
        first, second = inner(), outer()
        first.update(message)
        second.update(first.digest())
        return second.digest()

    return digest
