"""The steps of main mode (RFC 2409 sections 5.1 and 5.4). The drawing is in `states`.

A step computes everything before it returns, so one that fails leaves nothing half done.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ipsecmig.ike import keymat, natt, phase1, proof
from ipsecmig.ike.announcement import announce, first_contact, is_first_contact, kerberos_in, recognise
from ipsecmig.ike.configuration import Configuration
from ipsecmig.ike.crypto import groups
from ipsecmig.ike.errors import Refused
from ipsecmig.ike.events import Established, Event
from ipsecmig.ike.exchange import Situation, Step, clear, expect, only, sealed
from ipsecmig.ike.keymat import Cookies, Phase1Inputs
from ipsecmig.ike.natt import NatTraversal, Variant
from ipsecmig.ike.phase1 import Phase1Choice
from ipsecmig.ike.protection import seal, unseal
from ipsecmig.ike.proving import HashOf, Proving, derive, hash_over, own_values, public_values
from ipsecmig.ike.wire.association import SecurityAssociation
from ipsecmig.ike.wire.generic import Payload
from ipsecmig.ike.wire.identification import Identification
from ipsecmig.ike.wire.message import COOKIE, NO_COOKIE, Header, Message
from ipsecmig.ike.wire.numbers import Exchange
from ipsecmig.ike.wire.opaque import KeyExchange, Nonce

_MAIN: Final = int(Exchange.MAIN)


class Offered(NamedTuple):
    """The initiator after message 1."""

    cookies: Cookies
    sai_b: bytes


class Chosen(NamedTuple):
    """The responder after message 2."""

    cookies: Cookies
    sai_b: bytes
    choice: Phase1Choice
    variant: Variant | None


@dataclass(frozen=True, slots=True)
class Keyed:
    """The initiator after message 3."""

    chosen: Chosen
    private: int = field(repr=False)
    g_xi: bytes
    ni_b: bytes


def offer(situation: Situation) -> Step:
    """Send message 1: the initiator's offers and vendor IDs."""
    cookies = Cookies(situation.random.take(COOKIE), NO_COOKIE)
    association = phase1.offer(situation.configuration.main_mode, proof.method(situation.configuration))
    payloads: tuple[Payload, ...] = (association, *announce(situation.configuration))
    return Step(Offered(cookies, association.encode()), Message(_header(cookies), payloads))


def choose(situation: Situation) -> Step:
    """Answer message 1 with the first offer that is acceptable. The first random octets become the cookie."""
    message = clear(situation.message)
    offered = only(message.payloads, SecurityAssociation)
    events: tuple[Event, ...] = (*recognise(message.payloads), *kerberos_in(offered, message.payloads))
    try:
        method = proof.method(situation.configuration)
        association, choice = phase1.choose(situation.configuration.main_mode, offered, method)
    except Refused as refusal:
        return Step(None, None, events, refusal=refusal)
    cookies = Cookies(message.header.initiator_cookie, situation.random.take(COOKIE))
    payloads: tuple[Payload, ...] = (association, *announce(situation.configuration))
    chosen = Chosen(cookies, offered.encode(), choice, natt.agreed(situation.configuration, message.payloads))
    return Step(chosen, Message(_header(cookies), payloads), events)


def send_key(situation: Situation) -> Step:
    """Answer message 2 with the initiator's public value and nonce."""
    offered, message = expect(situation.context, Offered), clear(situation.message)
    method, chosen = proof.method(situation.configuration), only(message.payloads, SecurityAssociation)
    choice = phase1.accept(situation.configuration.main_mode, chosen, method)
    cookies = Cookies(offered.cookies.initiator, message.header.responder_cookie)
    private, g_xi, ni_b = own_values(situation, choice.suite)
    variant = natt.agreed(situation.configuration, message.payloads)
    keyed = Keyed(Chosen(cookies, offered.sai_b, choice, variant), private, g_xi, ni_b)
    reply = _key_message(situation, keyed.chosen, g_xi, ni_b)
    return Step(keyed, reply, recognise(message.payloads))


