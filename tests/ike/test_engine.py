"""Two engines, joined in process by good and by bad wires."""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ike_ends import (
    AES,
    AH,
    AH_ESP,
    DES,
    ESP_3DES,
    ESP_AES,
    ESP_BARE,
    ESP_NULL,
    TRIPLE_DES,
    B,
    Wire,
    advance,
    assert_agreed,
    changed,
    ends,
    events,
    few_losses,
    flipped,
    negotiate,
    next_datagram,
    octets,
    of_kind,
    to_one,
    to_other,
)

from ipsecmig.ike import keymat, proof, quick_mode
from ipsecmig.ike.announcement import recognise
from ipsecmig.ike.configuration import Configuration
from ipsecmig.ike.engine import Engine
from ipsecmig.ike.events import ChildEstablished, Discarded, Established, Failed, PeerAnnounced, PeerNotified
from ipsecmig.ike.exchange import RANDOM_OCTETS, Randomness, Situation
from ipsecmig.ike.informational import clear_notify, sealed_notify
from ipsecmig.ike.keymat import Cookies
from ipsecmig.ike.lifetimes import Lifetimes
from ipsecmig.ike.machine import MAX_EVENTS
from ipsecmig.ike.phase2 import Phase2Suite
from ipsecmig.ike.run import MAX_EXCHANGES, TIMEOUTS
from ipsecmig.ike.wire import vendor
from ipsecmig.ike.wire.identification import host, subnet
from ipsecmig.ike.wire.message import encode_message
from ipsecmig.ike.wire.numbers import NotifyNumber, Protocol
from ipsecmig.ike.wire.opaque import Nonce, VendorId
from ipsecmig.model.algorithms import DhGroup
from ipsecmig.model.policy import MainMode, MainModeOffer, QuickModeOffer, Secret
from ipsecmig.model.treatment import Mode
from ipsecmig.model.windows import WindowsVersion
from ipsecmig.udp import Datagram


@pytest.mark.parametrize("offer", [DES, TRIPLE_DES, AES], ids=["des", "3des", "aes"])
@pytest.mark.parametrize(
    ("quick", "sizes"),
    [
        (ESP_3DES, {Protocol.ESP: 24 + 20}),
        (ESP_AES, {Protocol.ESP: 32 + 32}),
        (ESP_NULL, {Protocol.ESP: 16}),
        (ESP_BARE, {Protocol.ESP: 8}),
        (AH, {Protocol.AH: 20}),
        (AH_ESP, {Protocol.AH: 16, Protocol.ESP: 8 + 20}),
    ],
)
def test_two_ends_agree(offer: MainModeOffer, quick: QuickModeOffer, sizes: dict[int, int]) -> None:
    mine, theirs = negotiate(ends((offer,), (quick,)))
    child = assert_agreed(mine, theirs)
    assert child.suite == Phase2Suite(quick.transforms, Mode.TRANSPORT, None)
    assert [event.suite.offer for event in mine + theirs if isinstance(event, Established)] == [offer, offer]
    assert {row.protocol: len(row.inbound_key) for row in child.associations} == sizes


@pytest.mark.parametrize("pfs", [DhGroup.MODP768, DhGroup.MODP1536])
def test_two_ends_agree_with_pfs(pfs: DhGroup) -> None:
    assert assert_agreed(*negotiate(ends(pfs=pfs))).suite.pfs_group is pfs


def test_a_tunnel_between_networks() -> None:
    one, other = ends(mode=Mode.TUNNEL)
    left, right = subnet(IPv4Network("10.1.0.0/16")), subnet(IPv4Network("10.2.0.0/16"))
    configurations = (
        replace(one, traffic=replace(one.traffic, local=left, remote=right)),
        replace(other, traffic=replace(other.traffic, local=right, remote=left)),
    )
    assert assert_agreed(*negotiate(configurations)).local == left


def test_the_first_offer_of_the_initiator_that_the_responder_has_is_chosen() -> None:
    one, _ = ends((AES, TRIPLE_DES, DES), (ESP_AES, AH_ESP, ESP_3DES))
    _, other = ends((DES, TRIPLE_DES), (ESP_3DES, AH_ESP))
    mine, theirs = negotiate((one, other))
    child = assert_agreed(mine, theirs)
    established = of_kind(mine, Established)[0]
    assert isinstance(established, Established)
    assert established.suite.cipher.name == "3des"
    assert [row.protocol for row in child.associations] == [Protocol.AH, Protocol.ESP]


