"""The responder of aggressive mode, before an initiator made of the same parts for these tests."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from ike_certificates import NOW, ONE, ROOT, TWO
from ike_ends import DES, TRIPLE_DES, B, ends, events, next_datagram, octets, of_kind, to_other

from ipsecmig.ike import keymat, phase1, proof, quick_mode
from ipsecmig.ike.announcement import first_contact
from ipsecmig.ike.configuration import Configuration, RsaCredentials
from ipsecmig.ike.crypto import groups
from ipsecmig.ike.engine import Engine
from ipsecmig.ike.events import ChildEstablished, Discarded, Established, Failed
from ipsecmig.ike.exchange import Randomness, Secured, Situation, only
from ipsecmig.ike.keymat import Cookies, Phase1Inputs
from ipsecmig.ike.protection import seal
from ipsecmig.ike.proving import derive, hash_over, own_values, public_values
from ipsecmig.ike.wire.association import SecurityAssociation
from ipsecmig.ike.wire.identification import Identification
from ipsecmig.ike.wire.message import Header, Message, SealedMessage, decode_message, encode_message
from ipsecmig.ike.wire.numbers import Exchange, NotifyNumber
from ipsecmig.ike.wire.opaque import KeyExchange, Nonce
from ipsecmig.udp import Datagram, Endpoint, Path

COOKIE_I = b"aggress!"
WAY = Path(Endpoint(B), Endpoint(B))


@dataclass
class Initiator:
    """The other end; `first` and `third` are its messages."""

    configuration: Configuration
    encrypts: bool = False

    def situation(self, secured: Secured | None = None, context: object = None) -> Situation:
        return Situation(self.configuration, context, secured, None, Randomness(octets("initiator")), WAY)

    def first(self) -> Datagram:
        situation = self.situation()
        method = proof.method(self.configuration)
        self.offered = phase1.offer(self.configuration.main_mode, method)
        (suite, *_) = phase1._suites(self.configuration.main_mode, method)
        self.private, self.g_xi, self.ni_b = own_values(situation, suite)
        payloads = (self.offered, KeyExchange(self.g_xi), Nonce(self.ni_b), proof.identity(self.configuration))
        return to_other(encode_message(Message(Header(COOKIE_I, bytes(8), Exchange.AGGRESSIVE), payloads)))

    def third(self, answer: Datagram) -> Datagram:
        message = decode_message(answer.data)
        assert isinstance(message, Message)
        g_xr, nr_b = public_values(message)
        chosen = phase1.accept(
            self.configuration.main_mode,
            only(message.payloads, SecurityAssociation),
            proof.method(self.configuration),
        )
        g_xy = groups.shared_secret(chosen.suite.group, self.private, g_xr)
        skeyid = proof.skeyid(self.configuration, chosen.suite.hash_, self.ni_b, nr_b, g_xy)
        cookies = Cookies(COOKIE_I, message.header.responder_cookie)
        known = derive(chosen, Phase1Inputs(self.g_xi, g_xr, cookies, self.offered.encode()), skeyid, g_xy, None)
        peer = only(message.payloads, Identification)
        proof.check(self.configuration, peer, message.payloads, hash_over(known, keymat.hash_r, peer))
        own = hash_over(known, keymat.hash_i, proof.identity(self.configuration))
        payloads = (*proof.prove(self.configuration, own), *first_contact(self.configuration, cookies))
        header, self.secured = Header(cookies.initiator, cookies.responder, Exchange.AGGRESSIVE), known.secured
        if not self.encrypts:
            return to_other(encode_message(Message(header, payloads)))
        third, iv = seal(header, payloads, known.secured.cbc, known.secured.iv)
        self.secured = known.secured._replace(iv=iv)
        return to_other(encode_message(third))


def aggressive_ends() -> tuple[Configuration, Configuration]:
    one, other = ends()
    return one, replace(other, aggressive_mode=True)


@pytest.mark.parametrize("encrypts", [False, True])
@pytest.mark.parametrize("rsa", [False, True])
def test_both_prove_themselves_and_quick_mode_works_with_the_keys(encrypts: bool, rsa: bool) -> None:
    one, other = aggressive_ends()
    if rsa:
        one = replace(one, authentication=RsaCredentials((ONE.der,), ONE.key, ROOT.der, NOW))
        other = replace(other, authentication=RsaCredentials((TWO.der,), TWO.key, ROOT.der, NOW))
    initiator, responder = Initiator(one, encrypts), Engine(other)
    responder.receive(initiator.first(), 0.0, octets(1))
    third = initiator.third(next_datagram(responder))
    responder.receive(third, 0.0, octets(2))
    (established,) = events(responder)
    assert isinstance(established, Established)
    assert established.peer == proof.identity(one)
    offered = quick_mode.offer(initiator.situation(initiator.secured, one.traffic))
    assert offered.reply is not None
    responder.receive(to_other(encode_message(offered.reply)), 0.0, octets(3))
    answer = decode_message(next_datagram(responder).data)
    assert isinstance(answer, SealedMessage)
    confirmed = quick_mode.confirm(initiator.situation(initiator.secured, offered.context)._replace(message=answer))
    assert confirmed.reply is not None
    responder.receive(to_other(encode_message(confirmed.reply)), 0.0, octets(4))
    assert [type(event) for event in events(responder)] == [ChildEstablished]
    responder.receive(third, 0.0, octets(5))
    assert (events(responder), responder.to_send()) == ([], ())


@pytest.mark.parametrize("encrypts", [False, True])
def test_a_first_contact_counts_only_if_it_is_protected(encrypts: bool) -> None:
    one, other = aggressive_ends()
    initiator, responder = Initiator(replace(one, initial_contact=True), encrypts), Engine(other)
    responder.receive(initiator.first(), 0.0, octets(1))
    responder.receive(initiator.third(next_datagram(responder)), 0.0, octets(2))
    assert [event.initial_contact for event in events(responder) if isinstance(event, Established)] == [encrypts]


def test_nobody_gets_it_who_is_not_told_to() -> None:
    one, other = ends()
    responder = Engine(other)
    responder.receive(Initiator(one).first(), 0.0, octets(1))
    assert [type(event) for event in events(responder)] == [Discarded]
    assert responder.to_send() == ()


def test_who_takes_aggressive_mode_takes_main_mode_too() -> None:
    one, other = aggressive_ends()
    initiator, responder = Engine(one), Engine(other)
    responder.receive(Datagram(b"\1" * 8 + bytes(8) + bytes((8, 16, 4)) + bytes(9), *WAY), 0.0, octets(0))
    assert [type(event) for event in events(responder)] == [Discarded]
    initiator.start(0.0, octets(1))
    responder.receive(next_datagram(initiator), 0.0, octets(2))
    initiator.receive(next_datagram(responder), 0.0, octets(3))
    assert of_kind(events(initiator), Discarded) == []


def test_another_preshared_key_is_no_proof() -> None:
    one, other = aggressive_ends()
    guessing, honest, responder = Initiator(one), Initiator(one), Engine(other)
    responder.receive(guessing.first(), 0.0, octets(1))
    answer = next_datagram(responder)
    true = guessing.third(answer)
    responder.receive(to_other(true.data[:-1] + bytes((true.data[-1] ^ 1,))), 0.0, octets(2))
    (discarded,) = events(responder)
    assert isinstance(discarded, Discarded)
    assert "preshared key" in discarded.reason
    honest.first()
    responder.receive(honest.third(answer), 0.0, octets(3))
    assert [type(event) for event in events(responder)] == [Established]


def test_a_repeated_first_message_is_answered_alike_and_another_suite_is_refused() -> None:
    one, other = aggressive_ends()
    initiator, responder = Initiator(one), Engine(other)
    first = initiator.first()
    responder.receive(first, 0.0, octets(1))
    answer = next_datagram(responder)
    responder.receive(first, 0.0, octets(2))
    assert next_datagram(responder) == answer
    strict = Engine(replace(other, main_mode=replace(other.main_mode, offers=(TRIPLE_DES,))))
    assert one.main_mode.offers == (DES,)
    strict.receive(first, 0.0, octets(1))
    assert [event.notify for event in events(strict) if isinstance(event, Failed)] == [NotifyNumber.NO_PROPOSAL_CHOSEN]


def test_somebody_else_with_the_key_is_refused() -> None:
    one, other = aggressive_ends()
    initiator, responder = Initiator(one), Engine(replace(other, peer_identity=B))
    responder.receive(initiator.first(), 0.0, octets(1))
    responder.receive(initiator.third(next_datagram(responder)), 0.0, octets(2))
    assert [event.notify for event in events(responder) if isinstance(event, Failed)] == [
        NotifyNumber.INVALID_ID_INFORMATION
    ]
