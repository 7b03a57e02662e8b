"""From the words of the policy model to those of connection security rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ipsecmig.consec.objects import AuthenticationSuite, MainModeSuite, QuickModeSuite
from ipsecmig.consec.vocabulary import (
    MODEL_CIPHERS,
    MODEL_GROUPS,
    MODEL_HASHES,
    PFS_KEY_EXCHANGES,
    Cipher,
    Encapsulation,
    Hash,
    KeyExchange,
    Method,
    Pfs,
)
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.policy import (
    AhTransform,
    AuthenticationMethod,
    Certificate,
    EspTransform,
    Kerberos,
    MainModeOffer,
    QuickModeOffer,
)

MINUTES: Final = (5, 2879)
"""How long keys of quick mode may live ([MS-GPFAS] 2.2.5.2)."""

KILOBYTES: Final = (20_480, 2_147_483_647)
MAIN_MODE_MINUTES: Final = (1, 2880)
DEFAULT_MINUTES: Final = 60
DEFAULT_KILOBYTES: Final = 100_000

_CIPHERS: Final[Mapping[Encryption, Cipher]] = {model: word for word, model in MODEL_CIPHERS.items()}
_HASHES: Final[Mapping[Integrity, Hash]] = {model: word for word, model in MODEL_HASHES.items()}
_GROUPS: Final[Mapping[DhGroup, KeyExchange]] = {model: word for word, model in MODEL_GROUPS.items()}
_PFS: Final[Mapping[KeyExchange, Pfs]] = {group: pfs for pfs, group in PFS_KEY_EXCHANGES.items()}


def main_mode_suite(offer: MainModeOffer) -> MainModeSuite | None:
    """Return `offer`, None where Windows Firewall has no word for a part of it."""
    group, cipher = _GROUPS.get(offer.group), _CIPHERS.get(offer.encryption)
    digest = _HASHES.get(offer.integrity)
    if group is None or cipher is None or digest is None or cipher is Cipher.NONE:
        return None
    return MainModeSuite(group, cipher, digest)


def quick_mode_suite(offer: QuickModeOffer) -> QuickModeSuite | None:
    """Return `offer` with lifetimes that are accepted, None where there is no word for it.

    AH and ESP together have the same hash ([MS-FASP] 2.2.60): that of AH.
    """
    ah = [t for t in offer.transforms if isinstance(t, AhTransform)]
    esp = [t for t in offer.transforms if isinstance(t, EspTransform)]
    if len(ah) > 1 or len(esp) > 1 or not offer.transforms:
        return None
    minutes, kilobytes = sayable_lifetimes(offer)
    ah_hash = _integrity(ah[0].integrity) if ah else None
    if ah and ah_hash is None:
        return None
    if not esp:
        return QuickModeSuite(Encapsulation.AH, Cipher.NONE, ah_hash, None, minutes, kilobytes)
    cipher, integrity = _CIPHERS[esp[0].encryption], esp[0].integrity
    esp_hash = None if integrity is None else _integrity(integrity)
    if (integrity is not None and esp_hash is None) or (cipher is Cipher.NONE and esp_hash is None):
        return None
    if ah_hash is not None:
        return QuickModeSuite(Encapsulation.AH_AND_ESP, cipher, ah_hash, ah_hash, minutes, kilobytes)
    return QuickModeSuite(Encapsulation.ESP, cipher, None, esp_hash, minutes, kilobytes)


def _integrity(integrity: Integrity) -> Hash | None:
    """Return the hash of AH and ESP; SHA-384 is one of main mode only."""
    return None if integrity is Integrity.SHA384 else _HASHES.get(integrity)


def has_two_hashes(offer: QuickModeOffer) -> bool:
    """Whether AH and ESP of `offer` do not have the same hash."""
    return len(offer.transforms) == 2 and len({t.integrity for t in offer.transforms}) == 2


def sayable_lifetimes(offer: QuickModeOffer) -> tuple[int, int]:
    """Return minutes and kilobytes as near to `offer` as is accepted; seconds are rounded down."""
    minutes = offer.lifetime_seconds // 60 if offer.lifetime_seconds else DEFAULT_MINUTES
    kilobytes = offer.lifetime_kilobytes or DEFAULT_KILOBYTES
    return _within(minutes, MINUTES), _within(kilobytes, KILOBYTES)


def main_mode_minutes(seconds: int) -> int:
    """Return the lifetime of main mode in minutes, as near as is accepted; 0 is Windows' default."""
    return _within(seconds // 60, MAIN_MODE_MINUTES) if seconds else 480


def _within(value: int, limits: tuple[int, int]) -> int:
    return min(max(value, limits[0]), limits[1])


def pfs(wanted: bool, group: DhGroup | None) -> Pfs | None:
    """Return how session keys have forward secrecy, None where there is no word for the group."""
    if not wanted:
        return Pfs.NONE
    return Pfs.MAIN_MODE if group is None else _PFS.get(_GROUPS[group]) if group in _GROUPS else None


def authentication_suite(method: AuthenticationMethod) -> AuthenticationSuite:
    """Return `method` as the first authentication has it."""
    match method:
        case Kerberos():
            return AuthenticationSuite(Method.MACHINE_KERBEROS)
        case Certificate(authority, mapped, excluded):
            return AuthenticationSuite(
                Method.MACHINE_CERTIFICATE, authority, map_to_account=mapped, exclude_authority=excluded
            )
    return AuthenticationSuite(Method.MACHINE_PRESHARED_KEY, secret=method.secret)
