"""Offers of phase 2: the model's as proposals, and the choice among the peer's (RFC 2407 section 4.5).

Several proposals of one position are meant together: AH and ESP on the same packets (RFC 2408 section 4.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple

from ipsecmig.ike.configuration import Traffic
from ipsecmig.ike.errors import Refused
from ipsecmig.ike.natt import NatTraversal, encapsulation
from ipsecmig.ike.phase1 import POLICIES, number
from ipsecmig.ike.wire.association import REMEMBERED, Proposal, SecurityAssociation, Transform
from ipsecmig.ike.wire.attributes import Attribute
from ipsecmig.ike.wire.numbers import Encapsulation, LifeType, NotifyNumber, Phase2Attribute, Protocol
from ipsecmig.model.algorithms import ENCRYPTION, INTEGRITY, DhGroup, EncryptionAlgorithm, IntegrityAlgorithm
from ipsecmig.model.policy import AhTransform, EspTransform, QuickModeOffer
from ipsecmig.model.treatment import Mode

DEFAULT_SECONDS: Final = 3_600
DEFAULT_KILOBYTES: Final = 100_000
"""What Windows proposes where an offer names no lifetime (Microsoft, Server and Domain Isolation)."""

_LIFETIMES: Final = frozenset({Phase2Attribute.LIFE_TYPE, Phase2Attribute.LIFE_DURATION})
_BLOCK_WITH_SIZED_KEYS: Final = 128


@dataclass(frozen=True, slots=True)
class Phase2Suite:
    """What protects the traffic, lifetimes left out: a transform for each header, AH before ESP if both are there."""

    transforms: tuple[AhTransform | EspTransform, ...]
    mode: Mode
    pfs_group: DhGroup | None


_Meaning = tuple[int, int, tuple[tuple[int, int], ...]]
"""A protocol, its transform and the attributes besides lifetimes, sorted by number."""


@lru_cache(maxsize=REMEMBERED)
def key_octets(protocol: int, transform: Transform) -> int:
    """Return how many octets of KEYMAT an SA of this transform takes. Raises Refused for an unknown algorithm."""
    integrity = _integrity(transform.amount(Phase2Attribute.AUTHENTICATION))
    authentication = 0 if integrity is None else _DIGEST_OCTETS[integrity.integrity.value]
    if protocol == Protocol.AH:
        return authentication
    return _cipher(transform).key_bits // 8 + authentication


_DIGEST_OCTETS: Final = {"md5": 16, "sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64}


def _integrity(number_: int | None) -> IntegrityAlgorithm | None:
    return next((row for row in INTEGRITY.values() if row.doi == number_), None)


def _cipher(transform: Transform) -> EncryptionAlgorithm:
    bits = transform.amount(Phase2Attribute.KEY_LENGTH)
    for row in ENCRYPTION.values():
        if row.esp == transform.transform and (bits is None or bits == row.key_bits):
            return row
    raise Refused(NotifyNumber.INVALID_TRANSFORM_ID, f"ESP transform {transform.transform} is unknown")


def offer(traffic: Traffic, spis: Mapping[int, bytes], nat: NatTraversal | None = None) -> SecurityAssociation:
    """Return the offers of quick mode as proposals of one transform each; `spis` by protocol.

    They are all of them unless `nat` says that there is one: AH, which covers the addresses, does not pass it (RFC
    3715 section 2.1). Raises Refused if nothing is left then.
    """
    return SecurityAssociation(
        tuple(
            Proposal(position, protocol, spis[protocol], (transform,))
            for position, headers in enumerate(_acceptable(traffic, nat).offers, 1)
            for protocol, transform in headers
        )
    )


def _acceptable(traffic: Traffic, nat: NatTraversal | None) -> _Acceptable:
    """Return the offers that are possible across this NAT. Raises Refused if there are none."""
    rows = traffic.offers if nat is None or not nat.found else tuple(filter(_without_ah, traffic.offers))
    if not rows:
        raise Refused(NotifyNumber.NO_PROPOSAL_CHOSEN, "a NAT stands between, and there are no offers without AH")
    return _on_the_wire(rows, encapsulation(traffic.mode, nat), traffic.pfs_group)


_Headers = tuple[tuple[int, Transform], ...]
"""An offer on the wire: the protocol and the transform of each of its headers."""


class _Acceptable(NamedTuple):
    """Offers on the wire, and what each of them means."""

    offers: tuple[_Headers, ...]
    suites: tuple[tuple[_Meaning, ...], ...]


@lru_cache(maxsize=POLICIES)
def _on_the_wire(rows: tuple[QuickModeOffer, ...], mode: Encapsulation, group: DhGroup | None) -> _Acceptable:
    offers = tuple(tuple(_header(mode, group, row, transform) for transform in row.transforms) for row in rows)
    return _Acceptable(offers, tuple(tuple(_meaning(*header) for header in headers) for headers in offers))


def _without_ah(row: QuickModeOffer) -> bool:
    return not any(isinstance(transform, AhTransform) for transform in row.transforms)


def _header(
    mode: Encapsulation, group: DhGroup | None, row: QuickModeOffer, transform: AhTransform | EspTransform
) -> tuple[int, Transform]:
    attributes = [
        Attribute(Phase2Attribute.LIFE_TYPE, LifeType.SECONDS),
        number(Phase2Attribute.LIFE_DURATION, row.lifetime_seconds or DEFAULT_SECONDS),
        Attribute(Phase2Attribute.LIFE_TYPE, LifeType.KILOBYTES),
        number(Phase2Attribute.LIFE_DURATION, row.lifetime_kilobytes or DEFAULT_KILOBYTES),
        Attribute(Phase2Attribute.ENCAPSULATION, mode),
    ]
    if group is not None:
        attributes.append(Attribute(Phase2Attribute.GROUP, group.value))
    if transform.integrity is not None:
        attributes.append(Attribute(Phase2Attribute.AUTHENTICATION, INTEGRITY[transform.integrity].doi))
    if isinstance(transform, AhTransform):
        return Protocol.AH, Transform(1, INTEGRITY[transform.integrity].ah, tuple(attributes))
    cipher = ENCRYPTION[transform.encryption]
    if cipher.block_bits == _BLOCK_WITH_SIZED_KEYS:
        attributes.append(Attribute(Phase2Attribute.KEY_LENGTH, cipher.key_bits))
    return Protocol.ESP, Transform(1, cipher.esp, tuple(attributes))


def choose(traffic: Traffic, offered: SecurityAssociation, nat: NatTraversal | None = None) -> tuple[Proposal, ...]:
    """Return the peer's first proposals that are among ours, each with one transform and the peer's SPI.

    Raises Refused if there are none.
    """
    ours = _acceptable(traffic, nat).suites
    for _, group in groupby(offered.proposals, key=lambda proposal: proposal.position):
        together = tuple(group)
        fitting = [found for suite in ours if (found := _fit(together, suite)) is not None]
        if fitting:
            best = min(fitting)
            return tuple(
                Proposal(proposal.position, proposal.protocol, proposal.spi, (proposal.transforms[index],))
                for proposal, index in zip(together, best, strict=True)
            )
    raise Refused(
        NotifyNumber.NO_PROPOSAL_CHOSEN,
        f"the peer offers {_text(offered)}; acceptable are {_text(offer(traffic, _NO_SPIS, nat))}",
    )


_NO_SPIS: Final = {int(Protocol.AH): bytes(4), int(Protocol.ESP): bytes(4)}


def _fit(together: tuple[Proposal, ...], suite: tuple[_Meaning, ...]) -> tuple[int, ...] | None:
    """Return the places of the transforms that make proposals mean the suite, None if there are none."""
    if len(together) != len(suite):
        return None
    places = []
    for proposal, wanted in zip(together, suite, strict=True):
        meanings = [_meaning(proposal.protocol, transform) for transform in proposal.transforms]
        if wanted not in meanings or len(proposal.spi) != 4:
            return None
        places.append(meanings.index(wanted))
    return tuple(places)


@lru_cache(maxsize=REMEMBERED)
def _meaning(protocol: int, transform: Transform) -> _Meaning:
    relevant = ((found.number, found.amount) for found in transform.attributes if found.number not in _LIFETIMES)
    return protocol, transform.transform, tuple(sorted(relevant))


def suite_of(traffic: Traffic, chosen: tuple[Proposal, ...]) -> Phase2Suite:
    """Return what proposals of one transform each mean, given that they are among the offers for the traffic."""
    transforms = tuple([_model(proposal.protocol, proposal.transforms[0]) for proposal in chosen])
    return Phase2Suite(transforms, traffic.mode, traffic.pfs_group)


@lru_cache(maxsize=REMEMBERED)
def _model(protocol: int, transform: Transform) -> AhTransform | EspTransform:
    row = _integrity(transform.amount(Phase2Attribute.AUTHENTICATION))
    integrity = None if row is None else row.integrity
    if protocol == Protocol.AH and integrity is not None:
        return AhTransform(integrity)
    return EspTransform(_cipher(transform).encryption, integrity)


def accept(traffic: Traffic, chosen: SecurityAssociation, nat: NatTraversal | None = None) -> tuple[Proposal, ...]:
    """Return the proposals that the peer chose. Raises Refused unless they are one of our offers."""
    if any(len(proposal.transforms) != 1 or len(proposal.spi) != 4 for proposal in chosen.proposals):
        raise Refused(NotifyNumber.BAD_PROPOSAL_SYNTAX, "the peer's choice leaves more than one transform")
    meanings = tuple([_meaning(proposal.protocol, proposal.transforms[0]) for proposal in chosen.proposals])
    if meanings not in _acceptable(traffic, nat).suites:
        raise Refused(NotifyNumber.BAD_PROPOSAL_SYNTAX, "the peer's choice is not one of the offers")
    return chosen.proposals


def _text(association: SecurityAssociation) -> str:
    return " ".join(
        f"{proposal.position}:{proposal.protocol}/{transform.transform}"
        + "{" + " ".join(f"{found.number}={found.amount}" for found in transform.attributes) + "}"
        for proposal in association.proposals
        for transform in proposal.transforms
    )  # fmt: skip
