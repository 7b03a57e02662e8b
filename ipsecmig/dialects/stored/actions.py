"""Filter actions: the negotiation policies ([MS-GPIPSEC] 2.2.1.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from ipsecmig.dialects.stored import messages
from ipsecmig.dialects.stored.addresses import flag
from ipsecmig.dialects.stored.findings import About, NotUnderstoodError
from ipsecmig.dialects.stored.objects import blob, text, trailing
from ipsecmig.model.algorithms import Encryption
from ipsecmig.model.policy import Action, AhTransform, EspTransform, QuickModeOffer, Transform
from ipsecmig.stored import numbers
from ipsecmig.stored.attributes import ACTION, ACTION_TYPE, DATA
from ipsecmig.stored.blobs import NegotiationBlob
from ipsecmig.stored.blobs.negotiation import OFFER_SIZE, OFFERS_OFFSET, Algorithm, Offer
from ipsecmig.stored.objects import StoredObject


@dataclass(frozen=True, slots=True)
class Negotiation:
    """What a negotiation policy says, but for its name."""

    action: Action
    offers: tuple[QuickModeOffer, ...]
    pfs: bool
    inbound_passthrough: bool
    soft: bool


def is_default_response(stored: StoredObject) -> bool:
    """Whether a negotiation policy is that of a default response rule."""
    return text(stored, ACTION_TYPE).lower() == numbers.DEFAULT_RESPONSE


def read_negotiation(about: About) -> Negotiation | None:
    """Return what a negotiation policy says; None, after saying why, where not even its action is understood."""
    kind, guid = text(about.stored, ACTION_TYPE).lower(), text(about.stored, ACTION).lower()
    if kind not in (numbers.ORDINARY, numbers.DEFAULT_RESPONSE):
        about.attribute(ACTION_TYPE).doubt(messages.ACTION_TYPE, guid=kind or "(none)")
    action = Action.NEGOTIATE if guid == numbers.INBOUND_PASSTHROUGH else numbers.ACTIONS.get(guid)
    if action is None:
        about.attribute(ACTION).doubt(messages.ACTION, guid=guid or "(none)")
        return None
    parsed = blob(about, NegotiationBlob.parse)
    if parsed is None:
        return None
    about = about.attribute(DATA)
    trailing(about, parsed.rest)
    if action is not Action.NEGOTIATE:
        if parsed.offers:
            about.say(messages.OFFERS_UNUSED)
        return Negotiation(action, (), False, False, False)
    real = [(place, offer) for place, offer in enumerate(parsed.offers) if offer.used]
    if not real:
        about.doubt(messages.NO_OFFERS)
    return Negotiation(
        action,
        _offers(about, real),
        _pfs(about, [offer for _, offer in real]),
        guid == numbers.INBOUND_PASSTHROUGH,
        len(real) < len(parsed.offers),
    )


def _pfs(about: About, offers: list[Offer]) -> bool:
    """Whether session keys have PFS: the first offer says so for all."""
    try:
        flags = [flag(offer.pfs, "session key PFS") for offer in offers]
    except NotUnderstoodError as refused:
        about.refuse(refused)
        return False
    if len(set(flags)) > 1:
        about.doubt(messages.PFS_DIFFERS)
    if flags and flags[0]:
        about.say(messages.PFS_UNVERIFIED)
    return bool(flags) and flags[0]


def _offers(about: About, offers: list[tuple[int, Offer]]) -> tuple[QuickModeOffer, ...]:
    used = {(algorithm.operation, algorithm.algorithm) for _, offer in offers for algorithm in offer.algorithms}
    if (numbers.ESP, numbers.ESP_DES) in used:
        about.say(messages.DES_UNVERIFIED)
    understood = []
    for place, offer in offers:
        try:
            transforms = tuple(_transform(algorithm) for algorithm in offer.algorithms)
            _check(transforms)
        except NotUnderstoodError as refused:
            about.at(OFFERS_OFFSET + OFFER_SIZE * place).refuse(refused)
        else:
            understood.append(QuickModeOffer(transforms, offer.lifetime_seconds, offer.lifetime_kilobytes))
    return tuple(understood)


def _check(transforms: tuple[Transform, ...]) -> None:
    """Raise NotUnderstoodError unless it is AH, ESP or one of each, and protects."""
    if len({type(transform) for transform in transforms}) < len(transforms):
        raise NotUnderstoodError(messages.BAD_OFFER)
    if EspTransform(Encryption.NULL, None) in transforms:
        raise NotUnderstoodError(messages.BAD_OFFER)


_Known = TypeVar("_Known")


def _known(table: Mapping[int, _Known], what: str, number: int) -> _Known:
    if number not in table:
        raise NotUnderstoodError(messages.QUICK_MODE_ALGORITHM, what=what, number=number)
    return table[number]


def _transform(algorithm: Algorithm) -> Transform:
    number, integrity, operation = algorithm[:3]
    match operation:
        case numbers.AH:
            return AhTransform(_known(numbers.HASHES, "AH algorithm", number))
        case numbers.ESP:
            cipher = _known(numbers.ESP_CIPHERS, "ESP algorithm", number)
            return EspTransform(cipher, _known({0: None, **numbers.HASHES}, "ESP integrity algorithm", integrity))
        case _:
            raise NotUnderstoodError(messages.QUICK_MODE_ALGORITHM, what="operation", number=operation)
