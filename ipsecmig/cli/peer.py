"""The peer's own configuration beside what the policy asks for: which attributes differ, both values in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce
from typing import Final, NamedTuple

from ipsecmig.cli.text import listed
from ipsecmig.model.policy import MainModeOffer, QuickModeOffer, Transform
from ipsecmig.model.selectors import Family, format_address
from ipsecmig.model.space import Direction, Packet
from ipsecmig.model.words import main_mode_offers, quick_mode_offers
from ipsecmig.probe.region import Region
from ipsecmig.verify.observed import Observed, Protection, compose, disagreements, expected_protection
from ipsecmig.verify.target import ReadTarget


class PeerDifference(NamedTuple):
    """An attribute that differs. `blocks` tells that no value is common to both, so that they cannot agree."""

    attribute: str
    policy: str
    peer: str
    blocks: bool


def peer_differences(region: Region, targets: Sequence[ReadTarget]) -> tuple[PeerDifference, ...]:
    """Return what differs for the traffic of the region, seen from the peer; nothing if there are no targets."""
    if not targets:
        return ()
    packet = _from_peer(region.packet)
    found: Observed = reduce(compose, (target.map.at(packet) for target in targets))
    if found.protection is None:
        what = "passes in clear" if found.clear else "is dropped"
        return (PeerDifference("selectors", region.packet.text(), f"{packet.text()} {what}", blocks=True),)
    mine = replace(_turned(expected_protection(region.protect)), protocols=None)
    names = disagreements(mine, replace(found.protection, sense=None))
    family = Family(packet.family)
    return tuple(_difference(name, mine, found.protection, family) for name in names)


def _from_peer(packet: Packet) -> Packet:
    """Return the packet that goes the other way, as the peer sends it."""
    return packet._replace(
        direction=Direction.OUT,
        local=packet.remote,
        remote=packet.local,
        local_port=packet.remote_port,
        remote_port=packet.local_port,
    )


def _turned(protection: Protection) -> Protection:
    """Return what is asked for as it looks from the other end."""
    ends = protection.ends
    return replace(protection, sense=None, ends=None if ends is None else (ends[1], ends[0]))


def _difference(name: str, mine: Protection, theirs: Protection, family: Family) -> PeerDifference:
    own, other = getattr(mine, name), getattr(theirs, name)
    words = _WORDS.get(name, str)
    if name == "ends":
        own_text, other_text = _ends(own, family), _ends(other, family)
    else:
        own_text, other_text = words(own), words(other)
    return PeerDifference(_title(name, own, other), own_text, other_text, _blocks(name, own, other))


def _ends(ends: tuple[int | None, int | None], family: Family) -> str:
    return " and ".join("any address" if end is None else format_address(family, end) for end in ends)


def _title(name: str, own: object, other: object) -> str:
    """Return the attribute's name; of offers of main mode those parts in which the nearest two differ."""
    if name == "main_mode_offers" and isinstance(own, tuple) and isinstance(other, tuple):
        gaps = [gap for mine in own for theirs in other if (gap := _parts(mine, theirs))]
        if gaps and not set(own) & set(other):
            nearest = min(gaps, key=lambda gap: (len(gap), gap))
            return f"main mode {' and '.join(nearest)}"
    return name.replace("_", " ")


def _parts(mine: MainModeOffer, theirs: MainModeOffer) -> tuple[str, ...]:
    pairs = (
        ("cipher", mine.encryption, theirs.encryption),
        ("hash", mine.integrity, theirs.integrity),
        ("group", mine.group, theirs.group),
    )
    return tuple(name for name, one, other in pairs if one is not other)


_LISTS: Final = frozenset({"main_mode_offers", "transforms", "pfs_groups", "authentication"})
_NEGOTIATED: Final = frozenset(
    {"lifetime", "offer_lifetimes", "main_mode_seconds", "quick_mode_limit", "main_mode_pfs"}
)
"""About these the ends need not agree: the shorter lifetime, or the initiator's, holds."""


def _blocks(name: str, own: object, other: object) -> bool:
    if name in _NEGOTIATED:
        return False
    if name not in _LISTS or not isinstance(own, tuple | frozenset) or not isinstance(other, tuple | frozenset):
        return True
    return not set(own) & set(other)


def _offers(transforms: tuple[tuple[Transform, ...], ...]) -> str:
    return quick_mode_offers(tuple(QuickModeOffer(one) for one in transforms))


def _groups(groups: frozenset[object]) -> str:
    return ", ".join(sorted(getattr(group, "name", "").lower() for group in groups)) or "no PFS"


_WORDS: Final[dict[str, Callable[..., str]]] = {
    "mode": lambda mode: str(mode.value),
    "transforms": _offers,
    "lifetime": lambda lifetime: f"{lifetime[0]:,} s, {lifetime[1]:,} kB",
    "pfs_groups": _groups,
    "authentication": listed,
    "offer_lifetimes": lambda lifetimes: "; ".join(
        f"{seconds:,} s, {kilobytes:,} kB" for seconds, kilobytes in lifetimes
    ),
    "quick_mode_limit": lambda limit: str(limit or "no limit"),
    "main_mode_pfs": lambda wanted: "yes" if wanted else "no",
    "preshared_key": lambda _: "a key of its own",
    "main_mode_offers": main_mode_offers,
    "main_mode_seconds": lambda seconds: f"{seconds:,} s",
}
