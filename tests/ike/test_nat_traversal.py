"""Two engines with NATs between them."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ike_ends import (
    AH,
    AH_ESP,
    ESP_3DES,
    A,
    B,
    Nat,
    Wire,
    advance,
    assert_agreed,
    assert_child_agreed,
    ends,
    events,
    few_losses,
    negotiate,
    octets,
    of_kind,
)

from ipsecmig.ike import keymat, quick_mode
from ipsecmig.ike.configuration import Configuration
from ipsecmig.ike.engine import Engine
from ipsecmig.ike.errors import Refused
from ipsecmig.ike.events import ChildEstablished, Discarded, Established, Failed, PeerMoved
from ipsecmig.ike.exchange import Randomness, Situation
from ipsecmig.ike.keymat import Cookies
from ipsecmig.ike.natt import (
    DRAFT_02,
    KEEPALIVE_SECONDS,
    RFC_3947,
    NatTraversal,
    Originals,
    Variant,
    detect,
    encapsulation,
)
from ipsecmig.ike.wire.generic import Payload
from ipsecmig.ike.wire.identification import Identification, host
from ipsecmig.ike.wire.message import Message, decode_message, encode_message
from ipsecmig.ike.wire.nat import NatDetection
from ipsecmig.ike.wire.numbers import NotifyNumber
from ipsecmig.ike.wire.opaque import Nonce
from ipsecmig.model.algorithms import Integrity
from ipsecmig.model.policy import QuickModeOffer
from ipsecmig.model.treatment import Mode
from ipsecmig.model.windows import WindowsVersion
from ipsecmig.udp import KEEPALIVE, Datagram, Endpoint, Path

XP, SERVER_2003, VISTA = WindowsVersion.XP, WindowsVersion.SERVER_2003, WindowsVersion.VISTA
OUTSIDE, STRANGER = IPv4Address("198.51.100.1"), Endpoint(IPv4Address("203.0.113.9"), 4500)


def before_initiator() -> Nat:
    return Nat(A, OUTSIDE)


def behind_a_nat(
    quick: tuple[QuickModeOffer, ...] = (ESP_3DES,), mode: Mode = Mode.TRANSPORT
) -> tuple[Configuration, Configuration]:
    """Return two ends of which the first is behind the NAT."""
    one, other = ends(quick=quick, mode=mode)
    there = replace(other.traffic, remote=host(OUTSIDE, 6, 0)) if mode is Mode.TRANSPORT else other.traffic
    return one, replace(other, remote=OUTSIDE, peer_identity=A, traffic=there)


def joined(configurations: tuple[Configuration, Configuration], nat: Nat) -> tuple[Engine, Engine, list[Datagram]]:
    """Return two engines that have agreed across a NAT, and what the second one received meanwhile."""
    one, other = (Engine(configuration) for configuration in configurations)
    wire, received = Wire(one, other, iter(()), nats=(nat,)), list[Datagram]()
    one.start(0.0, octets("start"))
    while sent := wire.sent():
        for target, datagram in sent:
            received += [datagram] if target is other else []
            target.receive(datagram, 0.0, octets((len(received), datagram)))
    return one, other, received


def established(found: list[object]) -> Established:
    (event,) = (event for event in found if isinstance(event, Established))
    return event


@pytest.mark.parametrize(
    ("mine", "theirs", "variant"),
    [
        (None, None, RFC_3947),
        (VISTA, None, RFC_3947),
        (None, SERVER_2003, DRAFT_02),
        (XP, None, DRAFT_02),
        (VISTA, XP, DRAFT_02),
    ],
)
@pytest.mark.parametrize("mode", list(Mode))
def test_two_ends_agree_across_a_nat(
    mine: WindowsVersion | None, theirs: WindowsVersion | None, variant: Variant, mode: Mode
) -> None:
    one, other = behind_a_nat(mode=mode)
    found = negotiate((replace(one, windows=mine), replace(other, windows=theirs)), nats=(before_initiator(),))
    assert established([*found[0]]).nat == NatTraversal(variant, here=True, there=False)
    assert established([*found[1]]).nat == NatTraversal(variant, here=False, there=True)
    (child,), (peer,) = (of_kind(events_of, ChildEstablished) for events_of in found)
    assert isinstance(child, ChildEstablished)
    assert isinstance(peer, ChildEstablished)
    assert child.path == Path(Endpoint(A, 4500), Endpoint(B, 4500))
    assert peer.path == Path(Endpoint(B, 4500), Endpoint(OUTSIDE, 61_001))
    assert [(row.inbound_spi, row.inbound_key) for row in child.associations] == [
        (row.outbound_spi, row.outbound_key) for row in peer.associations
    ]
    if mode is Mode.TUNNEL:
        assert (child.originals, peer.originals) == (None, None)
        return
    # By the draft the server, which is behind no NAT, tells nothing: its client does not know what the NAT makes of it.
    perceived = OUTSIDE if variant is RFC_3947 else None
    assert (child.originals, peer.originals) == (Originals(B, perceived), Originals(A, B))
    assert (peer.local, peer.remote) == (host(B, 6, 80), host(OUTSIDE, 6, 0))


@pytest.mark.parametrize(
    ("variant", "numbers"), [(RFC_3947, (20, 3, 4)), (DRAFT_02, (130, 61443, 61444))], ids=["RFC", "draft"]
)
def test_the_numbers_on_the_wire(variant: Variant, numbers: tuple[int, int, int]) -> None:
    nat = NatTraversal(variant, here=False, there=True)
    modes = (encapsulation(Mode.TUNNEL, nat), encapsulation(Mode.TRANSPORT, nat))
    assert (variant.nat_d, *modes) == numbers
    assert encapsulation(Mode.TUNNEL, replace(nat, there=False)) == encapsulation(Mode.TUNNEL, None) == 1
    one, other = behind_a_nat()
    windows = SERVER_2003 if variant is DRAFT_02 else None
    _, _, received = joined((replace(one, windows=windows), other), before_initiator())
    third = decode_message(received[1].data)
    assert isinstance(third, Message)
    assert [payload.number for payload in third.payloads if isinstance(payload, NatDetection)] == [numbers[0]] * 2


COOKIES = Cookies(b"initiato", b"responde")
WAY = Path(Endpoint(B, 500), Endpoint(OUTSIDE, 61_000))


def digest(end: Endpoint, number: int = 20) -> NatDetection:
    return NatDetection(keymat.nat_detection(Integrity.MD5, COOKIES, *end), number)


@pytest.mark.parametrize(
    ("payloads", "found"),
    [
        ((), None),
        ((digest(WAY.local),), None),
        ((digest(WAY.local), digest(WAY.remote)), (False, False)),
        ((digest(WAY.local), digest(Endpoint(A)), digest(WAY.remote)), (False, False)),
        ((digest(WAY.local), digest(Endpoint(A)), digest(Endpoint(A, 4500))), (False, True)),
        ((digest(WAY.local), digest(Endpoint(OUTSIDE))), (False, True)),
        ((digest(WAY.remote), digest(WAY.local)), (True, True)),
        ((digest(Endpoint(B, 501)), digest(WAY.remote)), (True, False)),
        ((Nonce(b"nonce"), digest(WAY.local), Nonce(b"nonce"), digest(WAY.remote)), (False, False)),
    ],
)
def test_what_the_payloads_of_a_peer_tell(payloads: tuple[Payload, ...], found: tuple[bool, bool] | None) -> None:
    told = detect(RFC_3947, Integrity.MD5, COOKIES, WAY, payloads)
    assert (None if told is None else (told.here, told.there)) == found
    assert detect(None, Integrity.MD5, COOKIES, WAY, payloads) is None


def test_without_a_nat_everything_stays_at_port_500_and_bare() -> None:
    one, other = negotiate(ends())
    child = assert_agreed(one, other)
    assert (child.path, child.originals) == (None, None)
    assert established([*one]).nat == NatTraversal(RFC_3947, here=False, there=False)


@pytest.mark.parametrize("unknowing", [0, 1])
def test_an_end_that_does_not_know_nat_traversal_is_not_bothered(unknowing: int) -> None:
    configurations = list(ends())
    configurations[unknowing] = replace(configurations[unknowing], nat_traversal=False)
    one, other = negotiate((configurations[0], configurations[1]))
    assert_agreed(one, other)
    assert established([*one]).nat is established([*other]).nat is None


def test_from_the_fifth_message_on_port_4500_is_used() -> None:
    one, other, received = joined(behind_a_nat(), before_initiator())
    assert [datagram.destination.port for datagram in received] == [500, 500, 4500, 4500, 4500]
    assert [datagram.source.port for datagram in received] == [61_000, 61_000, 61_001, 61_001, 61_001]
    assert [datagram.data[:4] == bytes(4) for datagram in received] == [False, False, True, True, True]
    assert of_kind(events(one) + events(other), Discarded) == []
    assert one.path == Path(Endpoint(A, 4500), Endpoint(B, 4500))


def test_the_initiator_floats_before_anybody_answers_there() -> None:
    one, other = (Engine(configuration) for configuration in behind_a_nat())
    wire = Wire(one, other, iter(()), nats=(before_initiator(),))
    one.start(0.0, octets("start"))
    for number in range(4):
        assert one.path == Path(Endpoint(A), Endpoint(B))
        for target, datagram in wire.sent():
            target.receive(datagram, 0.0, octets((number, datagram)))
    assert one.path == Path(Endpoint(A, 4500), Endpoint(B, 4500))


def test_what_nobody_vouches_for_does_not_move_the_peer() -> None:
    one, other = (Engine(configuration) for configuration in ends())
    _, _, third = advance(one, other, 2)
    other.receive(third._replace(source=STRANGER), 0.0, octets("third"))
    (answer,) = other.to_send()
    assert answer.destination == Endpoint(A)
    assert other.path.remote == Endpoint(A)


def test_a_responder_behind_a_nat_and_both_behind_one() -> None:
    one, other = ends()
    outside_b = IPv4Address("198.51.100.2")
    one = replace(one, remote=outside_b, peer_identity=B, traffic=replace(one.traffic, remote=host(outside_b, 6, 80)))
    found = negotiate((one, other), nats=(Nat(B, outside_b, opened=True),))
    assert established([*found[0]]).nat == NatTraversal(RFC_3947, here=False, there=True)
    assert len(of_kind(found[0] + found[1], ChildEstablished)) == 2
    other = replace(other, remote=OUTSIDE, peer_identity=A, traffic=replace(other.traffic, remote=host(OUTSIDE, 6, 0)))
    found = negotiate((one, other), nats=(before_initiator(), Nat(B, outside_b, opened=True)))
    assert [established([*each]).nat for each in found] == [NatTraversal(RFC_3947, here=True, there=True)] * 2
    originals = [event.originals for each in found for event in each if isinstance(event, ChildEstablished)]
    assert originals == [Originals(B, OUTSIDE), Originals(A, outside_b)]


def test_only_the_end_behind_the_nat_sends_keepalives() -> None:
    one, other, _ = joined(behind_a_nat(), before_initiator())
    assert (one.timer(), other.timer()) == (KEEPALIVE_SECONDS, None)
    for time in (KEEPALIVE_SECONDS, 2 * KEEPALIVE_SECONDS):
        one.on_timer(time)
        (sent,) = one.to_send()
        assert sent == Datagram(KEEPALIVE, Endpoint(A, 4500), Endpoint(B, 4500))
        assert one.timer() == time + KEEPALIVE_SECONDS
        events(other)
        other.receive(sent, time, octets(time))
        assert events(other) == []
        assert other.to_send() == ()


@pytest.mark.parametrize("data", [KEEPALIVE, b"\0\0\1\0" + bytes(40), b"", b"\0\0"])
def test_what_else_comes_to_port_4500_is_passed_over(data: bytes) -> None:
    one, _, _ = joined(behind_a_nat(), before_initiator())
    events(one)
    one.receive(Datagram(data, Endpoint(B, 4500), Endpoint(A, 4500)), 0.0, octets(data))
    assert events(one) == []


def quick_mode_message(configuration: Configuration, engine: Engine, number: int) -> bytes:
    """Return the first message of one more quick mode of an established engine."""
    source = Randomness(octets(("another", number)))
    reply = quick_mode.offer(
        Situation(configuration, configuration.traffic, engine._machine.secured, None, source, engine.path)
    ).reply
    assert reply is not None
    return encode_message(reply)


def test_a_peer_that_the_nat_moved_is_answered_there_and_followed_once_it_shows_to_be_alive() -> None:
    configurations, nat = behind_a_nat(), before_initiator()
    one, other, _ = joined(configurations, nat)
    events(other)
    before = other.path
    moved = Endpoint(OUTSIDE, 61_777)
    message = bytes(4) + quick_mode_message(configurations[0], one, 1)
    other.receive(Datagram(message, moved, Endpoint(B, 4500)), 0.0, octets("moved"))
    (answer,) = other.to_send()
    assert answer.destination == moved
    assert other.path == before
    assert events(other) == []


def test_the_way_of_a_peer_that_moved_is_told() -> None:
    configurations, nat = behind_a_nat(), before_initiator()
    one, other = (Engine(configuration) for configuration in configurations)
    wire = Wire(one, other, iter(()), nats=(nat,))
    one.start(0.0, octets("start"))
    for number in range(8):
        for target, datagram in wire.sent():
            target.receive(datagram, 0.0, octets((number, datagram)))
    events(other)
    nat.rebind()
    for number in range(2):
        for target, datagram in wire.sent():
            target.receive(datagram, 0.0, octets((8 + number, datagram)))
    assert [type(event) for event in events(other)] == [PeerMoved, ChildEstablished]
    assert other.path == Path(Endpoint(B, 4500), Endpoint(OUTSIDE, 61_002))


def test_nothing_that_a_stranger_sends_again_moves_the_peer() -> None:
    _, other, received = joined(behind_a_nat(), before_initiator())
    events(other)
    before = other.path
    for datagram in received:
        for destination in (datagram.destination, Endpoint(B, 500), Endpoint(B, 4500)):
            again = datagram._replace(source=STRANGER, destination=destination)
            other.receive(again, 1.0, octets((destination, datagram)))
    assert other.path == before
    assert all(sent.destination == before.remote for sent in other.to_send())
    assert of_kind(events(other), PeerMoved) == []


LEFT, RIGHT, OTHER = host(A, 6, 0), host(B, 6, 80), host(B, 6, 81)
SEEN = (host(OUTSIDE, 6, 0), RIGHT)


@pytest.mark.parametrize(
    ("answer", "mode", "accepted"),
    [
        ((LEFT, RIGHT), Mode.TRANSPORT, True),
        (SEEN, Mode.TRANSPORT, True),
        (SEEN, Mode.TUNNEL, False),
        ((LEFT, OTHER), Mode.TRANSPORT, False),
        ((SEEN[0], OTHER), Mode.TRANSPORT, False),
    ],
)
def test_a_responder_may_answer_with_the_addresses_that_it_sees(
    answer: tuple[Identification, Identification], mode: Mode, accepted: bool
) -> None:
    traffic = replace(ends(mode=mode)[0].traffic, local=LEFT, remote=RIGHT)
    way = Path(Endpoint(A, 4500), Endpoint(B, 4500))
    with nullcontext() if accepted else pytest.raises(Refused):
        quick_mode._same_traffic(answer, traffic, way)
    with nullcontext() if answer == (LEFT, RIGHT) else pytest.raises(Refused):
        quick_mode._same_traffic(answer, traffic, None)


def test_offers_with_ah_are_left_out() -> None:
    one, _ = negotiate(behind_a_nat((AH, AH_ESP, ESP_3DES)), nats=(before_initiator(),))
    (child,) = of_kind(one, ChildEstablished)
    assert isinstance(child, ChildEstablished)
    assert child.suite.transforms == ESP_3DES.transforms


def test_ah_alone_fails_with_the_nat_as_the_reason() -> None:
    one, other = negotiate(behind_a_nat((AH,)), nats=(before_initiator(),))
    (failed,) = of_kind(one, Failed)
    assert isinstance(failed, Failed)
    assert failed.notify == NotifyNumber.NO_PROPOSAL_CHOSEN
    assert "NAT" in failed.reason
    assert of_kind(one + other, ChildEstablished) == []


@given(st.lists(st.sampled_from(["arrive", "drop", "twice", "late", "cut"]), max_size=14).map(tuple).filter(few_losses))
@settings(max_examples=40)
def test_a_wire_that_loses_repeats_delays_and_cuts_changes_nothing(fates: tuple[str, ...]) -> None:
    assert_child_agreed(*negotiate(behind_a_nat(mode=Mode.TUNNEL), fates, (before_initiator(),)))
