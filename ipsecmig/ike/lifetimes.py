"""Lifetimes in transforms: pairs of life type and life duration (RFC 2407 section 4.5, RFC 2409 appendix A)."""

from __future__ import annotations

from dataclasses import dataclass

from ipsecmig.ike.wire.attributes import Attribute
from ipsecmig.ike.wire.numbers import LifeType, Phase1Attribute, Phase2Attribute


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long keys may be used; None where nothing was said."""

    seconds: int | None = None
    kilobytes: int | None = None


def read_phase_1(attributes: tuple[Attribute, ...]) -> Lifetimes:
    """Return the lifetimes of a phase 1 transform."""
    return _read(attributes, Phase1Attribute.LIFE_TYPE, Phase1Attribute.LIFE_DURATION)


def read_phase_2(attributes: tuple[Attribute, ...]) -> Lifetimes:
    """Return the lifetimes of an AH or ESP transform."""
    return _read(attributes, Phase2Attribute.LIFE_TYPE, Phase2Attribute.LIFE_DURATION)


def _read(attributes: tuple[Attribute, ...], life_type: int, duration: int) -> Lifetimes:
    """Return the lifetimes; a duration counts what the type before it says, the last of each kind holds."""
    kind, found = 0, dict[int, int]()
    for attribute in attributes:
        if attribute.number == life_type:
            kind = attribute.amount
        if attribute.number == duration:
            found[kind] = attribute.amount
    return Lifetimes(found.get(LifeType.SECONDS), found.get(LifeType.KILOBYTES))
