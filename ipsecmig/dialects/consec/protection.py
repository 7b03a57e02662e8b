"""What a connection security rule asks of the peer: authentication methods, offers, forward secrecy.

What the policy model cannot say is left out and doubted: the policy then offers less than Windows does, never more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from ipsecmig.consec import defaults
from ipsecmig.consec.objects import (
    AuthenticationSet,
    AuthenticationSuite,
    ConsecStore,
    MainModeCryptoSet,
    MainModeSuite,
    QuickModeCryptoSet,
    QuickModeSuite,
    Token,
)
from ipsecmig.consec.vocabulary import (
    MODEL_CIPHERS,
    MODEL_GROUPS,
    MODEL_HASHES,
    PFS_KEY_EXCHANGES,
    Cipher,
    Encapsulation,
    Hash,
    Method,
    Pfs,
    Signing,
)
from ipsecmig.diagnostics import Origin
from ipsecmig.dialects.consec import messages
from ipsecmig.dialects.consec.draft import PLATFORMS, Draft
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.policy import (
    AhTransform,
    AuthenticationMethod,
    Certificate,
    EspTransform,
    Kerberos,
    MainMode,
    MainModeOffer,
    PresharedKey,
    QuickModeOffer,
    Transform,
)

AnySet = TypeVar("AnySet", AuthenticationSet, MainModeCryptoSet, QuickModeCryptoSet)

_CERTIFICATE_TERMS: Final[tuple[tuple[str, Callable[[AuthenticationSuite], bool]], ...]] = (
    ("it is signed with ECDSA", lambda suite: suite.signing is not Signing.RSA),
    ("it is a health certificate", lambda suite: suite.health_certificate),
    ("the authority is an intermediate one", lambda suite: suite.intermediate),
    ("it meets the stated criteria", lambda suite: bool(suite.criteria)),
)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for a set: for the wording, and for the place of what is said."""

    owner: str
    origin: Origin
    draft: Draft

    def doubt_suite(self, skip_version: str, unread: Iterable[Token]) -> None:
        """Doubt a suite that some versions of Windows skip, and what it says besides."""
        if skip_version and PLATFORMS not in self.draft.assumptions:
            self.draft.doubt(messages.SUITE_SKIPPED, self.origin, self.owner, version=skip_version)
        for token in unread:
            self.draft.doubt(messages.UNREAD, self.origin, self.owner, token=f"{token.name}={token.value}")


class Sets:
    """The sets of a store by identifier, with the built-in ones where the store does not define the defaults."""

    def __init__(self, store: ConsecStore) -> None:
        self._substitutes = {name.lower(): value for name, value in store.substitutes}
        authentication = store.authentication_sets
        self._first = _by_id(s for s in authentication if s.phase == 1)
        self._second = _by_id(s for s in authentication if s.phase == 2)
        self._main, self._quick = _by_id(store.main_mode_sets), _by_id(store.quick_mode_sets)

    def first(self, id_: str, asker: Asker) -> AuthenticationSet | None:
        """Return the set of first authentication `id_`, the default one for none; a missing one is doubted."""
        return self._find(self._first, id_, defaults.AUTHENTICATION_1, "first authentication set", asker)

    def second(self, id_: str, asker: Asker) -> AuthenticationSet | None:
        """Return the set of second authentication `id_`, as above."""
        return self._find(self._second, id_, defaults.AUTHENTICATION_2, "second authentication set", asker)

    def main(self, asker: Asker) -> MainModeCryptoSet:
        """Return the one crypto set of main mode that the rules share."""
        return self._find(self._main, "", defaults.MAIN_MODE, "main mode crypto set", asker) or defaults.MAIN_MODE

    def quick(self, id_: str, asker: Asker) -> QuickModeCryptoSet | None:
        """Return the crypto set of quick mode `id_`, as above."""
        return self._find(self._quick, id_, defaults.QUICK_MODE, "quick mode crypto set", asker)

    def _find(self, sets: Mapping[str, AnySet], id_: str, built_in: AnySet, kind: str, asker: Asker) -> AnySet | None:
        key = (id_ or built_in.id).lower()
        key = self._substitutes.get(key, key).lower()
        found = sets.get(key)
        if found is None and key == built_in.id.lower():
            asker.draft.tell(messages.DEFAULT_SET, asker.origin, asker.owner, kind=kind)
            return built_in
        if found is None:
            asker.draft.doubt(messages.SET_MISSING, asker.origin, asker.owner, kind=kind, id=id_)
            return None
        for token in found.unread:
            asker.draft.doubt(messages.UNREAD_SUITE, found.origin, asker.owner, token=f"{token.name} {token.value}")
        return found


def _by_id(sets: Iterable[AnySet]) -> Mapping[str, AnySet]:
    return {each.id.lower(): each for each in sets}


def methods(found: AuthenticationSet | None, asker: Asker) -> tuple[AuthenticationMethod, ...]:
    """Return the methods of a set of first authentication, in order of preference."""
    said: list[AuthenticationMethod] = []
    for suite in () if found is None else found.suites:
        asker.doubt_suite(suite.skip_version, suite.unread)
        method = _method(suite, asker)
        if method is not None:
            said.append(method)
    return tuple(dict.fromkeys(said))


