"""Main mode: the ISAKMP policy ([MS-GPIPSEC] 2.2.1.2)."""

from __future__ import annotations

from ipsecmig.dialects.stored import messages
from ipsecmig.dialects.stored.addresses import flag
from ipsecmig.dialects.stored.findings import About, NotUnderstoodError
from ipsecmig.dialects.stored.objects import trailing
from ipsecmig.model.algorithms import DhGroup
from ipsecmig.model.policy import MainMode, MainModeOffer
from ipsecmig.stored import numbers
from ipsecmig.stored.attributes import DATA
from ipsecmig.stored.blobs import IsakmpBlob
from ipsecmig.stored.blobs.isakmp import METHOD_SIZE, METHODS_OFFSET, NEW_DH_OFFSET, IsakmpMethod


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
        _stated(about, "main mode lifetime", blob.lifetime, lifetimes) or numbers.MAIN_MODE_LIFETIME_DEFAULT,
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


def _new_dh(about: About, values: bytes) -> list[MainModeOffer]:
    """Return the offers that a number each stands for; the first 0 ends them."""
    offers = []
    for place, number in enumerate(values):
        if number == 0:
            break
        if number in numbers.NEW_DH:
            offers.append(numbers.NEW_DH[number])
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
    fields = (("cipher", method.encryption, numbers.MAIN_MODE_CIPHERS), ("hash", method.hash, numbers.HASHES))
    for what, number, known in fields:
        if number not in known:
            raise NotUnderstoodError(messages.MAIN_MODE_ALGORITHM, what=what, number=number)
    plain = MainModeOffer(numbers.MAIN_MODE_CIPHERS[method.encryption], numbers.HASHES[method.hash], DhGroup.MODP2048)
    if method.random_function:
        if numbers.NEW_DH.get(method.random_function) != plain:
            raise NotUnderstoodError(
                messages.MAIN_MODE_ALGORITHM, what="random function", number=method.random_function
            )
        return plain
    if method.group not in numbers.GROUPS:
        raise NotUnderstoodError(messages.MAIN_MODE_ALGORITHM, what="group", number=method.group)
    return MainModeOffer(plain.encryption, plain.integrity, numbers.GROUPS[method.group])
