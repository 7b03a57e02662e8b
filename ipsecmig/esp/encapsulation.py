"""The body of ESP: sealing and opening it, RFC 2406 sections 2 to 3.

SPI 4 | sequence 4 | IV | payload | padding 1, 2, 3 .. | pad length 1 | next header 1 | ICV
                        |<------------------ enciphered ------------------>|
|<------------------------------ authenticated ------------------------->|
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Final

from ipsecmig.crypto import CipherContext, cbc_decryptor, cbc_encryptor, keyed_hmac
from ipsecmig.esp.association import SecurityAssociation, icv_octets
from ipsecmig.esp.errors import PacketRejected, Reason
from ipsecmig.esp.replay import ReplayWindow, SequenceCounter, Usage
from ipsecmig.model.algorithms import ENCRYPTION, Encryption

_HEADER_OCTETS: Final = 8
_PADDING: Final = bytes(range(1, 256))
_TRAILERS: Final = tuple(_PADDING[:octets] + bytes((octets,)) for octets in range(16))
_NEXT_HEADERS: Final = tuple(bytes((number,)) for number in range(256))
_ALIGNMENT: Final = 4
"""Pad length and next header end on a word boundary, whatever the cipher (RFC 2406 section 2.4)."""


def iv_octets(encryption: Encryption) -> int:
    """Return the length of the IV: a block of the cipher, nothing for NULL (RFC 2410 section 2)."""
    return 0 if encryption is Encryption.NULL else ENCRYPTION[encryption].block_bits // 8


def _encryption(sa: SecurityAssociation) -> Encryption:
    if sa.encryption is None:
        raise ValueError("not an association of ESP")
    return sa.encryption


class EspSealer:
    """The sending end of an ESP association. `sequence.last` may be set, to continue an earlier one."""

    __slots__ = ("_authenticate", "_block", "_context", "_icv", "_iv", "_spi", "sequence", "usage")

    def __init__(self, sa: SecurityAssociation) -> None:
        encryption = _encryption(sa)
        self.sequence = SequenceCounter()
        self.usage = Usage(sa.octet_limit)
        self._spi = sa.spi.to_bytes(4, "big")
        self._iv = iv_octets(encryption)
        self._block = max(self._iv, _ALIGNMENT)
        self._icv = icv_octets(sa.integrity)
        self._authenticate = keyed_hmac(sa.integrity, sa.integrity_key) if sa.integrity else None
        # One context for the life of the association: making one costs more than a packet.
        self._context: CipherContext | None = None
        if self._iv:
            self._context = cbc_encryptor(encryption, sa.encryption_key, bytes(self._iv))

    @property
    def random_octets(self) -> int:
        """How many random octets each packet needs."""
        return self._iv

    def seal(self, next_header: int, payload: bytes, random: bytes) -> bytes:
        """Return the ESP body around `payload`.

        `random` is as many fresh, unpredictable octets as `random_octets` says. Raises ValueError for another number
        of them, PacketRejected when sequence numbers or lifetime are used up.
        """
        if len(random) != self._iv:
            raise ValueError(f"{self._iv} random octets are needed, not {len(random)}")
        sequence = self.sequence.following()
        plain = payload + _TRAILERS[-(len(payload) + 2) % self._block] + _NEXT_HEADERS[next_header]
        self.usage.count(len(plain))
        self.sequence.last = sequence
        # The chain goes on from the packet before, so its last block would be a predictable IV. A random block goes
        # first; what it enciphers to is the IV, as RFC 3602 section 3 wants it: unpredictable.
        secret = plain if self._context is None else self._context.update(random + plain)
        body = self._spi + sequence.to_bytes(4, "big") + secret
        return body if self._authenticate is None else body + self._authenticate(body)[: self._icv]


class EspOpener:
    """The receiving end of an ESP association."""

    __slots__ = ("_authenticate", "_block", "_context", "_icv", "_iv", "_least", "_spi", "_window", "usage")

    def __init__(self, sa: SecurityAssociation) -> None:
        encryption = _encryption(sa)
        self.usage = Usage(sa.octet_limit)
        self._spi = sa.spi.to_bytes(4, "big")
        self._iv = iv_octets(encryption)
        self._block = max(self._iv, _ALIGNMENT)
        self._icv = icv_octets(sa.integrity)
        self._least = _HEADER_OCTETS + self._iv + self._block + self._icv
        self._authenticate = keyed_hmac(sa.integrity, sa.integrity_key) if sa.integrity else None
        self._window = ReplayWindow()
        self._context: CipherContext | None = None
        if self._iv:
            self._context = cbc_decryptor(encryption, sa.encryption_key, bytes(self._iv))

    def open(self, body: bytes) -> tuple[int, bytes]:
        """Return next header and payload of an ESP body, in the order of checks of RFC 2406 section 3.4.

        Raises PacketRejected.
        """
        end = len(body) - self._icv
        if len(body) < self._least or (end - _HEADER_OCTETS) % self._block:
            raise PacketRejected(Reason.TRUNCATED, "ESP")
        if body[:4] != self._spi:
            raise PacketRejected(Reason.WRONG_SPI, body[:4].hex())
        if self._authenticate is not None:
            self._check(self._authenticate, body, end)
        self.usage.count(end - _HEADER_OCTETS - self._iv)
        secret = body[_HEADER_OCTETS:end]
        # The first block of the result has nothing to do with this packet: it comes of the chain before the IV.
        return _unpadded(secret if self._context is None else self._context.update(secret), self._iv)

    def _check(self, authenticate: Callable[[bytes], bytes], body: bytes, end: int) -> None:
        sequence = int.from_bytes(body[4:8], "big")
        if self._window.refuses(sequence):
            raise PacketRejected(Reason.REPLAYED, f"number {sequence}")
        if not hmac.compare_digest(authenticate(body[:end])[: self._icv], body[end:]):
            raise PacketRejected(Reason.BAD_ICV)
        self._window.record(sequence)


def _unpadded(plain: bytes, start: int) -> tuple[int, bytes]:
    """Return next header and payload of what was deciphered; the payload begins at `start`."""
    padding, next_header = plain[-2], plain[-1]
    end = len(plain) - 2 - padding
    if end < start or plain[end:-2] != _PADDING[:padding]:
        raise PacketRejected(Reason.BAD_PADDING, f"{padding} octets")
    return next_header, plain[start:end]
