"""What offers of quick mode give."""

from __future__ import annotations

from ipsecmig.model.algorithms import Encryption
from ipsecmig.model.policy import EspTransform, QuickModeOffer


def encrypts(offer: QuickModeOffer) -> bool:
    """Whether packets under `offer` are encrypted: AH and ESP without encryption are not."""
    return any(isinstance(t, EspTransform) and t.encryption is not Encryption.NULL for t in offer.transforms)
