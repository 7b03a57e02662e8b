"""How stored policies write values. Every function returns what stands for one value, or raises `Inexpressible`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from ipsecmig.model.algorithms import Encryption, Integrity
from ipsecmig.model.policy import (
    Action,
    AhTransform,
    AuthenticationMethod,
    Certificate,
    FilterAction,
    Kerberos,
    MainModeOffer,
    PresharedKey,
    QuickModeOffer,
    Transform,
)
from ipsecmig.model.selectors import AddressRange, DnsName
from ipsecmig.stored import numbers
from ipsecmig.stored.blobs.isakmp import IsakmpMethod
from ipsecmig.stored.blobs.negotiation import SLOTS, Algorithm, Offer
from ipsecmig.stored.blobs.nfa import AuthMethod
from ipsecmig.stored.blobs.text import WideString

LARGEST: Final = 0xFFFFFFFF

K = TypeVar("K")
V = TypeVar("V")


class Inexpressible(Exception):  # noqa: N818 - it says what the value is, and never leaves the emitter
    """The value cannot be stored; the message says why and never holds a secret."""


def refusal(speak: Callable[..., object], *values: object) -> str:
    """Return why `speak` finds `values` inexpressible, or an empty text."""
    try:
        speak(*values)
    except Inexpressible as reason:
        return str(reason)
    return ""


def _backwards(table: Mapping[K, V]) -> dict[V, K]:
    return {value: key for key, value in table.items()}


ACTION_GUIDS: Final = _backwards(numbers.ACTIONS)
INTERFACE_NUMBERS: Final = _backwards(numbers.INTERFACES)
_HASHES: Final = _backwards(numbers.HASHES)
_MAIN_MODE_CIPHERS: Final = _backwards(numbers.MAIN_MODE_CIPHERS)
_ESP_CIPHERS: Final = _backwards(numbers.ESP_CIPHERS)
_GROUPS: Final = _backwards(numbers.GROUPS)


NEGOTIATE: Final = ACTION_GUIDS[Action.NEGOTIATE]


def action_guid(action: FilterAction) -> str:
    """Return the GUID that says what a filter action does."""
    if action.action is Action.NEGOTIATE and action.inbound_passthrough:
        return numbers.INBOUND_PASSTHROUGH
    return ACTION_GUIDS[action.action]


def dword(number: int) -> int:
    """Return `number` as it fits four bytes."""
    return min(number, LARGEST)


def wide(text: str) -> WideString:
    """Return `text` as blobs hold it."""
    if "\0" in text:
        raise Inexpressible("it holds a NUL, which ends it")
    try:
        return WideString.of(text)
    except UnicodeEncodeError:
        raise Inexpressible("it is not sound Unicode") from None


def plain(text: str) -> str:
    """Return the text nearest to `text` that can be stored."""
    return (
        text if not refusal(wide, text) else "".join("?" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in text)
    )


def main_mode_method(offer: MainModeOffer, lifetime: int) -> IsakmpMethod:
    """Return a main mode method; group 14 goes by its own number, which keeps the order of the offers."""
    cipher = _number(_MAIN_MODE_CIPHERS, offer.encryption, offer.encryption.value.upper())
    group = _number(_GROUPS, offer.group, f"the group {offer.group.name}")
    return IsakmpMethod(encryption=cipher, hash=_hash(offer.integrity), group=group, lifetime_seconds=dword(lifetime))


def _number(table: Mapping[K, int], key: K, name: str) -> int:
    if key not in table:
        raise Inexpressible(f"there is no number for {name}")
    return table[key]


def _hash(integrity: Integrity) -> int:
    return _number(_HASHES, integrity, integrity.value.upper())


def quick_mode_offers(offers: Sequence[QuickModeOffer], pfs: bool) -> tuple[Offer, ...]:
    """Return the offers of an action that negotiates."""
    if not offers:
        raise Inexpressible("it negotiates security but has no security methods")
    return tuple(_offer(offer, pfs) for offer in offers)


def _offer(offer: QuickModeOffer, pfs: bool) -> Offer:
    kinds = [type(t) for t in offer.transforms]
    if not kinds or len(set(kinds)) < len(kinds):
        raise Inexpressible("an offer is AH, ESP, or one of each")
    algorithms = tuple(map(_algorithm, offer.transforms))
    slots = (*algorithms, *(Algorithm(),) * (SLOTS - len(algorithms)))
    return Offer(dword(offer.lifetime_seconds), dword(offer.lifetime_kilobytes), 0, int(pfs), len(algorithms), slots)


def _algorithm(transform: Transform) -> Algorithm:
    if isinstance(transform, AhTransform):
        return Algorithm(_hash(transform.integrity), 0, numbers.AH)
    if transform.encryption is Encryption.NULL and transform.integrity is None:
        raise Inexpressible("ESP with neither encryption nor integrity does not exist")
    cipher = _number(_ESP_CIPHERS, transform.encryption, transform.encryption.value.upper())
    return Algorithm(cipher, 0 if transform.integrity is None else _hash(transform.integrity), numbers.ESP)


def authentication(method: AuthenticationMethod) -> tuple[AuthMethod, AuthMethod]:
    """Return a method for the first list of methods, and for that of Windows Vista and later."""
    if isinstance(method, Kerberos):
        return AuthMethod(numbers.KERBEROS, bytes(2)), AuthMethod(numbers.KERBEROS, b"")
    if isinstance(method, PresharedKey):
        if method.secret is None:
            raise Inexpressible("the source does not hold the preshared key")
        stored = AuthMethod(numbers.PRESHARED_KEY, wide(method.secret.reveal()).raw)
        return stored, stored
    if not method.authority:
        raise Inexpressible("the authority has no name")
    stored = AuthMethod(numbers.CERTIFICATE, wide(method.authority).raw)
    return stored, stored


def certificate_flags(method: AuthenticationMethod) -> int:
    """Return the flags of a method; only certificates have any."""
    if not isinstance(method, Certificate):
        return 0
    mapped, excluded = method.map_to_account, method.exclude_authority_name
    return numbers.MAP_TO_ACCOUNT * mapped | numbers.EXCLUDE_AUTHORITY * excluded


def endpoint(value: AddressRange | DnsName) -> tuple[AddressRange, str]:
    """Return the address of a tunnel's end, and its DNS name or an empty text."""
    if isinstance(value, DnsName):
        if len(value.resolved) != 1:
            raise Inexpressible(
                f"Windows stores one address with the name {value.name}, which the source does not hold"
            )
        wide(value.name)
        return endpoint(value.resolved[0])[0], value.name
    if not value.is_host or value.first == 0:
        raise Inexpressible("a tunnel endpoint is one address")
    return value, ""