def answer_key(situation: Situation) -> Step:
    """Answer message 3 with the responder's public value and nonce; the keys are known from here on."""
    chosen, message = expect(situation.context, Chosen), clear(situation.message)
    g_xi, ni_b = public_values(message)
    private, g_xr, nr_b = own_values(situation, chosen.choice.suite)
    g_xy = groups.shared_secret(chosen.choice.suite.group, private, g_xi)
    inputs = Phase1Inputs(g_xi, g_xr, chosen.cookies, chosen.sai_b)
    skeyid = proof.skeyid(situation.configuration, chosen.choice.suite.hash_, ni_b, nr_b, g_xy)
    known = derive(chosen.choice, inputs, skeyid, g_xy, _detected(situation, chosen, message))
    return Step(known, _key_message(situation, chosen, g_xr, nr_b))


def send_proof(situation: Situation) -> Step:
    """Answer message 4 with the initiator's identity and proof."""
    keyed, message = expect(situation.context, Keyed), clear(situation.message)
    g_xr, nr_b = public_values(message)
    chosen = keyed.chosen
    g_xy = groups.shared_secret(chosen.choice.suite.group, keyed.private, g_xr)
    inputs = Phase1Inputs(keyed.g_xi, g_xr, chosen.cookies, chosen.sai_b)
    skeyid = proof.skeyid(situation.configuration, chosen.choice.suite.hash_, keyed.ni_b, nr_b, g_xy)
    nat = _detected(situation, chosen, message)
    step = _prove(situation.configuration, derive(chosen.choice, inputs, skeyid, g_xy, nat), keymat.hash_i, ())
    return step._replace(floats=True) if nat is not None and nat.found else step


def answer_proof(situation: Situation) -> Step:
    """Answer message 5 with the responder's identity and proof; phase 1 is established."""
    known = expect(situation.context, Proving)
    event, iv = _verified(situation, known, keymat.hash_i)
    return _prove(situation.configuration, known.followed_by(iv), keymat.hash_r, (event,))


def check_proof(situation: Situation) -> Step:
    """Check message 6; phase 1 is established."""
    known = expect(situation.context, Proving)
    event, iv = _verified(situation, known, keymat.hash_r)
    return Step(known.secured.followed_by(iv), None, (event,))


def _header(cookies: Cookies) -> Header:
    return Header(*cookies, _MAIN)


def _key_message(situation: Situation, chosen: Chosen, public: bytes, nonce: bytes) -> Message:
    """Return message 3 or 4: what this end gives to the keys, and which endpoints it sees."""
    seen = natt.endpoints_seen(chosen.variant, chosen.choice.suite.hash_, chosen.cookies, situation.path)
    wishes = proof.request(situation.configuration)
    return Message(_header(chosen.cookies), (KeyExchange(public), Nonce(nonce), *wishes, *seen))


def _detected(situation: Situation, chosen: Chosen, message: Message) -> NatTraversal | None:
    hash_ = chosen.choice.suite.hash_
    return natt.detect(chosen.variant, hash_, chosen.cookies, situation.path, message.payloads)


def _prove(configuration: Configuration, known: Proving, hash_of: HashOf, events: tuple[Established, ...]) -> Step:
    """Send identity and proof. Who has verified the peer already keeps what is established, else what proves."""
    secured, own = known.secured, proof.identity(configuration)
    contact = first_contact(configuration, secured.cookies) if hash_of is keymat.hash_i else ()
    payloads = (own, *proof.prove(configuration, hash_over(known, hash_of, own)), *contact)
    reply, iv = seal(_header(secured.cookies), payloads, secured.cbc, secured.iv)
    return Step(secured.followed_by(iv) if events else known.followed_by(iv), reply, events)


def _verified(situation: Situation, known: Proving, hash_of: HashOf) -> tuple[Established, bytes]:
    """Return that the peer has proved who it is, and the IV of the next message. Raises Malformed or Refused."""
    secured = known.secured
    opened = unseal(sealed(situation.message), secured.cbc, secured.iv)
    peer = only(opened.payloads, Identification)
    proof.check(situation.configuration, peer, opened.payloads, hash_over(known, hash_of, peer))
    first = is_first_contact(opened.payloads)
    return Established(secured.cookies, secured.suite, known.lifetimes, peer, secured.nat, first), opened.next_iv
