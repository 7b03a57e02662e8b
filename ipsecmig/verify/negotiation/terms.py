"""What one end brings into a negotiation, in the terms of the model, whoever said it: the policy or a target."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, TypeVar

from ipsecmig.model.algorithms import ENCRYPTION, DhGroup, Encryption
from ipsecmig.model.policy import (
    AhTransform,
    MainModeOffer,
    QuickModeOffer,
    Secret,
    Transform,
)
from ipsecmig.model.treatment import Mode, Protect
from ipsecmig.model.windows import WindowsVersion
from ipsecmig.verify.observed import WINDOWS_DEFAULT_LIFETIME, Protection, expected_protection, protocols_of

DEFAULT_MAIN_MODE_SECONDS: Final = 28_800
"""What a main mode lifetime of 0 means ([MS-GPIPSEC] MM-Lifetime)."""

_T = TypeVar("_T")

LONGEST: Final = 0xFFFFFFFF
"""The longest lifetime that fits the four octets in which it is sent here."""


@dataclass(frozen=True, slots=True)
class Terms:
    """One end: what it offers and accepts, in order of preference.

    `methods` are the words of `Protection.authentication`. `pfs_groups` are those that quick mode may use, none
    without PFS; with `follows_main_mode` it is the group of main mode. A lifetime of 0 kB is no limit. `windows` is
    None for a present peer.
    """

    main_mode_offers: tuple[MainModeOffer, ...]
    main_mode_seconds: int
    methods: tuple[str, ...]
    key: Secret | None
    authority: str | None
    offers: tuple[QuickModeOffer, ...]
    pfs_groups: tuple[DhGroup, ...]
    follows_main_mode: bool
    mode: Mode
    windows: WindowsVersion | None = None


@dataclass(frozen=True, slots=True)
class TargetTerms:
    """A target's terms. `supposed` names what the target does not say, where the policy's own was taken instead."""

    terms: Terms
    supposed: tuple[str, ...]


def terms_of_policy(protect: Protect, windows: WindowsVersion | None) -> Terms:
    """Return what a Windows host under the policy brings."""
    said = expected_protection(protect)
    seconds, kilobytes = WINDOWS_DEFAULT_LIFETIME
    offers = (
        replace(o, lifetime_seconds=o.lifetime_seconds or seconds, lifetime_kilobytes=o.lifetime_kilobytes or kilobytes)
        for o in protect.offers
    )
    return Terms(
        main_mode_offers=_usable_main_mode(protect.main_mode.offers),
        main_mode_seconds=protect.main_mode.lifetime_seconds or DEFAULT_MAIN_MODE_SECONDS,
        methods=tuple(dict.fromkeys(said.authentication or ())),
        key=said.preshared_key,
        authority=said.authority,
        offers=tuple(dict.fromkeys(o for o in offers if _is_usable(o.transforms))),
        pfs_groups=_in_order(said.pfs_groups or frozenset(), protect.main_mode.offers),
        follows_main_mode=protect.pfs and protect.pfs_group is None,
        mode=protect.mode,
        windows=windows,
    )


def terms_of_target(protection: Protection, policy: Terms, windows: WindowsVersion | None) -> TargetTerms:
    """Return what a host under the target brings.

    What the target leaves open (all but protocols and mode, for XFRM) is taken from the policy and named.
    """
    supposed = tuple(_SUPPOSED[name] for name in _SUPPOSED if getattr(protection, name) is None)
    main_mode_offers = _or(protection.main_mode_offers, policy.main_mode_offers)
    groups = policy.pfs_groups if protection.pfs_groups is None else _in_order(protection.pfs_groups, main_mode_offers)
    terms = Terms(
        main_mode_offers=_usable_main_mode(main_mode_offers),
        main_mode_seconds=_or(protection.main_mode_seconds, policy.main_mode_seconds) or DEFAULT_MAIN_MODE_SECONDS,
        methods=_or(protection.authentication, policy.methods),
        key=protection.preshared_key,
        authority=_or(protection.authority, policy.authority),
        offers=_offers(protection, policy),
        pfs_groups=groups,
        follows_main_mode=policy.follows_main_mode if protection.pfs_groups is None else len(groups) > 1,
        mode=_or(protection.mode, policy.mode),
        windows=windows,
    )
    return TargetTerms(terms, supposed)


_SUPPOSED: Final = {
    "main_mode_offers": "the algorithms of main mode",
    "main_mode_seconds": "the lifetime of main mode",
    "authentication": "how the ends authenticate",
    "transforms": "the algorithms of quick mode",
    "lifetime": "the lifetimes of quick mode",
    "pfs_groups": "whether quick mode has PFS",
    "mode": "tunnel or transport mode",
}


def _or(said: _T | None, otherwise: _T) -> _T:
    return otherwise if said is None else said


def _offers(protection: Protection, policy: Terms) -> tuple[QuickModeOffer, ...]:
    """Return the target's offers; where it names protocols only, those of the policy that use them."""
    if protection.transforms is None:
        wanted = protection.protocols
        return tuple(o for o in policy.offers if wanted is None or protocols_of((o.transforms,)) <= wanted)
    seconds, kilobytes = _or(protection.lifetime, WINDOWS_DEFAULT_LIFETIME)
    return tuple(QuickModeOffer(t, seconds, kilobytes) for t in protection.transforms if _is_usable(t))


def _in_order(groups: frozenset[DhGroup], offers: tuple[MainModeOffer, ...]) -> tuple[DhGroup, ...]:
    """Return the groups in the order in which main mode prefers them, others after them."""
    first = [o.group for o in offers if o.group in groups]
    return tuple(dict.fromkeys((*first, *sorted(groups, key=lambda group: group.value))))


def _usable_main_mode(offers: tuple[MainModeOffer, ...]) -> tuple[MainModeOffer, ...]:
    """Return the offers that IKE can make: phase 1 always encrypts (RFC 2409 appendix A)."""
    return tuple(dict.fromkeys(o for o in offers if ENCRYPTION[o.encryption].oakley is not None))


def _is_usable(transforms: tuple[Transform, ...]) -> bool:
    """Whether an SA can be made: ESP that protects something, AH, or AH around ESP."""
    kinds = [type(transform) for transform in transforms]
    return (
        bool(transforms)
        and len(set(kinds)) == len(kinds)
        and all(
            isinstance(t, AhTransform) or t.encryption is not Encryption.NULL or t.integrity is not None
            for t in transforms
        )
    )


def is_too_long(terms: Terms) -> bool:
    """Whether a lifetime is longer than can be sent."""
    amounts = [terms.main_mode_seconds, *(n for o in terms.offers for n in (o.lifetime_seconds, o.lifetime_kilobytes))]
    return any(amount > LONGEST for amount in amounts)
