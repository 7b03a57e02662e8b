"""The block ciphers of phase 1, in CBC mode, with their numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ipsecmig import crypto
from ipsecmig.ike.errors import InvalidKey
from ipsecmig.model.algorithms import ENCRYPTION, Encryption, EncryptionAlgorithm

_DES: Final = 1
_TRIPLE_DES: Final = 5
_AES: Final = 7
_CAMELLIA: Final = 8

_PRIMITIVE: Final = {
    _DES: crypto.BlockCipher.DES,
    _TRIPLE_DES: crypto.BlockCipher.TRIPLE_DES,
    _AES: crypto.BlockCipher.AES,
    _CAMELLIA: crypto.BlockCipher.CAMELLIA,
}


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


_OF_THE_MODEL: Final = {row.encryption: _row(row.oakley, row) for row in ENCRYPTION.values() if row.oakley is not None}

CIPHERS: Final = (
    *_OF_THE_MODEL.values(),
    *(BlockCipher(f"camellia{bits}", _CAMELLIA, 22, bits // 8, 16, bits) for bits in (128, 192, 256)),
)
"""Every cipher that phase 1 can use. Windows knows no Camellia (RFC 4312); present peers do."""


_BY_OAKLEY: Final = {(row.oakley, row.key_length): row for row in CIPHERS}


def by_oakley(number: int, key_length: int | None) -> BlockCipher | None:
    """Return the cipher with that number and key length attribute in a phase 1 transform, None if unsupported."""
    return _BY_OAKLEY.get((number, key_length))


def by_name(encryption: Encryption) -> BlockCipher:
    """Return the cipher of the model. Raises ValueError for NULL, which phase 1 cannot use."""
    cipher = _OF_THE_MODEL.get(encryption)
    if cipher is None:
        raise ValueError(f"phase 1 cannot use {encryption.value}")
    return cipher


def check_key(encryption: Encryption, key: bytes) -> None:
    """Check the KEYMAT of an ESP SA, which begins with the key of the cipher. Raises InvalidKey for a weak one."""
    cipher = _OF_THE_MODEL.get(encryption)
    if cipher is not None:
        _reject_weak(_PRIMITIVE[cipher.oakley], key[: cipher.key_octets])


def _reject_weak(primitive: crypto.BlockCipher, key: bytes) -> None:
    weakness = crypto.weakness(primitive, key)
    if weakness is not None:
        raise InvalidKey(weakness)


class Cbc:
    """A cipher with its key. Raises InvalidKey for a weak key, ValueError for one of the wrong length.

    There is one context for each direction: making one costs more than a message. That its chain goes on from the
    message before is made good, so that results depend on the arguments alone.
    """

    __slots__ = ("_decryptor", "_encryptor", "_last", "cipher")

    def __init__(self, cipher: BlockCipher, key: bytes) -> None:
        if len(key) != cipher.key_octets:
            raise ValueError(f"{cipher.name} needs a key of {cipher.key_octets} octets, not {len(key)}")
        primitive = _PRIMITIVE[cipher.oakley]
        _reject_weak(primitive, key)
        self.cipher = cipher
        self._last = bytes(cipher.block_octets)
        keyed = crypto.keyed_cbc(primitive, key)(self._last)
        self._encryptor: crypto.CipherContext = keyed.encryptor()
        self._decryptor: crypto.CipherContext = keyed.decryptor()

    def encrypt(self, iv: bytes, plaintext: bytes) -> bytes:
        """Return the ciphertext of whole blocks. Raises ValueError for anything but whole blocks and one as IV."""
        self._check(iv, plaintext)
        block = self.cipher.block_octets
        # The context adds the last block that it made to the first one of this message: the IV is to be there instead.
        first = _sum(plaintext[:block], iv, self._last) if plaintext else b""
        ciphertext = self._encryptor.update(first + plaintext[block:])
        self._last = ciphertext[-block:] or self._last
        return ciphertext

    def decrypt(self, iv: bytes, ciphertext: bytes) -> bytes:
        """Return the plaintext of whole blocks. Raises ValueError for anything but whole blocks and one as IV."""
        self._check(iv, ciphertext)
        # Behind the IV the chain is the right one; what the IV itself deciphers to is worth nothing.
        return self._decryptor.update(iv + ciphertext)[self.cipher.block_octets :]

    def _check(self, iv: bytes, text: bytes) -> None:
        if len(text) % self.cipher.block_octets or len(iv) != self.cipher.block_octets:
            raise ValueError(f"{self.cipher.name} takes whole blocks, not {len(text)} octets with an IV of {len(iv)}")


def _sum(one: bytes, other: bytes, third: bytes) -> bytes:
    """Return the sum modulo 2, bit by bit, of three runs of octets that are equally long."""
    total = int.from_bytes(one, "big") ^ int.from_bytes(other, "big") ^ int.from_bytes(third, "big")
    return total.to_bytes(len(one), "big")