def test_the_lifetimes_are_those_of_the_initiator() -> None:
    one, _ = ends(quick=(replace(ESP_3DES, lifetime_seconds=900, lifetime_kilobytes=0),))
    _, other = ends(quick=(replace(ESP_3DES, lifetime_seconds=70_000, lifetime_kilobytes=50_000),))
    one = replace(one, main_mode=MainMode((DES,), lifetime_seconds=100_000))
    found = negotiate((one, other))
    assert assert_agreed(*found).lifetimes == Lifetimes(900, 100_000)
    assert [event.lifetimes for event in found[1] if isinstance(event, Established)] == [Lifetimes(100_000, None)]


def test_without_losses_nothing_is_discarded_and_nine_messages_suffice() -> None:
    configurations = ends()
    one, other = (Engine(configuration) for configuration in configurations)
    wire = Wire(one, other, iter(()))
    wire.run()
    assert wire.carried == 9
    assert of_kind(events(one) + events(other), Discarded) == []


@pytest.mark.parametrize(
    ("mine", "theirs", "notify", "reason"),
    [
        (ends((AES,)), ends((DES,)), NotifyNumber.NO_PROPOSAL_CHOSEN, "aes256-sha256-group14"),
        (ends(quick=(AH,)), ends(quick=(ESP_3DES,)), NotifyNumber.NO_PROPOSAL_CHOSEN, "2/3"),
        (ends(), ends(mode=Mode.TUNNEL), NotifyNumber.NO_PROPOSAL_CHOSEN, "4=2"),
        (ends(), ends(pfs=DhGroup.MODP768), NotifyNumber.NO_PROPOSAL_CHOSEN, "3=1"),
    ],
)
def test_what_cannot_be_agreed_is_said_at_both_ends(
    mine: tuple[Configuration, Configuration],
    theirs: tuple[Configuration, Configuration],
    notify: int,
    reason: str,
) -> None:
    one, other = negotiate((mine[0], theirs[1]))
    (failed,), (refused,) = of_kind(other, Failed), of_kind(one, Failed)
    assert isinstance(failed, Failed)
    assert isinstance(refused, Failed)
    assert failed.notify == refused.notify == notify
    assert reason in failed.reason
    assert any(isinstance(event, PeerNotified) and event.kind == notify for event in one)
    assert of_kind(one + other, ChildEstablished) == []


def test_other_traffic_is_refused() -> None:
    one, other = ends()
    elsewhere = replace(other, traffic=replace(other.traffic, local=host(B, 6, 443)))
    mine, theirs = negotiate((one, elsewhere))
    for found in (mine, theirs):
        assert [event.notify for event in found if isinstance(event, Failed)] == [NotifyNumber.INVALID_ID_INFORMATION]


def test_a_peer_with_another_address_is_refused() -> None:
    one, other = ends()
    mine, theirs = negotiate((one, replace(other, remote=IPv4Address("10.9.0.77"))))
    for found in (mine, theirs):
        assert [event.notify for event in found if isinstance(event, Failed)] == [NotifyNumber.INVALID_ID_INFORMATION]


def test_unequal_preshared_keys_end_in_silence_with_a_reason() -> None:
    one, other = ends()
    mine, theirs = negotiate((one, replace(other, authentication=Secret("open-sesame"))))
    assert of_kind(mine + theirs, Established) == []
    assert of_kind(theirs, Discarded)
    assert [event.notify for event in mine + theirs if isinstance(event, Failed)] == [None, None]


# In the last block of each message are octets that the hash is or covers.
@pytest.mark.parametrize(
    ("before", "reason"),
    [
        (4, "a proof that the peer has the same preshared key"),
        (5, "a proof that the peer has the same preshared key"),
        (6, "a hash over this message, made with the keys of phase 1"),
        (7, "a hash over this message, made with the keys of phase 1"),
        (8, "HASH.3. over this exchange"),
    ],
)
def test_a_forged_message_is_discarded_and_the_true_one_still_counts(before: int, reason: str) -> None:
    one, other = (Engine(configuration) for configuration in ends())
    _, receiver, datagram = advance(one, other, before)
    events(receiver)
    receiver.receive(flipped(datagram, back=1), 0.0, octets("forged"))
    (discarded,) = events(receiver)
    assert isinstance(discarded, Discarded)
    assert re.search(reason, discarded.reason)
    assert receiver.to_send() == ()
    receiver.receive(datagram, 0.0, octets("true"))
    told = events(receiver)
    assert of_kind(told, Discarded) == []
    assert told or receiver.to_send()


