"""The block ciphers of phase 1, in CBC mode. The primitives are those of `cryptography`, imported when one is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ipsecmig.errors import UsageError
from ipsecmig.ike.errors import InvalidKey
from ipsecmig.model.algorithms import ENCRYPTION, EncryptionAlgorithm

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm

_DES: Final = 1
_TRIPLE_DES: Final = 5
_AES: Final = 7
_CAMELLIA: Final = 8


@dataclass(frozen=True, slots=True)
class BlockCipher:
    """A cipher with one length of key, in octets; `key_length` is the attribute in bits, None if it is not sent."""

    name: str
    oakley: int
    esp: int
    key_octets: int
    block_octets: int
    key_length: int | None


def _row(oakley: int, row: EncryptionAlgorithm) -> BlockCipher:
    # A cipher whose keys are always of one length must not carry the attribute (RFC 2407 section 4.5).
    sent = None if oakley in (_DES, _TRIPLE_DES) else row.key_bits
    return BlockCipher(row.strongswan, oakley, row.esp, row.key_bits // 8, row.block_bits // 8, sent)


CIPHERS: Final = (
    *(_row(row.oakley, row) for row in ENCRYPTION.values() if row.oakley is not None),
    *(BlockCipher(f"camellia{bits}", _CAMELLIA, 22, bits // 8, 16, bits) for bits in (128, 192, 256)),
)
"""Every cipher that phase 1 can use. Windows knows no Camellia (RFC 4312); present peers do."""


def by_oakley(number: int, key_length: int | None) -> BlockCipher | None:
    """Return the cipher with that number and key length attribute in a phase 1 transform, None if unsupported."""
    return next((row for row in CIPHERS if (row.oakley, row.key_length) == (number, key_length)), None)


class Cbc:
    """A cipher with its key. Raises InvalidKey for a weak key, ValueError for one of the wrong length."""

    __slots__ = ("_algorithm", "cipher")

    def __init__(self, cipher: BlockCipher, key: bytes) -> None:
        if len(key) != cipher.key_octets:
            raise ValueError(f"{cipher.name} needs a key of {cipher.key_octets} octets, not {len(key)}")
        self.cipher = cipher
        self._algorithm = _algorithm(cipher, key)

    def encrypt(self, iv: bytes, plaintext: bytes) -> bytes:
        """Return the ciphertext of whole blocks. Raises ValueError for anything but whole blocks and one as IV."""
        from cryptography.hazmat.primitives.ciphers import Cipher, modes

        context = Cipher(self._algorithm, modes.CBC(iv)).encryptor()
        return context.update(plaintext) + context.finalize()

    def decrypt(self, iv: bytes, ciphertext: bytes) -> bytes:
        """Return the plaintext of whole blocks. Raises ValueError for anything but whole blocks and one as IV."""
        from cryptography.hazmat.primitives.ciphers import Cipher, modes

        context = Cipher(self._algorithm, modes.CBC(iv)).decryptor()
        return context.update(ciphertext) + context.finalize()


def _algorithm(cipher: BlockCipher, key: bytes) -> BlockCipherAlgorithm:
    try:
        from cryptography.hazmat.decrepit.ciphers.algorithms import Camellia, TripleDES
        from cryptography.hazmat.primitives.ciphers.algorithms import AES
    except ImportError as error:
        raise UsageError('the negotiation needs the "engine" extra: pip install "ipsecmig[engine]"') from error
    if cipher.oakley == _DES:
        _refuse_weak_des(key)
        return TripleDES(key * 3)
    if cipher.oakley == _TRIPLE_DES:
        _refuse_degenerate_triple_des(key)
        return TripleDES(key)
    return AES(key) if cipher.oakley == _AES else Camellia(key)


# RFC 2409 appendix A: the weak and semi-weak keys. The lowest bit of each octet is parity and takes no part.
_WEAK_DES_KEYS: Final = bytes.fromhex(
    "0101010101010101 1f1f1f1f0e0e0e0e e0e0e0e0f1f1f1f1 fefefefefefefefe"
    "01fe01fe01fe01fe 1fe01fe00ef10ef1 01e001e001f101f1 1ffe1ffe0efe0efe"
    "011f011f010e010e e0fee0fef1fef1fe fe01fe01fe01fe01 e01fe01ff10ef10e"
    "e001e001f101f101 fe1ffe1ffe0efe0e 1f011f010e010e01 fee0fee0fef1fef1"
)


def _without_parity(key: bytes) -> bytes:
    return bytes(octet & 0xFE for octet in key)


_WEAK_DES: Final = frozenset(_without_parity(_WEAK_DES_KEYS[at : at + 8]) for at in range(0, len(_WEAK_DES_KEYS), 8))


def _refuse_weak_des(key: bytes) -> None:
    if _without_parity(key) in _WEAK_DES:
        raise InvalidKey("the derived DES key is one of the weak keys of RFC 2409 appendix A")


def _refuse_degenerate_triple_des(key: bytes) -> None:
    """Refuse keys that make 3DES mere DES (RFC 2451 section 2.3)."""
    first, second, third = (_without_parity(key[at : at + 8]) for at in (0, 8, 16))
    if second in (first, third):
        raise InvalidKey("two neighbouring parts of the derived 3DES key are equal")
