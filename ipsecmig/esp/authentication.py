"""The Authentication Header, RFC 2402.

next header 1 | length in words less 2, 1 | reserved 2 | SPI 4 | sequence 4 | ICV, padded
"""

from __future__ import annotations

import hmac
import struct
from typing import Final

from ipsecmig.crypto import keyed_hmac
from ipsecmig.esp.association import SecurityAssociation, SecurityProtocol, icv_octets
from ipsecmig.esp.errors import PacketRejected, Reason
from ipsecmig.esp.headers import Parts, with_next
from ipsecmig.esp.mutable import immutable
from ipsecmig.esp.replay import ReplayWindow, SequenceCounter, Usage
from ipsecmig.model.algorithms import Integrity

_FIXED: Final = struct.Struct("!BBHII")


def _integrity(sa: SecurityAssociation) -> Integrity:
    if sa.integrity is None or sa.protocol is not SecurityProtocol.AH:
        raise ValueError("not an association of AH")
    return sa.integrity


class AhSigner:
    """The sending end of an AH association."""

    __slots__ = ("_authenticate", "_icv", "_spi", "sequence", "usage")

    def __init__(self, sa: SecurityAssociation) -> None:
        integrity = _integrity(sa)
        self.sequence = SequenceCounter()
        self.usage = Usage(sa.octet_limit)
        self._spi = sa.spi
        self._icv = icv_octets(integrity)
        self._authenticate = keyed_hmac(integrity, sa.integrity_key)

    def sign(self, parts: Parts) -> bytes:
        """Return the packet with AH between header and payload of `parts`.

        AH is padded to whole words, in IPv6 to whole pairs of them (RFC 2402 section 2.6). Raises PacketRejected.
        """
        sequence = self.sequence.following()
        blank = bytes(self._icv + -(_FIXED.size + self._icv) % (8 if parts.is_ipv6 else 4))
        octets = _FIXED.size + len(blank)
        fixed = _FIXED.pack(parts.protocol, octets // 4 - 2, 0, self._spi, sequence)
        header = with_next(parts, SecurityProtocol.AH, octets + len(parts.payload))
        covered = immutable(parts._replace(header=header)) + fixed + blank + parts.payload
        self.usage.count(len(covered))
        self.sequence.last = sequence
        icv = self._authenticate(covered)[: self._icv]
        return header + fixed + icv + blank[self._icv :] + parts.payload


class AhVerifier:
    """The receiving end of an AH association."""

    __slots__ = ("_authenticate", "_icv", "_spi", "_window", "usage")

    def __init__(self, sa: SecurityAssociation) -> None:
        integrity = _integrity(sa)
        self.usage = Usage(sa.octet_limit)
        self._spi = sa.spi
        self._icv = icv_octets(integrity)
        self._authenticate = keyed_hmac(integrity, sa.integrity_key)
        self._window = ReplayWindow()

    def verify(self, parts: Parts) -> tuple[int, bytes]:
        """Return next header and payload of what AH, the payload of `parts`, protects; RFC 2402 section 3.4.

        Raises PacketRejected.
        """
        body = parts.payload
        if len(body) < _FIXED.size + self._icv:
            raise PacketRejected(Reason.TRUNCATED, "AH")
        next_header, words, _, spi, sequence = _FIXED.unpack_from(body)
        end = self._end(body, words)
        if spi != self._spi:
            raise PacketRejected(Reason.WRONG_SPI, f"{spi:08x}")
        if self._window.refuses(sequence):
            raise PacketRejected(Reason.REPLAYED, f"number {sequence}")
        after = _FIXED.size + self._icv
        covered = immutable(parts) + body[: _FIXED.size] + bytes(self._icv) + body[after:]
        if not hmac.compare_digest(self._authenticate(covered)[: self._icv], body[_FIXED.size : after]):
            raise PacketRejected(Reason.BAD_ICV)
        self._window.record(sequence)
        self.usage.count(len(covered))
        return next_header, body[end:]

    def _end(self, body: bytes, words: int) -> int:
        """Return where AH ends. Linux pads to pairs of words in IPv4 too, so both paddings are taken."""
        end = (words + 2) * 4
        least = _FIXED.size + self._icv
        if end not in (least + -least % 4, least + -least % 8):
            raise PacketRejected(Reason.MALFORMED, f"AH of {end} octets")
        if end > len(body):
            raise PacketRejected(Reason.TRUNCATED, "AH")
        return end
