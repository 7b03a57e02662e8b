"""Encryption of messages (RFC 2409 appendix B).

Each message of an exchange is encrypted with the last block of ciphertext of the one before as its IV, so every
function here also returns that block.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from ipsecmig.ike.crypto.ciphers import Cbc
from ipsecmig.ike.errors import Malformed
from ipsecmig.ike.wire.cursor import Cursor
from ipsecmig.ike.wire.generic import Payload
from ipsecmig.ike.wire.message import HEADER, Header, SealedMessage
from ipsecmig.ike.wire.numbers import Flag
from ipsecmig.ike.wire.payloads import decode_payloads, encode_payloads

MAX_PADDING: Final = 255
"""How much padding is tolerated. A block less one octet suffices; some peers add more, and of random content."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A decrypted message: its payloads, the padding behind them, and the IV of the next message."""

    payloads: tuple[Payload, ...]
    padding: bytes
    next_iv: bytes


def seal(header: Header, payloads: tuple[Payload, ...], cbc: Cbc, iv: bytes) -> tuple[SealedMessage, bytes]:
    """Return the encrypted message and the IV of the next one; padding is zeros up to a whole block.

    The header's encrypted flag gets set. Raises ValueError for no payloads, OverflowError or ValueError for a field
    that does not fit.
    """
    first, plaintext = encode_payloads(payloads)
    if not plaintext:
        raise ValueError("a message without payloads cannot be encrypted")
    padding = bytes(-len(plaintext) % cbc.cipher.block_octets)
    return seal_octets(header, first, plaintext + padding, cbc, iv)


def seal_octets(header: Header, first: int, plaintext: bytes, cbc: Cbc, iv: bytes) -> tuple[SealedMessage, bytes]:
    """Return the message of whole blocks of plaintext, encrypted, and the IV of the next one.

    `first` is the type of the first payload. Raises ValueError for anything but whole blocks.
    """
    ciphertext = cbc.encrypt(iv, plaintext)
    sealed = SealedMessage(replace(header, flags=header.flags | Flag.ENCRYPTED), first, ciphertext)
    return sealed, ciphertext[-cbc.cipher.block_octets :]


def unseal(message: SealedMessage, cbc: Cbc, iv: bytes) -> Opened:
    """Return what the message holds.

    Raises Malformed when the ciphertext is not some whole blocks (offset in the datagram), and when the plaintext is
    no chain of payloads or has more than `MAX_PADDING` octets behind it (offset in the plaintext). Both also happen
    when the keys of the peer differ, as with an unequal preshared key.
    """
    block = cbc.cipher.block_octets
    if not message.ciphertext or len(message.ciphertext) % block:
        raise Malformed(HEADER, f"whole blocks of {block} octets, not {len(message.ciphertext)} octets")
    cursor = Cursor(cbc.decrypt(iv, message.ciphertext))
    payloads = decode_payloads(cursor, message.first)
    if cursor.remaining > MAX_PADDING:
        raise Malformed(cursor.offset, f"at most {MAX_PADDING} octets of padding, not {cursor.remaining}")
    return Opened(payloads, cursor.rest(), message.ciphertext[-block:])
