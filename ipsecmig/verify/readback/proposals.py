"""strongSwan's proposal strings and durations. Source: swanctl.conf(5)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ipsecmig.model.algorithms import ENCRYPTION, GROUPS, INTEGRITY, DhGroup, Encryption, Integrity
from ipsecmig.model.policy import AhTransform, EspTransform, MainModeOffer, Transform

_ENCRYPTION = {row.strongswan: row.encryption for row in ENCRYPTION.values()} | {"aes": Encryption.AES128}
_INTEGRITY = {row.strongswan: row.integrity for row in INTEGRITY.values()} | {
    "sha": Integrity.SHA1,
    "sha2_256": Integrity.SHA256,
    "sha2_384": Integrity.SHA384,
    "sha2_512": Integrity.SHA512,
}
_GROUPS = {row.strongswan: row.group for row in GROUPS.values()}

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


@dataclass(frozen=True, slots=True)
class Proposal:
    """The algorithms of one proposal by kind."""

    encryption: tuple[Encryption, ...]
    integrity: tuple[Integrity, ...]
    groups: tuple[DhGroup, ...]


def parse_proposals(text: str) -> tuple[Proposal, ...]:
    """Return the proposals of a comma-separated list.

    Raises ValueError for an algorithm that is not known, and for `default`, which depends on how charon was built.
    """
    return tuple(_proposal(part.strip()) for part in text.split(",") if part.strip())


def _proposal(text: str) -> Proposal:
    encryption: list[Encryption] = []
    integrity: list[Integrity] = []
    groups: list[DhGroup] = []
    for word in text.lower().split("-"):
        if word in _ENCRYPTION:
            encryption.append(_ENCRYPTION[word])
        elif word in _INTEGRITY:
            integrity.append(_INTEGRITY[word])
        elif word in _GROUPS:
            groups.append(_GROUPS[word])
        else:
            raise ValueError(f'the algorithm "{word}" of the proposal "{text}" is not modelled')
    return Proposal(tuple(encryption), tuple(integrity), tuple(groups))


def ike_offers(text: str) -> tuple[MainModeOffer, ...]:
    """Return phase 1 proposals; IKEv1 takes one algorithm of each kind from each (swanctl.conf(5), proposals)."""
    offers = []
    for proposal in parse_proposals(text):
        if not (proposal.encryption and proposal.integrity and proposal.groups):
            raise ValueError(f'a phase 1 proposal lacks a cipher, hash or group in "{text}"')
        offers.append(MainModeOffer(proposal.encryption[0], proposal.integrity[0], proposal.groups[0]))
    return tuple(offers)


def child_offers(esp: str, ah: str) -> tuple[tuple[tuple[Transform, ...], ...], frozenset[DhGroup]]:
    """Return the phase 2 transforms in order, ESP before AH as charon offers them, and the PFS groups."""
    offers: list[tuple[Transform, ...]] = []
    groups: set[DhGroup] = set()
    for proposal in parse_proposals(esp):
        integrity = proposal.integrity[0] if proposal.integrity else None
        offers.append((EspTransform(proposal.encryption[0], integrity),))
        groups.update(proposal.groups[:1])
    for proposal in parse_proposals(ah):
        offers.append((AhTransform(proposal.integrity[0]),))
        groups.update(proposal.groups[:1])
    return tuple(dict.fromkeys(offers)), frozenset(groups)


def seconds(text: str) -> int:
    """Return a duration such as `4h` or `3600` in seconds; raises ValueError for anything else."""
    return _scaled(text, _SECONDS)


def count_of_bytes(text: str) -> int:
    """Return an amount such as `100000000` or `1G` in bytes; raises ValueError for anything else."""
    return _scaled(text, _BYTES)


def _scaled(text: str, units: dict[str, int]) -> int:
    match = re.fullmatch(r"(\d+)\s*([a-z]?)", text.strip().lower())
    if match is None or match[2] not in units:
        raise ValueError(f'"{text}" is not a number with a unit of {", ".join(u for u in units if u)}')
    return int(match[1]) * units[match[2]]
