"""What a peer that refused the offers would have taken instead.

A refusal names no attribute. So the peer is asked: one message with offers that the policy does not have, nearest
first, which it refuses or answers with its choice. No question is followed up, so nothing comes of it but the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice, product
from typing import Final, NamedTuple

from ipsecmig.ike import phase1, proof, quick_mode
from ipsecmig.ike.configuration import Configuration, Traffic
from ipsecmig.ike.exchange import Randomness, Secured, Situation
from ipsecmig.ike.wire.association import SecurityAssociation
from ipsecmig.ike.wire.message import COOKIE, NO_COOKIE, Header, Message, encode_message
from ipsecmig.ike.wire.notification import Notify
from ipsecmig.ike.wire.numbers import AuthenticationMethod, Exchange
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.policy import EspTransform, MainModeOffer, QuickModeOffer
from ipsecmig.probe.tap import Overheard
from ipsecmig.probe.terms import Phase1Terms, Phase2Terms, offered_in_phase_1, offered_in_phase_2
from ipsecmig.udp import Path

MAX_PHASE_1: Final = 3
MAX_PHASE_2: Final = 2
"""How many questions are asked. The refused handshake and the questions are never more messages than a whole one."""

_SUITES: Final = 35
"""The offers of a question in phase 1: as many as fit a packet of 1,500 octets."""

_PROPOSALS: Final = 18
"""The offers of a question in phase 2, whose proposals are larger."""

_CIPHERS: Final = (Encryption.AES256, Encryption.AES128, Encryption.TRIPLE_DES, Encryption.DES, Encryption.AES192)
_HASHES: Final = (Integrity.SHA256, Integrity.SHA1, Integrity.MD5, Integrity.SHA384, Integrity.SHA512)
_GROUPS: Final = (
    DhGroup.MODP2048,
    DhGroup.MODP1024,
    DhGroup.MODP1536,
    DhGroup.MODP768,
    DhGroup.MODP3072,
    DhGroup.MODP4096,
    DhGroup.MODP6144,
    DhGroup.MODP8192,
)


class Answer(NamedTuple):
    """What the peer said: the terms that it chose, or the notify by which it refused; neither if it said nothing."""

    terms: Phase1Terms | Phase2Terms | None = None
    notify: int | None = None


def phase_1_questions(configuration: Configuration) -> Iterator[tuple[int, SecurityAssociation]]:
    """Yield how many offers each question holds, and the offers: other algorithms, then the other authentication.

    The two are apart because peers look for the method of authentication in the first offer alone.
    """
    method = proof.method(configuration)
    preshared = method is AuthenticationMethod.PRESHARED_KEY
    other = AuthenticationMethod.RSA_SIGNATURES if preshared else AuthenticationMethod.PRESHARED_KEY
    main_mode = configuration.main_mode
    nearest = _other_suites(main_mode.offers)[:_SUITES]
    usual = tuple(one for one in _other_suites(main_mode.offers, by_distance=False) if one not in nearest)[:_SUITES]
    for chosen in (nearest, usual):
        yield len(chosen), phase1.offer(replace(main_mode, offers=chosen), method)
    own = main_mode.offers[:_SUITES]
    yield len(own), phase1.offer(replace(main_mode, offers=own), other)


def _other_suites(offers: tuple[MainModeOffer, ...], *, by_distance: bool = True) -> tuple[MainModeOffer, ...]:
    """Return every other offer: those first that differ from one of these in the fewest attributes, then the usual."""
    ranks = sorted(
        product(enumerate(_CIPHERS), enumerate(_HASHES), enumerate(_GROUPS)), key=lambda parts: sum(n for n, _ in parts)
    )
    every = (MainModeOffer(cipher, hash_, group) for (_, cipher), (_, hash_), (_, group) in ranks)
    others = [one for one in every if one not in offers]
    if by_distance:
        others.sort(key=lambda one: min(_apart(one, own) for own in offers))
    return tuple(others)


def _apart(one: MainModeOffer, other: MainModeOffer) -> int:
    return sum(
        (one.encryption is not other.encryption, one.integrity is not other.integrity, one.group is not other.group)
    )


def first_message(association: SecurityAssociation, cookie: bytes) -> bytes:
    """Return the first message of main mode with these offers and an initiator's cookie of its own."""
    header = Header(cookie[:COOKIE], NO_COOKIE, Exchange.MAIN)
    return encode_message(Message(header, (association,)))


def phase_2_questions(configuration: Configuration, secured: Secured) -> Iterator[tuple[int, Traffic]]:
    """Yield how many other offers each question holds, and their traffic: PFS the other way, then other algorithms."""
    traffic = configuration.traffic
    others = tuple(islice(_other_algorithms(traffic.offers), _PROPOSALS))
    group = None if traffic.pfs_group is not None else secured.suite.group
    own = traffic.offers[:_PROPOSALS]
    yield len(own), replace(traffic, offers=own, pfs_group=group)
    yield len(others), replace(traffic, offers=others)


def _other_algorithms(offers: tuple[QuickModeOffer, ...]) -> Iterable[QuickModeOffer]:
    """Return offers of ESP alone, those first that differ from one of these in the fewest algorithms."""
    lifetimes = offers[0]
    own = [one.transforms for one in offers]
    every = (EspTransform(cipher, integrity) for cipher, integrity in product((*_CIPHERS, Encryption.NULL), _HASHES))
    esp = [one for transforms in own for one in transforms if isinstance(one, EspTransform)]
    ranked = sorted((one for one in every if (one,) not in own), key=lambda one: _distance(one, esp))
    return (replace(lifetimes, transforms=(one,)) for one in ranked)


def _distance(one: EspTransform, own: list[EspTransform]) -> int:
    differing = ((one.encryption is not other.encryption) + (one.integrity is not other.integrity) for other in own)
    return min(differing, default=0)


def quick_message(configuration: Configuration, traffic: Traffic, secured: Secured, path: Path, random: bytes) -> bytes:
    """Return the first message of a quick mode for this traffic, under the phase 1 that is established."""
    situation = Situation(configuration, traffic, secured, None, Randomness(random), path)
    reply = quick_mode.offer(situation).reply
    if reply is None:
        raise TypeError("the first step of quick mode sends a message")
    return encode_message(reply)


def read_answer(heard: Overheard | None, *, phase_1: bool) -> Answer:
    """Return what the peer's message says about a question; None is no message."""
    for payload in () if heard is None else heard.payloads:
        if isinstance(payload, SecurityAssociation):
            terms = offered_in_phase_1(payload) if phase_1 else offered_in_phase_2(payload)
            if len(terms) == 1:
                return Answer(terms=terms[0])
        if isinstance(payload, Notify):
            return Answer(notify=payload.kind)
    return Answer()