def test_a_refusal_of_quick_mode_must_be_protected() -> None:
    one, other = (Engine(configuration) for configuration in ends())
    _, _, datagram = advance(one, other, 6)
    cookies = Cookies(datagram.data[:8], datagram.data[8:16])
    forged = to_one(encode_message(clear_notify(cookies, NotifyNumber.NO_PROPOSAL_CHOSEN, 7)))
    events(one)
    one.receive(forged, 0.0, octets("forged"))
    assert events(one) == [PeerNotified(NotifyNumber.NO_PROPOSAL_CHOSEN, b"", protected=False)]
    other.receive(datagram, 0.0, octets(7))
    one.receive(next_datagram(other), 0.0, octets(8))
    assert [type(event) for event in events(one)] == [ChildEstablished]


def test_a_refusal_before_the_peer_has_proved_itself_may_be_protected() -> None:
    one, other = (Engine(configuration) for configuration in ends())
    advance(one, other, 4)
    assert one.secured is not None
    refusal = to_one(encode_message(sealed_notify(one.secured, NotifyNumber.AUTHENTICATION_FAILED, 7)))
    events(one)
    one.receive(flipped(refusal), 0.0, octets("flipped"))
    assert [type(event) for event in events(one)] == [Discarded]
    one.receive(refusal, 0.0, octets("refused"))
    assert events(one) == [
        PeerNotified(NotifyNumber.AUTHENTICATION_FAILED, b"", protected=True),
        Failed(0, NotifyNumber.AUTHENTICATION_FAILED, "the peer refused"),
    ]


def test_a_forged_informational_message_is_discarded() -> None:
    one, other = ends()
    initiator = Engine(one)
    responder = Engine(replace(other, traffic=replace(other.traffic, mode=Mode.TUNNEL)))
    _, _, datagram = advance(initiator, responder, 6)
    responder.receive(datagram, 0.0, octets(7))
    refusal = next_datagram(responder)
    events(initiator)
    initiator.receive(flipped(refusal, back=9), 0.0, octets("forged"))
    assert [type(event) for event in events(initiator)] == [Discarded]
    initiator.receive(refusal, 0.0, octets(8))
    assert [type(event) for event in events(initiator)] == [PeerNotified, Failed]


DRAFT = "draft-ietf-ipsec-nat-t-ike-02 with a newline"
OLDEST = ("MS NT5 ISAKMPOAKLEY", "GSSAPI", DRAFT, "Vid-Initial-Contact")
NAMES = ("MS NT5 ISAKMPOAKLEY", "GSSAPI", "FRAGMENTATION", DRAFT, "Vid-Initial-Contact")
LATER = ("MS NT5 ISAKMPOAKLEY", "GSSAPI", "FRAGMENTATION", "RFC 3947", DRAFT, "Vid-Initial-Contact")


@pytest.mark.parametrize(
    ("windows", "number", "names"),
    [
        (WindowsVersion.WINDOWS_2000, 2, NAMES),
        (WindowsVersion.XP, 3, OLDEST),
        (WindowsVersion.SERVER_2003, 4, NAMES),
        (WindowsVersion.VISTA, 5, LATER),
    ],
)
def test_each_end_hears_which_windows_the_other_is(
    windows: WindowsVersion, number: int, names: tuple[str, ...]
) -> None:
    one, other = (replace(end, windows=windows, initial_contact=True) for end in ends())
    mine, theirs = negotiate((one, other))
    assert_agreed(mine, theirs)
    for found in (mine, theirs):
        first = found[0]
        assert isinstance(first, PeerAnnounced)
        assert (first.windows, first.names) == (number, names)


def test_vendor_ids_are_recognised_or_kept() -> None:
    versioned, unknown = vendor.MICROSOFT.value + bytes.fromhex("0000002a"), b"somebody"
    assert recognise((VendorId(unknown), Nonce(b"n"), VendorId(versioned))) == (
        PeerAnnounced((unknown, versioned), (None, "MS NT5 ISAKMPOAKLEY"), 42),
    )
    assert recognise((VendorId(vendor.DPD.value),)) == (
        PeerAnnounced((vendor.DPD.value,), ("Dead Peer Detection",), None),
    )
    assert recognise((Nonce(b"n"),)) == ()


def test_messages_of_another_negotiation_are_discarded() -> None:
    one, other = (Engine(configuration) for configuration in ends())
    _, receiver, datagram = advance(one, other, 2)
    events(receiver)
    for at in (0, 8):
        receiver.receive(changed(datagram, datagram.data[:at] + bytes(8) + datagram.data[at + 8 :]), 0.0, octets(at))
    assert [type(event) for event in events(receiver)] == [Discarded, Discarded]


