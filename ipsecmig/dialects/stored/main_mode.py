"""Main mode: the ISAKMP policy ([MS-GPIPSEC] 2.2.1.2)."""

from __future__ import annotations

from typing import Final

from ipsecmig.dialects.stored import messages
from ipsecmig.dialects.stored.addresses import flag
from ipsecmig.dialects.stored.findings import About, NotUnderstoodError
from ipsecmig.dialects.stored.objects import DATA, trailing
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.policy import MainMode, MainModeOffer
from ipsecmig.stored.blobs import IsakmpBlob
from ipsecmig.stored.blobs.isakmp import METHOD_SIZE, METHODS_OFFSET, NEW_DH_OFFSET, IsakmpMethod

_DEFAULT_LIFETIME: Final = 28800
_CIPHERS: Final = {1: Encryption.DES, 2: Encryption.TRIPLE_DES, 3: Encryption.TRIPLE_DES}
_HASHES: Final = {1: Integrity.MD5, 2: Integrity.SHA1}
_GROUPS: Final = {1: DhGroup.MODP768, 2: DhGroup.MODP1024, 0x10000001: DhGroup.MODP2048}
_NEW_DH: Final = {
    1: MainModeOffer(Encryption.DES, Integrity.MD5, DhGroup.MODP2048),
    2: MainModeOffer(Encryption.DES, Integrity.SHA1, DhGroup.MODP2048),
    3: MainModeOffer(Encryption.TRIPLE_DES, Integrity.MD5, DhGroup.MODP2048),
    4: MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP2048),
}
"""The offers that Windows Server 2003 added, by their numbers; they go before the methods."""


def read_main_mode(about: About, blob: IsakmpBlob) -> MainMode:
    """Return main mode; what of it is not understood is said and left out."""
    about = about.attribute(DATA)
    trailing(about, blob.rest)
    offers = (*_new_dh(about, blob.new_dh), *_methods(about, blob.methods))
    if not offers:
        about.doubt(messages.NO_MAIN_MODE)
    try:
        pfs = flag(blob.pfs, "master key PFS")
    except NotUnderstoodError as refused:
        about.refuse(refused)
        pfs = False
    lifetimes = [method.lifetime_seconds for method in blob.methods]
    limits = [method.quick_mode_limit for method in blob.methods]
    return MainMode(
        offers,
        _stated(about, "main mode lifetime", blob.lifetime, lifetimes) or _DEFAULT_LIFETIME,
        _stated(about, "number of quick modes in one main mode", blob.quick_mode_limit, limits),
        pfs,
    )


def _stated(about: About, what: str, of_policy: int, of_methods: list[int]) -> int:
    """Return what is stated for the policy, or else alike for its methods; 0 if neither is."""
    stated = {number for number in of_methods if number}
    if not of_policy and len(stated) == 1 and 0 not in of_methods:
        return stated.pop()
    for other in sorted(stated - {of_policy}):
        about.doubt(messages.TWO_LIFETIMES, what=what, number=of_policy, other=other)
    return of_policy


def _new_dh(about: About, numbers: bytes) -> list[MainModeOffer]:
    """Return the offers that a number each stands for; the first 0 ends them."""
    offers = []
    for place, number in enumerate(numbers):
        if number == 0:
            break
        if number in _NEW_DH:
            offers.append(_NEW_DH[number])
        else:
            about.at(NEW_DH_OFFSET + place).doubt(messages.MAIN_MODE_ALGORITHM, what="method", number=number)
    return offers


def _methods(about: About, methods: tuple[IsakmpMethod, ...]) -> list[MainModeOffer]:
    offers = []
    for place, method in enumerate(methods):
        try:
            offers.append(_offer(method))
        except NotUnderstoodError as refused:
            about.at(METHODS_OFFSET + METHOD_SIZE * place).refuse(refused)
    return offers


def _offer(method: IsakmpMethod) -> MainModeOffer:
    """Return the offer. Raises NotUnderstoodError."""
    numbers = (("cipher", method.encryption, _CIPHERS), ("hash", method.hash, _HASHES))
    for what, number, known in numbers:
        if number not in known:
            raise NotUnderstoodError(messages.MAIN_MODE_ALGORITHM, what=what, number=number)
    plain = MainModeOffer(_CIPHERS[method.encryption], _HASHES[method.hash], DhGroup.MODP2048)
    if method.random_function:
        if _NEW_DH.get(method.random_function) != plain:
            raise NotUnderstoodError(
                messages.MAIN_MODE_ALGORITHM, what="random function", number=method.random_function
            )
        return plain
    if method.group not in _GROUPS:
        raise NotUnderstoodError(messages.MAIN_MODE_ALGORITHM, what="group", number=method.group)
    return MainModeOffer(plain.encryption, plain.integrity, _GROUPS[method.group])
