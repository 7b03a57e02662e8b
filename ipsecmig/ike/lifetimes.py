"""Lifetimes in transforms: pairs of life type and life duration (RFC 2407 section 4.5, RFC 2409 appendix A)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ipsecmig.ike.wire.association import REMEMBERED
from ipsecmig.ike.wire.attributes import Attribute, decode_attributes
from ipsecmig.ike.wire.cursor import Cursor
from ipsecmig.ike.wire.generic import Payload
from ipsecmig.ike.wire.notification import Notify
from ipsecmig.ike.wire.numbers import LifeType, NotifyNumber, Phase1Attribute, Phase2Attribute

_PHASE_1: Final = int(Phase1Attribute.LIFE_TYPE), int(Phase1Attribute.LIFE_DURATION)
_PHASE_2: Final = int(Phase2Attribute.LIFE_TYPE), int(Phase2Attribute.LIFE_DURATION)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long keys may be used; None where nothing was said."""

    seconds: int | None = None
    kilobytes: int | None = None


def read_phase_1(attributes: tuple[Attribute, ...]) -> Lifetimes:
    """Return the lifetimes of a phase 1 transform."""
    return _read(attributes, *_PHASE_1)


def read_phase_2(attributes: tuple[Attribute, ...]) -> Lifetimes:
    """Return the lifetimes of an AH or ESP transform."""
    return _read(attributes, *_PHASE_2)


def shortened(agreed: Lifetimes, payloads: Iterable[Payload]) -> Lifetimes:
    """Return what is left of the lifetimes where a responder says that its own are shorter (RFC 2407 section 4.6.3.1).

    Raises Malformed for a notify that says no lifetimes.
    """
    for payload in payloads:
        if isinstance(payload, Notify) and payload.kind == NotifyNumber.RESPONDER_LIFETIME:
            told = read_phase_2(decode_attributes(Cursor(payload.data)))
            agreed = Lifetimes(_less(agreed.seconds, told.seconds), _less(agreed.kilobytes, told.kilobytes))
    return agreed


def _less(one: int | None, other: int | None) -> int | None:
    return min((amount for amount in (one, other) if amount is not None), default=None)


@lru_cache(maxsize=REMEMBERED)
def _read(attributes: tuple[Attribute, ...], life_type: int, duration: int) -> Lifetimes:
    """Return the lifetimes; a duration counts what the type before it says, the last of each kind holds."""
    kind, found = 0, dict[int, int]()
    for attribute in attributes:
        if attribute.number == life_type:
            kind = attribute.amount
        if attribute.number == duration:
            found[kind] = attribute.amount
    return Lifetimes(found.get(LifeType.SECONDS), found.get(LifeType.KILOBYTES))
