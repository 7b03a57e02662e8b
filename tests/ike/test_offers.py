"""Offers and choices of both phases."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from ipsecmig.ike import phase1, phase2
from ipsecmig.ike.configuration import Traffic
from ipsecmig.ike.errors import Malformed, Refused
from ipsecmig.ike.exchange import nonce_of
from ipsecmig.ike.lifetimes import Lifetimes, read_phase_2, shortened
from ipsecmig.ike.wire.association import Proposal, SecurityAssociation, Transform
from ipsecmig.ike.wire.attributes import Attribute, encode_attributes
from ipsecmig.ike.wire.identification import host
from ipsecmig.ike.wire.notification import Notify
from ipsecmig.ike.wire.numbers import NotifyNumber, Phase1Attribute, Phase2Attribute, Protocol
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.policy import AhTransform, EspTransform, MainMode, MainModeOffer, QuickModeOffer
from ipsecmig.model.treatment import Mode

MAIN = MainMode(
    (
        MainModeOffer(Encryption.AES256, Integrity.SHA256, DhGroup.MODP2048),
        MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024),
    )
)
ESP_3DES, ESP_DES = (EspTransform(encryption, Integrity.SHA1) for encryption in (Encryption.TRIPLE_DES, Encryption.DES))
TRAFFIC = Traffic(
    host(IPv4Address("10.9.0.1")),
    host(IPv4Address("10.9.0.2")),
    Mode.TRANSPORT,
    (QuickModeOffer((ESP_3DES,)), QuickModeOffer((ESP_DES,))),
)
SPIS = {int(Protocol.AH): b"ah!!", int(Protocol.ESP): b"esp!"}


def phase_1_sa(*transforms: Transform) -> SecurityAssociation:
    return SecurityAssociation((Proposal(1, Protocol.ISAKMP, b"", transforms),))


FIRST, SECOND = phase1.offer(MAIN).proposals[0].transforms


def test_the_octets_of_a_phase_1_offer() -> None:
    assert phase1.offer(replace(MAIN, offers=MAIN.offers[1:])).encode() == bytes.fromhex(
        "00000001 00000001 00000028 01010001 00000020 0101000080010005 80020002 80040002 80030001 800b0001 800c7080"
    )


def without(transform: Transform, number: int) -> Transform:
    return transform._replace(attributes=tuple(row for row in transform.attributes if row.number != number))


def with_value(transform: Transform, number: int, value: int) -> Transform:
    return transform._replace(
        attributes=tuple(Attribute(row.number, value) if row.number == number else row for row in transform.attributes),
    )


@pytest.mark.parametrize(
    "offered",
    [
        phase_1_sa(),
        phase_1_sa(without(FIRST, Phase1Attribute.KEY_LENGTH)),
        phase_1_sa(with_value(FIRST, Phase1Attribute.AUTHENTICATION, 3)),
        phase_1_sa(with_value(FIRST, Phase1Attribute.GROUP, 19)),
        phase_1_sa(with_value(FIRST, Phase1Attribute.GROUP, 2)),
        phase_1_sa(FIRST._replace(transform=2)),
        SecurityAssociation((Proposal(1, Protocol.ESP, b"", (FIRST,)),)),
    ],
)
def test_phase_1_offers_that_are_not_ours_are_refused(offered: SecurityAssociation) -> None:
    with pytest.raises(Refused) as caught:
        phase1.choose(MAIN, offered)
    assert caught.value.notify == NotifyNumber.NO_PROPOSAL_CHOSEN
    assert "aes256-sha256-group14-psk 3des-sha1-group2-psk" in caught.value.detail


def test_a_phase_1_choice_is_the_peers_transform_unchanged() -> None:
    theirs = with_value(SECOND, Phase1Attribute.LIFE_DURATION, 60)._replace(position=7)
    association, choice = phase1.choose(MAIN, phase_1_sa(with_value(FIRST, Phase1Attribute.GROUP, 5), theirs))
    assert association == phase_1_sa(theirs)
    assert choice.suite.group is DhGroup.MODP1024
    assert choice.lifetimes == Lifetimes(60, None)
    assert phase1.accept(MAIN, association) == choice


@pytest.mark.parametrize(
    "chosen", [phase_1_sa(), phase_1_sa(FIRST, SECOND), phase_1_sa(with_value(FIRST, Phase1Attribute.GROUP, 2))]
)
def test_a_phase_1_choice_that_was_not_offered_is_refused(chosen: SecurityAssociation) -> None:
    with pytest.raises(Refused):
        phase1.accept(MAIN, chosen)


def test_the_octets_of_a_phase_2_offer() -> None:
    traffic = replace(TRAFFIC, offers=TRAFFIC.offers[:1], pfs_group=DhGroup.MODP1024)
    assert phase2.offer(traffic, SPIS).encode() == bytes.fromhex(
        "00000001 00000001 00000034 01030401 65737021 00000028 01030000"
        "80010001 80020e10 80010002 00020004000186a0 80040002 80030002 80050002"
    )


def test_ah_and_esp_together_are_two_proposals_of_one_position() -> None:
    traffic = replace(TRAFFIC, offers=(QuickModeOffer((AhTransform(Integrity.MD5), ESP_3DES)),))
    proposals = phase2.offer(traffic, SPIS).proposals
    assert [(row.position, row.protocol, row.spi) for row in proposals] == [(1, 2, b"ah!!"), (1, 3, b"esp!")]
    assert phase2.choose(traffic, SecurityAssociation(proposals)) == proposals
    with pytest.raises(Refused):
        phase2.choose(traffic, SecurityAssociation(proposals[:1]))
    with pytest.raises(Refused):
        phase2.choose(traffic, SecurityAssociation((proposals[0], proposals[1]._replace(position=2))))


TRIPLE, SINGLE = (proposal.transforms[0] for proposal in phase2.offer(TRAFFIC, SPIS).proposals)


@pytest.mark.parametrize("transforms", [(SINGLE, TRIPLE), (TRIPLE, SINGLE)])
def test_among_transforms_of_one_proposal_the_peers_order_counts(transforms: tuple[Transform, ...]) -> None:
    (chosen,) = phase2.choose(TRAFFIC, SecurityAssociation((Proposal(1, Protocol.ESP, b"peer", transforms),)))
    assert chosen.transforms == transforms[:1]


def esp(*transforms: Transform, spi: bytes = b"peer") -> SecurityAssociation:
    return SecurityAssociation((Proposal(1, Protocol.ESP, spi, transforms),))


UNKNOWN = (
    with_value(TRIPLE, Phase2Attribute.ENCAPSULATION, 1),
    with_value(TRIPLE, Phase2Attribute.AUTHENTICATION, 1),
    without(TRIPLE, Phase2Attribute.AUTHENTICATION),
    TRIPLE._replace(attributes=(*TRIPLE.attributes, Attribute(Phase2Attribute.GROUP, 2))),
    TRIPLE._replace(transform=12),
)


@pytest.mark.parametrize("association", [esp(*UNKNOWN), esp(), esp(TRIPLE, spi=b"abc"), SecurityAssociation(())])
def test_phase_2_offers_that_are_not_ours_are_refused(association: SecurityAssociation) -> None:
    with pytest.raises(Refused) as caught:
        phase2.choose(TRAFFIC, association)
    assert caught.value.notify == NotifyNumber.NO_PROPOSAL_CHOSEN


@pytest.mark.parametrize(
    "chosen",
    [esp(TRIPLE, SINGLE), esp(), esp(TRIPLE, spi=b"abc"), SecurityAssociation(()), *(esp(row) for row in UNKNOWN)],
)
def test_a_phase_2_choice_that_was_not_offered_is_refused(chosen: SecurityAssociation) -> None:
    with pytest.raises(Refused):
        phase2.accept(TRAFFIC, chosen)


def test_a_phase_2_choice_may_change_lifetimes() -> None:
    shorter = with_value(SINGLE, Phase2Attribute.LIFE_DURATION, 60)
    assert phase2.accept(TRAFFIC, esp(shorter)) == esp(shorter).proposals
    assert read_phase_2(shorter.attributes) == Lifetimes(60, 60)


def lifetime_notify(*attributes: tuple[int, int], kind: int = NotifyNumber.RESPONDER_LIFETIME) -> Notify:
    return Notify(1, Protocol.ESP, kind, b"esp!", encode_attributes(tuple(Attribute(*row) for row in attributes)))


SHORT = ((Phase2Attribute.LIFE_TYPE, 1), (Phase2Attribute.LIFE_DURATION, 600))
LONG = ((Phase2Attribute.LIFE_TYPE, 1), (Phase2Attribute.LIFE_DURATION, 901))
SMALL = ((Phase2Attribute.LIFE_TYPE, 2), (Phase2Attribute.LIFE_DURATION, 50))


@pytest.mark.parametrize(
    ("payloads", "left"),
    [
        ((), Lifetimes(900, None)),
        ((lifetime_notify(*SHORT),), Lifetimes(600, None)),
        ((lifetime_notify(*SMALL),), Lifetimes(900, 50)),
        ((lifetime_notify(*SHORT), lifetime_notify(*SMALL)), Lifetimes(600, 50)),
        (
            (lifetime_notify((Phase2Attribute.LIFE_TYPE, 1), (Phase2Attribute.LIFE_DURATION, 901)),),
            Lifetimes(900, None),
        ),
        ((lifetime_notify(*SHORT, kind=NotifyNumber.REPLAY_STATUS),), Lifetimes(900, None)),
    ],
)
def test_a_responder_may_say_that_its_lifetimes_are_shorter(payloads: tuple[Notify, ...], left: Lifetimes) -> None:
    assert shortened(Lifetimes(900, None), payloads) == left


@pytest.mark.parametrize(("size", "accepted"), [(7, False), (8, True), (256, True), (257, False)])
def test_nonces_have_8_to_256_octets(size: int, accepted: bool) -> None:
    if accepted:
        assert nonce_of(bytes(size)) == bytes(size)
    else:
        with pytest.raises(Malformed):
            nonce_of(bytes(size))
