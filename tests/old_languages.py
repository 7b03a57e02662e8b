"""Words for main mode and quick mode as netsh and ipseccmd take them, written by the tests."""

from __future__ import annotations

from collections.abc import Iterable

from ipsecmig.model.algorithms import ENCRYPTION, GROUPS, INTEGRITY, Integrity
from ipsecmig.model.policy import AhTransform, MainModeOffer, QuickModeOffer, Transform


def main_mode_offers(offers: Iterable[MainModeOffer], *, sha: str = "SHA1") -> str:
    """Return offers of main mode, in which SHA-1 is called `sha`."""
    words = ((ENCRYPTION[o.encryption].netsh, _hash(o.integrity, sha), GROUPS[o.group].netsh) for o in offers)
    return " ".join(f"{cipher}-{hash_}-{group}" for cipher, hash_, group in words)


def quick_mode_offers(offers: Iterable[QuickModeOffer], *, sha: str = "SHA1", colon: str = ":", pfs: str = "") -> str:
    """Return offers of quick mode, with `colon` before their lifetimes and `pfs` after each."""
    return " ".join(f"{_offer(offer, sha, colon)}{pfs}" for offer in offers)


def _offer(offer: QuickModeOffer, sha: str, colon: str) -> str:
    parts = [
        f"{offer.lifetime_kilobytes}k" if offer.lifetime_kilobytes else "",
        f"{offer.lifetime_seconds}s" if offer.lifetime_seconds else "",
    ]
    lifetime = "/".join(filter(None, parts))
    transforms = "+".join(_transform(transform, sha) for transform in offer.transforms)
    return f"{transforms}{colon}{lifetime}" if lifetime else transforms


def _transform(transform: Transform, sha: str) -> str:
    if isinstance(transform, AhTransform):
        return f"AH[{_hash(transform.integrity, sha)}]"
    integrity = "None" if transform.integrity is None else _hash(transform.integrity, sha)
    return f"ESP[{ENCRYPTION[transform.encryption].netsh},{integrity}]"


def _hash(integrity: Integrity, sha: str) -> str:
    return sha if integrity is Integrity.SHA1 else str(INTEGRITY[integrity].netsh)
