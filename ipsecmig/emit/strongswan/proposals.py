"""Offers and lifetimes as swanctl.conf(5) writes them. IKEv1 takes one algorithm of each kind from each proposal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ipsecmig.model.algorithms import ENCRYPTION, GROUPS, INTEGRITY, DhGroup
from ipsecmig.model.policy import AhTransform, EspTransform, MainMode, MainModeOffer, QuickModeOffer, Transform
from ipsecmig.model.treatment import Protect

DEFAULT_MAIN_MODE_SECONDS: Final = 28800
"""What a main mode lifetime of 0 means ([MS-GPIPSEC] MM-Lifetime)."""

DEFAULT_SECONDS: Final = 3600
DEFAULT_KILOBYTES: Final = 100_000
"""What quick mode lifetimes of 0 are taken to mean; Windows documents no figure, these are its usual ones."""

_BYTES: Final = 1000
"""charon sends life_bytes divided by 1000 as the lifetime in kilobytes."""


def usable_main_mode_offers(main_mode: MainMode) -> tuple[MainModeOffer, ...]:
    """Return the offers that IKE can make: phase 1 always encrypts (RFC 2409 appendix A)."""
    return tuple(dict.fromkeys(o for o in main_mode.offers if ENCRYPTION[o.encryption].oakley is not None))


def ike_proposals(main_mode: MainMode) -> str:
    """Return the proposals of phase 1 in order."""
    return ",".join(
        f"{ENCRYPTION[o.encryption].strongswan}-{INTEGRITY[o.integrity].strongswan}-{GROUPS[o.group].strongswan}"
        for o in usable_main_mode_offers(main_mode)
    )


def is_usable(offer: QuickModeOffer) -> bool:
    """Whether charon can make `offer`: AH or ESP, not both at once, and ESP only with integrity."""
    if len(offer.transforms) != 1:
        return False
    transform = offer.transforms[0]
    return isinstance(transform, AhTransform) or transform.integrity is not None


def usable_transforms(offers: tuple[QuickModeOffer, ...]) -> tuple[Transform, ...]:
    """Return the transforms that charon can offer, in order."""
    return tuple(dict.fromkeys(o.transforms[0] for o in offers if is_usable(o)))


def can_negotiate(protect: Protect) -> bool:
    """Whether charon can offer anything of what `protect` asks for."""
    return bool(usable_transforms(protect.offers) and usable_main_mode_offers(protect.main_mode))


def pfs_groups(protect: Protect) -> tuple[DhGroup, ...]:
    """Return the groups of quick mode's own exchange: the one named, else those of main mode; none without PFS."""
    if not protect.pfs:
        return ()
    if protect.pfs_group is not None:
        return (protect.pfs_group,)
    return tuple(dict.fromkeys(o.group for o in usable_main_mode_offers(protect.main_mode)))


@dataclass(frozen=True, slots=True)
class ChildProposals:
    """The lines of a child that hold its proposals, in the order in which charon offers them.

    `reordered` says that ESP and AH alternate in the policy, which two lists cannot.
    """

    lines: tuple[str, ...]
    reordered: bool


def child_proposals(protect: Protect) -> ChildProposals:
    """Return the proposals of quick mode, without lines where charon can make none of the offers."""
    transforms = usable_transforms(protect.offers)
    groups = [f"-{GROUPS[g].strongswan}" for g in pfs_groups(protect)] or [""]
    kinds = tuple(dict.fromkeys(type(t) for t in transforms))
    lines = []
    for kind in kinds:
        texts = [_transform(t) + group for group in groups for t in transforms if type(t) is kind]
        lines.append(f"{_KEYS[kind]} = {','.join(texts)}")
    grouped = sorted(transforms, key=lambda t: kinds.index(type(t)))
    return ChildProposals(tuple(lines), tuple(grouped) != transforms)


_KEYS: Final[dict[type[Transform], str]] = {EspTransform: "esp_proposals", AhTransform: "ah_proposals"}


def _transform(transform: Transform) -> str:
    if isinstance(transform, AhTransform):
        return INTEGRITY[transform.integrity].strongswan
    if transform.integrity is None:
        raise ValueError("charon cannot offer ESP without integrity")
    return f"{ENCRYPTION[transform.encryption].strongswan}-{INTEGRITY[transform.integrity].strongswan}"


def main_mode_lifetime(main_mode: MainMode) -> Iterator[str]:
    """Yield the lines after which charon sends the lifetime exactly: it sends reauth_time + over_time."""
    seconds = main_mode.lifetime_seconds or DEFAULT_MAIN_MODE_SECONDS
    over = seconds // 16
    yield f"reauth_time = {seconds - over}s"
    yield "rekey_time = 0s"
    yield f"over_time = {over}s"
    yield "rand_time = 0s"


def quick_mode_lifetimes(offers: tuple[QuickModeOffer, ...]) -> tuple[int, int]:
    """Return the smallest lifetimes of `offers` in seconds and kilobytes: no SA may live longer than its offer says."""
    seconds = min((o.lifetime_seconds or DEFAULT_SECONDS for o in offers), default=DEFAULT_SECONDS)
    kilobytes = min((o.lifetime_kilobytes or DEFAULT_KILOBYTES for o in offers), default=DEFAULT_KILOBYTES)
    return seconds, kilobytes


def child_lifetime(offers: tuple[QuickModeOffer, ...]) -> Iterator[str]:
    """Yield the lines after which charon sends these lifetimes exactly and renews a little before them."""
    seconds, kilobytes = quick_mode_lifetimes(tuple(o for o in offers if is_usable(o)))
    size = kilobytes * _BYTES
    yield f"life_time = {seconds}s"
    yield f"rekey_time = {seconds - seconds // 10}s"
    yield f"rand_time = {seconds // 20}s"
    yield f"life_bytes = {size}"
    yield f"rekey_bytes = {size - size // 10}"
    yield f"rand_bytes = {size // 20}"
