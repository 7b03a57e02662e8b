"""Offers side by side: what they have in common, and how little would have to change for them to agree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ipsecmig.model.algorithms import GROUPS, DhGroup
from ipsecmig.model.policy import AhTransform, MainModeOffer, QuickModeOffer, Transform
from ipsecmig.model.treatment import Mode

_NONE: Final = "none"


class Row(NamedTuple):
    """One offer: in words, and by attribute."""

    text: str
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Contrast:
    """An attribute with what each side has of it, in words."""

    attribute: str
    policy: tuple[str, ...]
    target: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """The smallest change that makes the sides agree: in the target, `wanted` in place of (or beside) `present`."""

    present: str
    wanted: str
    attributes: tuple[str, ...]


def main_mode_rows(offers: Iterable[MainModeOffer]) -> tuple[Row, ...]:
    """Return the offers of main mode, without how the ends authenticate."""
    return tuple(_main_mode_row(offer) for offer in offers)


def _main_mode_row(offer: MainModeOffer) -> Row:
    attributes = {
        "cipher": offer.encryption.value,
        "hash": offer.integrity.value,
        "group": GROUPS[offer.group].strongswan,
    }
    return Row(main_mode_text(offer), attributes)


def main_mode_text(offer: MainModeOffer) -> str:
    """Return an offer of main mode as reports write it: `3des-sha1-modp1024`."""
    return f"{offer.encryption.value}-{offer.integrity.value}-{GROUPS[offer.group].strongswan}"


def quick_mode_rows(offers: Sequence[QuickModeOffer], groups: Sequence[DhGroup | None], mode: Mode) -> tuple[Row, ...]:
    """Return the offers of quick mode with each of `groups`; None stands for no PFS."""
    return tuple(_quick_mode_row(offer, group, mode) for group in groups for offer in offers)


def _quick_mode_row(offer: QuickModeOffer, group: DhGroup | None, mode: Mode) -> Row:
    named = _NONE if group is None else GROUPS[group].strongswan
    attributes = {"protocol": " and ".join(sorted({_protocol(t) for t in offer.transforms}))}
    for transform in offer.transforms:
        attributes.update(_attributes(transform, len(offer.transforms) > 1))
    attributes |= {"PFS group": named, "mode": mode.value}
    pfs = "" if group is None else f", PFS {named}"
    return Row(f"{quick_mode_text(offer.transforms)}{pfs}, {mode.value}", attributes)


def quick_mode_text(transforms: Sequence[Transform]) -> str:
    """Return transforms as reports write them: `ah md5 and esp 3des-sha1`."""
    return " and ".join(transform_text(transform) for transform in transforms)


def transform_text(transform: Transform) -> str:
    """Return a transform as reports write it: `esp 3des-sha1`, `ah md5`."""
    if isinstance(transform, AhTransform):
        return f"ah {transform.integrity.value}"
    return f"esp {transform.encryption.value}-{'none' if transform.integrity is None else transform.integrity.value}"


def _protocol(transform: Transform) -> str:
    return "AH" if isinstance(transform, AhTransform) else "ESP"


def _attributes(transform: Transform, together: bool) -> Iterator[tuple[str, str]]:
    before = f"{_protocol(transform)} " if together else ""
    if not isinstance(transform, AhTransform):
        yield f"{before}cipher", transform.encryption.value
    yield f"{before}integrity", _NONE if transform.integrity is None else transform.integrity.value


def smallest_change(policy: Sequence[Row], target: Sequence[Row]) -> Change | None:
    """Return the pair of offers that differ in the fewest attributes; the policy's preference decides among equals.

    None when a side offers nothing, or when they have an offer in common.
    """
    pairs = [(len(_differing(mine, theirs)), n, m) for n, mine in enumerate(policy) for m, theirs in enumerate(target)]
    if not pairs or min(pairs)[0] == 0:
        return None
    _, n, m = min(pairs)
    return Change(target[m].text, policy[n].text, _differing(policy[n], target[m]))


def _differing(one: Row, other: Row) -> tuple[str, ...]:
    names = dict.fromkeys((*one.attributes, *other.attributes))
    return tuple(name for name in names if one.attributes.get(name) != other.attributes.get(name))


def contrasts(policy: Sequence[Row], target: Sequence[Row]) -> tuple[Contrast, ...]:
    """Return the attributes of which the sides have no value in common.

    Where they have one of each, but never together, these are the attributes of the smallest change.
    """
    names = dict.fromkeys(name for row in (*policy, *target) for name in row.attributes)
    every = tuple(Contrast(name, _values(policy, name), _values(target, name)) for name in names)
    apart = tuple(c for c in every if set(c.policy).isdisjoint(c.target))
    change = smallest_change(policy, target)
    if apart or change is None:
        return apart
    return tuple(c for c in every if c.attribute in change.attributes)


def _values(rows: Sequence[Row], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.attributes.get(name, _NONE) for row in rows))
