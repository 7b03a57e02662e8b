"""The responder's steps of aggressive mode (RFC 2409 sections 5.1 and 5.4). The drawing is in `states`.

Windows does not use it for policies; other peers of the same gateway may. NATs are not looked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ipsecmig.ike import keymat, phase1, proof
from ipsecmig.ike.announcement import announce, is_first_contact, kerberos_in, recognise
from ipsecmig.ike.crypto import groups
from ipsecmig.ike.errors import Refused
from ipsecmig.ike.events import Established, Event
from ipsecmig.ike.exchange import Situation, Step, clear, expect, only
from ipsecmig.ike.keymat import Cookies, Phase1Inputs
from ipsecmig.ike.protection import unseal
from ipsecmig.ike.proving import Proving, derive, hash_over, own_values, public_values
from ipsecmig.ike.wire.association import SecurityAssociation
from ipsecmig.ike.wire.generic import Payload
from ipsecmig.ike.wire.identification import Identification
from ipsecmig.ike.wire.message import COOKIE, Header, Message, SealedMessage
from ipsecmig.ike.wire.numbers import Exchange
from ipsecmig.ike.wire.opaque import KeyExchange, Nonce


@dataclass(frozen=True, slots=True)
class Answered:
    """The responder after message 2; `peer` is who the initiator says it is."""

    proving: Proving
    peer: Identification


def answer(situation: Situation) -> Step:
    """Answer message 1 with everything: the choice, public value, nonce, identity and proof.

    The first random octets become the cookie.
    """
    message, configuration = clear(situation.message), situation.configuration
    offered, peer = only(message.payloads, SecurityAssociation), only(message.payloads, Identification)
    events: tuple[Event, ...] = (*recognise(message.payloads), *kerberos_in(offered, message.payloads))
    try:
        association, choice = phase1.choose(configuration.main_mode, offered, proof.method(configuration))
    except Refused as refusal:
        return Step(None, None, events, refusal=refusal)
    cookies = Cookies(message.header.initiator_cookie, situation.random.take(COOKIE))
    g_xi, ni_b = public_values(message)
    private, g_xr, nr_b = own_values(situation, choice.suite)
    g_xy = groups.shared_secret(choice.suite.group, private, g_xi)
    skeyid = proof.skeyid(configuration, choice.suite.hash_, ni_b, nr_b, g_xy)
    known = derive(choice, Phase1Inputs(g_xi, g_xr, cookies, offered.encode()), skeyid, g_xy, None)
    own = proof.identity(configuration)
    proofs = proof.prove(configuration, hash_over(known, keymat.hash_r, own))
    wishes: tuple[Payload, ...] = (
        *proof.request(configuration),
        *announce(replace(configuration, nat_traversal=False)),
    )
    payloads: tuple[Payload, ...] = (association, KeyExchange(g_xr), Nonce(nr_b), own, *proofs, *wishes)
    header = Header(cookies.initiator, cookies.responder, Exchange.AGGRESSIVE)
    return Step(Answered(known, peer), Message(header, payloads), events)


def check(situation: Situation) -> Step:
    """Check message 3, which may be in the clear; phase 1 is established."""
    answered, message = expect(situation.context, Answered), situation.message
    known, secured = answered.proving, answered.proving.secured
    if isinstance(message, SealedMessage):
        opened = unseal(message, secured.cbc, secured.iv)
        payloads, secured = opened.payloads, secured.followed_by(opened.next_iv)
    else:
        payloads = clear(message).payloads
    proof.check(situation.configuration, answered.peer, payloads, hash_over(known, keymat.hash_i, answered.peer))
    # Of what is in the clear only the proof counts: it does not cover the rest.
    first = isinstance(message, SealedMessage) and is_first_contact(payloads)
    event = Established(secured.cookies, secured.suite, known.lifetimes, answered.peer, None, first)
    return Step(secured, None, (event,))
