"""The blob of an ipsecNegotiationPolicy: the offers of quick mode ([MS-GPIPSEC] 2.2.1.3)."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import Final, NamedTuple

from ipsecmig.stored.blobs.cursor import DWORD, Cursor
from ipsecmig.stored.blobs.errors import MalformedBlob
from ipsecmig.stored.blobs.text import guid_bytes

NEGOTIATION_TYPE: Final = guid_bytes("{80DC20B9-2EC8-11D1-A89E-00A0248D3021}")

SLOTS: Final = 3
"""How many algorithms an offer has room for."""

_OFFER: Final = Struct("<5I")
_SLOT: Final = Struct("<III8s")

OFFERS_OFFSET: Final = len(NEGOTIATION_TYPE) + 2 * DWORD.size
OFFER_SIZE: Final = _OFFER.size + SLOTS * _SLOT.size
"""Where the offers begin in the blob, and how many bytes each takes."""


class Algorithm(NamedTuple):
    """One slot of an offer. `operation` is 1 for AH, 2 for ESP; Windows 2000 leaves lengths in `reserved`."""

    algorithm: int = 0
    integrity: int = 0
    operation: int = 0
    reserved: bytes = bytes(8)


class Offer(NamedTuple):
    """One offer. Lifetimes are in seconds and kilobytes, 0 meaning the default; unused slots are kept as well."""

    lifetime_seconds: int = 0
    lifetime_kilobytes: int = 0
    options: int = 0
    pfs: int = 0
    used: int = 0
    slots: tuple[Algorithm, ...] = (Algorithm(),) * SLOTS

    @property
    def algorithms(self) -> tuple[Algorithm, ...]:
        """The slots that are used."""
        return self.slots[: self.used]


@dataclass(frozen=True, slots=True)
class NegotiationBlob:
    """Offers in order of preference; `rest` is one zero byte as Windows writes it."""

    offers: tuple[Offer, ...] = ()
    data_length: int = DWORD.size
    rest: bytes = b"\0"

    @classmethod
    def parse(cls, data: bytes) -> NegotiationBlob:
        """Return the blob; raises MalformedBlob."""
        cursor = Cursor(data)
        length = cursor.header(NEGOTIATION_TYPE, "a negotiation policy")
        count = cursor.count(OFFER_SIZE, "offers")
        return cls(tuple(_parse_offer(cursor) for _ in range(count)), length, cursor.rest())

    @property
    def usual_length(self) -> int:
        """The Data-Length that Windows writes: everything after it but the last byte."""
        return DWORD.size + OFFER_SIZE * len(self.offers)

    def write(self) -> bytes:
        """Return its bytes."""
        offers = b"".join(_write_offer(offer) for offer in self.offers)
        return NEGOTIATION_TYPE + DWORD.pack(self.data_length) + DWORD.pack(len(self.offers)) + offers + self.rest


def _parse_offer(cursor: Cursor) -> Offer:
    start = cursor.offset
    fields = cursor.fields(_OFFER, "an offer")
    used = fields[4]
    if used > SLOTS:
        raise MalformedBlob(start + 16, f"a number of {used:,} algorithms", f"one of at most {SLOTS}")
    slots = tuple(Algorithm._make(cursor.fields(_SLOT, "an algorithm")) for _ in range(SLOTS))
    return Offer._make((*fields, slots))


def _write_offer(offer: Offer) -> bytes:
    return _OFFER.pack(*offer[:5]) + b"".join(_SLOT.pack(*slot) for slot in offer.slots)