def test_each_direction_has_the_key_of_the_spi_that_its_packets_bear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keymat, "keymat", lambda *arguments: arguments[3])
    child = assert_agreed(*negotiate(ends(quick=(AH_ESP,))))
    for row in child.associations:
        assert (row.inbound_key, row.outbound_key) == (row.inbound_spi, row.outbound_spi)


def test_an_identity_that_is_not_of_ike_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "host", lambda address, *_: host(address, 6, 80))
    one, other = negotiate(ends())
    assert [event.notify for event in other if isinstance(event, Failed)] == [NotifyNumber.INVALID_ID_INFORMATION]
    assert of_kind(one + other, Established) == []


def test_a_new_message_makes_the_patience_new() -> None:
    one, other = (Engine(configuration) for configuration in ends())
    one.start(0.0, octets(0))
    one.on_timer(TIMEOUTS[0])
    assert one.timer() == TIMEOUTS[0] + TIMEOUTS[1]
    other.receive(one.to_send()[0], 2.0, octets(1))
    one.receive(next_datagram(other), 2.0, octets(2))
    assert one.timer() == 2.0 + TIMEOUTS[0]


def test_a_silent_peer_is_given_up() -> None:
    engine, now = Engine(ends()[0]), 0.0
    sent: list[Datagram] = []
    engine.start(now, octets(0))
    while (timer := engine.timer()) is not None:
        sent.extend(engine.to_send())
        now = timer
        engine.on_timer(now)
    assert sent == sent[:1] * len(TIMEOUTS)
    assert now == sum(TIMEOUTS)
    assert [type(event) for event in events(engine)] == [Failed]


FATES = ("arrive", "drop", "twice", "late", "cut", "flip")


@given(st.lists(st.sampled_from(["arrive", "drop", "twice", "late", "cut"]), max_size=14).map(tuple).filter(few_losses))
@settings(max_examples=60)
def test_a_wire_that_loses_repeats_delays_and_cuts_changes_nothing(fates: tuple[str, ...]) -> None:
    assert_agreed(*negotiate(ends(), fates))


@given(st.lists(st.sampled_from(FATES), max_size=40).map(tuple))
@settings(max_examples=60)
def test_both_ends_agree_or_fail_with_a_reason_whatever_the_wire_does(fates: tuple[str, ...]) -> None:
    one, other = negotiate(ends(), fates)
    mine, theirs = of_kind(one, ChildEstablished), of_kind(other, ChildEstablished)
    if mine and theirs:
        assert_agreed(one, other)
    for found, established in ((one, mine), (other, theirs)):
        heard = any(not isinstance(event, Discarded) for event in found)
        assert established or not heard or of_kind(found, Failed) or of_kind(found, Established)


@given(st.lists(st.binary(max_size=80), max_size=5))
def test_noise_changes_nothing_and_never_raises(noise: list[bytes]) -> None:
    engine = Engine(ends()[1])
    for datagram in noise:
        engine.receive(to_other(datagram), 0.0, octets(datagram))
    assert engine.to_send() == ()
    assert engine.timer() is None
    assert [type(event) for event in events(engine)] == [Discarded] * len(noise)


def test_an_engine_begins_once_and_needs_enough_randomness() -> None:
    engine = Engine(ends()[0])
    with pytest.raises(ValueError, match=str(RANDOM_OCTETS)):
        engine.start(0.0, b"few")
    engine.start(0.0, octets(0))
    with pytest.raises(ValueError, match="begun"):
        engine.start(0.0, octets(1))


def test_events_that_nobody_reads_are_bounded() -> None:
    engine = Engine(ends()[1])
    for number in range(MAX_EVENTS + 10):
        engine.receive(to_other(b"noise"), 0.0, octets(number))
    assert len(events(engine)) == MAX_EVENTS


def test_quick_modes_that_are_never_finished_are_bounded() -> None:
    configuration, peer = ends()
    one, other = Engine(configuration), Engine(peer)
    advance(one, other, 6)
    for number in range(MAX_EXCHANGES + 5):
        situation = Situation(
            configuration, configuration.traffic, one._machine.secured, None, Randomness(octets(number)), one.path
        )
        offer = quick_mode.offer(situation).reply
        assert offer is not None
        other.receive(to_other(encode_message(offer)), 0.0, octets(("answer", number)))
        assert len(other.to_send()) == 1
    assert len(list(other._machine.runs)) == 1 + MAX_EXCHANGES


def test_the_key_never_shows() -> None:
    configurations = ends()
    one, other = (Engine(configuration) for configuration in configurations)
    Wire(one, other, iter(())).run()
    shown = repr(events(one)) + repr(configurations)
    assert "Sesame" not in shown
    assert "key=" not in shown
