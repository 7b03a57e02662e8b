"""Offers of phase 1: the model's as transforms, and the choice among the peer's (RFC 2409 appendix A)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from ipsecmig.ike.crypto import ciphers, hashes
from ipsecmig.ike.crypto.ciphers import BlockCipher
from ipsecmig.ike.errors import Refused
from ipsecmig.ike.lifetimes import Lifetimes, read_phase_1
from ipsecmig.ike.wire.association import REMEMBERED, Proposal, SecurityAssociation, Transform
from ipsecmig.ike.wire.attributes import Attribute
from ipsecmig.ike.wire.numbers import (
    KEY_IKE,
    AuthenticationMethod,
    LifeType,
    NotifyNumber,
    Phase1Attribute,
    Protocol,
)
from ipsecmig.model.algorithms import INTEGRITY, DhGroup, Encryption, Integrity
from ipsecmig.model.policy import MainMode, MainModeOffer

_METHODS: Final = {AuthenticationMethod.PRESHARED_KEY: "psk", AuthenticationMethod.RSA_SIGNATURES: "rsa"}
"""The methods that the engine can do. Of others, Microsoft's Kerberos among them, an offer is not acceptable."""

_PSK: Final = AuthenticationMethod.PRESHARED_KEY

POLICIES: Final = 64
"""Of how many policies it is remembered what they offer and accept: a host negotiates by few, with many peers."""

_BASIC_LIMIT: Final = 0xFFFF
_GROUPS: Final = frozenset(group.value for group in DhGroup)


@dataclass(frozen=True, slots=True)
class Phase1Suite:
    """What protects phase 1."""

    cipher: BlockCipher
    hash_: Integrity
    group: DhGroup
    method: AuthenticationMethod

    @property
    def offer(self) -> MainModeOffer:
        """The same in terms of the model, whose names the ciphers of offers bear."""
        return MainModeOffer(Encryption(self.cipher.name), self.hash_, self.group)


class Phase1Choice(NamedTuple):
    """What was agreed for phase 1."""

    suite: Phase1Suite
    lifetimes: Lifetimes


def number(attribute: int, value: int) -> Attribute:
    """Return an attribute in the basic form if the value fits it, else in four octets."""
    return Attribute(attribute, value if value <= _BASIC_LIMIT else value.to_bytes(4, "big"))


@lru_cache(maxsize=POLICIES)
def offer(main_mode: MainMode, method: AuthenticationMethod = _PSK) -> SecurityAssociation:
    """Return every offer of main mode as a transform of one proposal, all with that authentication method."""
    transforms = tuple(
        Transform(position, KEY_IKE, _attributes(row, method, main_mode.lifetime_seconds))
        for position, row in enumerate(main_mode.offers, 1)
    )
    return SecurityAssociation((Proposal(1, Protocol.ISAKMP, b"", transforms),))


def _attributes(row: MainModeOffer, method: AuthenticationMethod, seconds: int) -> tuple[Attribute, ...]:
    cipher = ciphers.by_name(row.encryption)
    return (
        Attribute(Phase1Attribute.ENCRYPTION, cipher.oakley),
        *(() if cipher.key_length is None else (Attribute(Phase1Attribute.KEY_LENGTH, cipher.key_length),)),
        Attribute(Phase1Attribute.HASH, INTEGRITY[row.integrity].oakley),
        Attribute(Phase1Attribute.GROUP, row.group.value),
        Attribute(Phase1Attribute.AUTHENTICATION, method),
        Attribute(Phase1Attribute.LIFE_TYPE, LifeType.SECONDS),
        number(Phase1Attribute.LIFE_DURATION, seconds),
    )


def choose(
    main_mode: MainMode, offered: SecurityAssociation, method: AuthenticationMethod = _PSK
) -> tuple[SecurityAssociation, Phase1Choice]:
    """Return the first transform of the peer that is among ours, alone in an SA, and its meaning.

    The peer's lifetimes hold, whatever ours are. Raises Refused.
    """
    ours = _suites(main_mode, method)
    for proposal in offered.proposals:
        for transform in proposal.transforms if proposal.protocol == Protocol.ISAKMP else ():
            suite = _suite(transform)
            if suite is not None and suite in ours:
                chosen = Proposal(proposal.position, proposal.protocol, proposal.spi, (transform,))
                return SecurityAssociation((chosen,)), Phase1Choice(suite, read_phase_1(transform.attributes))
    theirs = " ".join(_text(transform) for transform in _transforms(offered))
    known = " ".join(_text(transform) for transform in _transforms(offer(main_mode, method)))
    raise Refused(NotifyNumber.NO_PROPOSAL_CHOSEN, f"the peer offers {theirs or 'nothing'}; acceptable are {known}")


def accept(main_mode: MainMode, chosen: SecurityAssociation, method: AuthenticationMethod = _PSK) -> Phase1Choice:
    """Return the meaning of the peer's choice. Raises Refused unless it is one transform that was offered."""
    transforms = _transforms(chosen)
    suite = _suite(transforms[0]) if len(transforms) == 1 else None
    if suite is None or suite not in _suites(main_mode, method):
        raise Refused(NotifyNumber.BAD_PROPOSAL_SYNTAX, "the peer's choice is not one of the transforms offered")
    return Phase1Choice(suite, read_phase_1(transforms[0].attributes))


@lru_cache(maxsize=POLICIES)
def _suites(main_mode: MainMode, method: AuthenticationMethod) -> tuple[Phase1Suite, ...]:
    """Return what the offers of main mode mean."""
    rows = main_mode.offers
    return tuple(Phase1Suite(ciphers.by_name(row.encryption), row.integrity, row.group, method) for row in rows)


def _transforms(association: SecurityAssociation) -> tuple[Transform, ...]:
    return tuple(transform for proposal in association.proposals for transform in proposal.transforms)


@lru_cache(maxsize=REMEMBERED)
def _suite(transform: Transform) -> Phase1Suite | None:
    """Return what a transform means, None if this engine cannot do it."""
    amounts = transform.amounts()
    cipher = ciphers.by_oakley(amounts.get(Phase1Attribute.ENCRYPTION, 0), amounts.get(Phase1Attribute.KEY_LENGTH))
    hash_ = hashes.by_oakley(amounts.get(Phase1Attribute.HASH, 0))
    group = amounts.get(Phase1Attribute.GROUP)
    authentication = amounts.get(Phase1Attribute.AUTHENTICATION)
    if cipher is None or hash_ is None or group not in _GROUPS:
        return None
    if transform.transform != KEY_IKE or authentication not in _METHODS:
        return None
    return Phase1Suite(cipher, hash_, DhGroup(group), AuthenticationMethod(authentication))


def _text(transform: Transform) -> str:
    suite = _suite(transform)
    if suite is not None:
        return f"{suite.cipher.name}-{suite.hash_.value}-group{suite.group.value}-{_METHODS[suite.method]}"
    found = (row for row in transform.attributes if row.number != Phase1Attribute.GSS_IDENTITY)
    return "{" + " ".join(f"{row.number}={row.amount}{_remark(row)}" for row in found) + "}"


def _remark(row: Attribute) -> str:
    kerberos = (Phase1Attribute.AUTHENTICATION, AuthenticationMethod.GSS_API)
    return " (Kerberos or XAUTH)" if (row.number, row.amount) == kerberos else ""
