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
    if len(encryption) > 1 or len(integrity) > 1 or len(groups) > 1:
        raise ValueError(f'several algorithms of one kind in the proposal "{text}" are not modelled')
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
    encrypting, authenticating = parse_proposals(esp), parse_proposals(ah)
    for proposal in encrypting:
        if not proposal.encryption:
            raise ValueError(f'an ESP proposal lacks a cipher in "{esp}"')
        offers.append((EspTransform(proposal.encryption[0], proposal.integrity[0] if proposal.integrity else None),))
    for proposal in authenticating:
        if proposal.encryption or not proposal.integrity:
            raise ValueError(f'an AH proposal needs a hash and nothing else in "{ah}"')
        offers.append((AhTransform(proposal.integrity[0]),))
    groups = {proposal.groups for proposal in (*encrypting, *authenticating)}
    if () in groups and len(groups) > 1:
        raise ValueError("proposals of one child with and without a group for PFS are not modelled")
    return tuple(dict.fromkeys(offers)), frozenset(group for some in groups for group in some)


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
