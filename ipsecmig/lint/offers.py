"""What offers of quick mode give."""

from __future__ import annotations

from ipsecmig.model.algorithms import Encryption, Integrity
from ipsecmig.model.policy import EspTransform, QuickModeOffer


def encrypts(offer: QuickModeOffer) -> bool:
    """Whether packets under `offer` are encrypted: AH and ESP without encryption are not."""
    return any(isinstance(t, EspTransform) and t.encryption is not Encryption.NULL for t in offer.transforms)


def encrypts_with(offer: QuickModeOffer, cipher: Encryption) -> bool:
    """Whether packets under `offer` are encrypted with `cipher`."""
    return any(isinstance(t, EspTransform) and t.encryption is cipher for t in offer.transforms)


def hashes_with(offer: QuickModeOffer, integrity: Integrity) -> bool:
    """Whether packets under `offer` are authenticated with `integrity`, in ESP or AH."""
    return any(t.integrity is integrity for t in offer.transforms)
