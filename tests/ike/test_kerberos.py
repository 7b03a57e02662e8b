"""Microsoft's Kerberos authentication: recognised, told, and refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ike_ends import DES, ends, events, next_datagram, octets, to_other

from ipsecmig.ike import phase1
from ipsecmig.ike.engine import Engine
from ipsecmig.ike.events import Event, Failed, KerberosOffered, PeerAnnounced, PeerNotified
from ipsecmig.ike.wire import vendor
from ipsecmig.ike.wire.association import Proposal, SecurityAssociation, Transform
from ipsecmig.ike.wire.attributes import Attribute
from ipsecmig.ike.wire.generic import Payload
from ipsecmig.ike.wire.message import Header, Message, encode_message
from ipsecmig.ike.wire.numbers import AuthenticationMethod, Exchange, NotifyNumber, Phase1Attribute, Protocol
from ipsecmig.ike.wire.opaque import VendorId
from ipsecmig.model.policy import Kerberos, MainMode
from ipsecmig.udp import Datagram

NAMED = Attribute(Phase1Attribute.GSS_IDENTITY, "box$@CORP.EXAMPLE".encode("utf-16-le"))
(PRESHARED,) = phase1.offer(MainMode((DES,))).proposals[0].transforms
(GSS,) = phase1.offer(MainMode((DES,)), AuthenticationMethod.GSS_API).proposals[0].transforms
WITH_NAME = GSS._replace(attributes=(*GSS.attributes, NAMED))
GSSAPI = VendorId(vendor.GSSAPI.value)


def first_message(transforms: tuple[Transform, ...], *more: Payload) -> Datagram:
    association = SecurityAssociation((Proposal(1, Protocol.ISAKMP, b"", transforms),))
    return to_other(encode_message(Message(Header(b"kerberos", bytes(8), Exchange.MAIN), (association, *more))))


def heard(engine: Engine, datagram: Datagram) -> list[Event]:
    engine.receive(datagram, 0.0, octets("kerberos"))
    return [event for event in events(engine) if not isinstance(event, PeerAnnounced)]


@pytest.mark.parametrize(
    ("transform", "more", "told"),
    [
        (WITH_NAME, (GSSAPI,), [KerberosOffered("box$@CORP.EXAMPLE")]),
        (WITH_NAME, (), [KerberosOffered("box$@CORP.EXAMPLE")]),
        (GSS, (GSSAPI,), [KerberosOffered(None)]),
        (GSS, (), []),
    ],
    ids=["Windows", "with a name", "without a name", "XAUTH"],
)
def test_kerberos_alone_is_told_and_refused(transform: Transform, more: tuple[Payload, ...], told: list[Event]) -> None:
    initiator, responder = (Engine(configuration) for configuration in ends())
    *before, failed = heard(responder, first_message((transform,), *more))
    assert before == told
    assert isinstance(failed, Failed)
    assert failed.notify == NotifyNumber.NO_PROPOSAL_CHOSEN
    assert "Kerberos or XAUTH" in failed.reason
    initiator.receive(next_datagram(responder), 0.0, octets(1))
    assert initiator.timer() is None


def test_kerberos_before_something_acceptable_is_told_and_passed_over() -> None:
    responder = Engine(ends()[1])
    found = heard(responder, first_message((WITH_NAME, PRESHARED._replace(position=2)), GSSAPI))
    assert found == [KerberosOffered("box$@CORP.EXAMPLE")]
    assert next_datagram(responder)


@pytest.mark.parametrize("octets_of_name", [b"\0", b"\xd8\0\xd8", b"a\0\0\0"])
def test_names_that_are_no_text_do_no_harm(octets_of_name: bytes) -> None:
    named = GSS._replace(attributes=(*GSS.attributes, Attribute(Phase1Attribute.GSS_IDENTITY, octets_of_name)))
    found = heard(Engine(ends()[1]), first_message((named,)))
    assert [type(event) for event in found] == [KerberosOffered, Failed]


def test_a_policy_of_kerberos_alone_begins_nothing() -> None:
    engine = Engine(replace(ends()[0], authentication=Kerberos()))
    engine.start(0.0, octets(0))
    (failed,) = events(engine)
    assert isinstance(failed, Failed)
    assert "only Kerberos" in failed.reason
    assert (engine.to_send(), engine.timer()) == ((), None)


def test_a_policy_of_kerberos_alone_refuses_everything() -> None:
    one, other = ends()
    initiator, responder = Engine(one), Engine(replace(other, authentication=Kerberos()))
    initiator.start(0.0, octets(0))
    responder.receive(next_datagram(initiator), 0.0, octets(1))
    assert [event.notify for event in events(responder) if isinstance(event, Failed)] == [
        NotifyNumber.NO_PROPOSAL_CHOSEN
    ]
    initiator.receive(next_datagram(responder), 0.0, octets(2))
    assert [type(event) for event in events(initiator)] == [PeerNotified, Failed]