def _method(suite: AuthenticationSuite, asker: Asker) -> AuthenticationMethod | None:
    match suite.method:
        case Method.MACHINE_KERBEROS:
            if suite.allow_proxy or suite.proxy_server:
                asker.draft.doubt(messages.METHOD, asker.origin, asker.owner, method="Kerberos through a proxy")
            return Kerberos()
        case Method.MACHINE_PRESHARED_KEY:
            return PresharedKey(suite.secret)
        case Method.MACHINE_CERTIFICATE:
            return _certificate(suite, asker)
        case other:
            asker.draft.doubt(messages.METHOD, asker.origin, asker.owner, method=other.value)
            return None


def _certificate(suite: AuthenticationSuite, asker: Asker) -> Certificate:
    for reason, holds in _CERTIFICATE_TERMS:
        if holds(suite):
            asker.draft.doubt(messages.CERTIFICATE, asker.origin, asker.owner, reason=reason)
    return Certificate(suite.authority, suite.map_to_account, suite.exclude_authority)


def main_mode(found: MainModeCryptoSet, asker: Asker) -> MainMode:
    """Return main mode as a policy has it."""
    offers = []
    for suite in found.suites:
        asker.doubt_suite(suite.skip_version, suite.unread)
        offer = _main_mode_offer(suite)
        if offer is None:
            algorithm = f"{suite.encryption.value} with {suite.hash.value} and {suite.key_exchange.name}"
            asker.draft.doubt(messages.ALGORITHM, asker.origin, asker.owner, algorithm=algorithm)
        else:
            offers.append(offer)
    return MainMode(tuple(dict.fromkeys(offers)), found.lifetime_minutes * 60, found.lifetime_sessions)


def _main_mode_offer(suite: MainModeSuite) -> MainModeOffer | None:
    cipher, digest = MODEL_CIPHERS.get(suite.encryption), MODEL_HASHES.get(suite.hash)
    group = MODEL_GROUPS.get(suite.key_exchange)
    if cipher in {None, Encryption.NULL} or cipher is None or digest is None or group is None:
        return None
    return MainModeOffer(cipher, digest, group)


def quick_mode(found: QuickModeCryptoSet | None, asker: Asker) -> tuple[QuickModeOffer, ...]:
    """Return the offers of quick mode, in order of preference."""
    offers = []
    for suite in () if found is None else found.suites:
        asker.doubt_suite(suite.skip_version, suite.unread)
        transforms = _transforms(suite)
        if transforms is None:
            asker.draft.doubt(messages.ALGORITHM, asker.origin, asker.owner, algorithm=" and ".join(_words(suite)))
        else:
            offers.append(QuickModeOffer(transforms, suite.lifetime_minutes * 60, suite.lifetime_kilobytes))
    return tuple(dict.fromkeys(offers))


def _words(suite: QuickModeSuite) -> Iterator[str]:
    yield suite.encapsulation.value
    parts: Sequence[Cipher | Hash | None] = (suite.encryption, suite.ah_hash, suite.esp_hash)
    yield from (part.value for part in parts if part not in {None, Cipher.NONE} and part is not None)


def _transforms(suite: QuickModeSuite) -> tuple[Transform, ...] | None:
    """Return the transforms of a suite, AH first as in the packet; None where the model has no name for one."""
    ah: tuple[Transform, ...] | None = ()
    esp: tuple[Transform, ...] | None = ()
    if suite.encapsulation in {Encapsulation.AH, Encapsulation.AH_AND_ESP}:
        ah = _ah(suite)
    if suite.encapsulation in {Encapsulation.ESP, Encapsulation.AH_AND_ESP}:
        esp = _esp(suite)
    return None if ah is None or esp is None or not ah + esp else ah + esp


def _ah(suite: QuickModeSuite) -> tuple[Transform, ...] | None:
    integrity = _integrity(suite.ah_hash)
    return None if integrity is None else (AhTransform(integrity),)


def _esp(suite: QuickModeSuite) -> tuple[Transform, ...] | None:
    cipher, integrity = MODEL_CIPHERS.get(suite.encryption), _integrity(suite.esp_hash)
    is_unknown = suite.esp_hash is not None and integrity is None
    protects_nothing = cipher is Encryption.NULL and integrity is None
    return None if cipher is None or is_unknown or protects_nothing else (EspTransform(cipher, integrity),)


def _integrity(found: Hash | None) -> Integrity | None:
    """Return the integrity of AH and ESP; SHA-384 is one of main mode only."""
    return None if found is None or found is Hash.SHA384 else MODEL_HASHES.get(found)


def forward_secrecy(found: QuickModeCryptoSet | None, asker: Asker) -> tuple[bool, DhGroup | None]:
    """Return whether session keys have forward secrecy, and of which group, None for that of main mode."""
    pfs = Pfs.NONE if found is None else found.pfs
    if pfs in {Pfs.NONE, Pfs.MAIN_MODE}:
        return pfs is Pfs.MAIN_MODE, None
    exchange = PFS_KEY_EXCHANGES[pfs]
    if exchange not in MODEL_GROUPS:
        asker.draft.doubt(messages.ALGORITHM, asker.origin, asker.owner, algorithm=f"PFS of {exchange.name}")
    return True, MODEL_GROUPS.get(exchange)
