"""Encryption of messages (RFC 2409 appendix B).

Each message of an exchange is encrypted with the last block of ciphertext of the one before as its IV, so every
function here also returns that block.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from ipsecmig.ike.crypto.ciphers import Cbc
from ipsecmig.ike.errors import Malformed
from ipsecmig.ike.wire.cursor import Cursor
from ipsecmig.ike.wire.generic import Payload, encode_chain, length_of_first
from ipsecmig.ike.wire.message import HEADER, Header, SealedMessage
from ipsecmig.ike.wire.numbers import Flag
from ipsecmig.ike.wire.opaque import Hash
from ipsecmig.ike.wire.payloads import decode_payloads, encode_payloads

_ENCRYPTED: Final = int(Flag.ENCRYPTED)

MAX_PADDING: Final = 255
"""How much padding is tolerated. A block less one octet suffices; some peers add more, and of random content."""


class Opened(NamedTuple):
    """A decrypted message: its payloads, the padding behind them, and the IV of the next message.

    `covered` are the octets of all payloads but the first: what a hash in the first one covers.
    """

    payloads: tuple[Payload, ...]
    covered: bytes
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
    return seal_octets(header, first, _padded(plaintext, cbc), cbc, iv)


def seal_hashed(
    header: Header, hash_of: Callable[[bytes], bytes], payloads: tuple[Payload, ...], cbc: Cbc, iv: bytes
) -> tuple[SealedMessage, bytes]:
    """Return the encrypted message of a hash and the payloads that it covers, and the IV of the next one.

    `hash_of` is given the octets of those payloads. Raises OverflowError or ValueError for a field that does not fit.
    """
    following, covered = encode_payloads(payloads)
    first, plaintext = encode_chain((Hash(hash_of(covered)),), following, covered)
    return seal_octets(header, first, _padded(plaintext, cbc), cbc, iv)


def _padded(plaintext: bytes, cbc: Cbc) -> bytes:
    return plaintext + bytes(-len(plaintext) % cbc.cipher.block_octets)


def seal_octets(header: Header, first: int, plaintext: bytes, cbc: Cbc, iv: bytes) -> tuple[SealedMessage, bytes]:
    """Return the message of whole blocks of plaintext, encrypted, and the IV of the next one.

    `first` is the type of the first payload. Raises ValueError for anything but whole blocks.
    """
    ciphertext = cbc.encrypt(iv, plaintext)
    return SealedMessage(_encrypted(header), first, ciphertext), ciphertext[-cbc.cipher.block_octets :]


def _encrypted(header: Header) -> Header:
    initiator, responder, exchange, flags, message_id, version = header
    if flags & _ENCRYPTED:
        return header
    return Header(initiator, responder, exchange, flags | _ENCRYPTED, message_id, version)


def unseal(message: SealedMessage, cbc: Cbc, iv: bytes) -> Opened:
    """Return what the message holds.

    Raises Malformed when the ciphertext is not some whole blocks (offset in the datagram), and when the plaintext is
    no chain of payloads or has more than `MAX_PADDING` octets behind it (offset in the plaintext). Both also happen
    when the keys of the peer differ, as with an unequal preshared key.
    """
    block = cbc.cipher.block_octets
    if not message.ciphertext or len(message.ciphertext) % block:
        raise Malformed(HEADER, f"whole blocks of {block} octets, not {len(message.ciphertext)} octets")
    plaintext = cbc.decrypt(iv, message.ciphertext)
    cursor = Cursor(plaintext)
    payloads, end = decode_payloads(cursor, message.first), cursor.offset
    covered = plaintext[length_of_first(plaintext) : end] if payloads else b""
    padding = plaintext[end:]
    if len(padding) > MAX_PADDING:
        raise Malformed(end, f"at most {MAX_PADDING} octets of padding, not {len(padding)}")
    return Opened(payloads, covered, padding, message.ciphertext[-block:])
