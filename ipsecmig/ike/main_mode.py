"""The steps of main mode (RFC 2409 sections 5.1 and 5.4). The drawing is in `states`.

A step computes everything before it returns, so one that fails leaves nothing half done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ipsecmig.ike import keymat, natt, phase1, proof
from ipsecmig.ike.announcement import announce, recognise
from ipsecmig.ike.configuration import Configuration
from ipsecmig.ike.crypto import groups
from ipsecmig.ike.crypto.ciphers import Cbc
from ipsecmig.ike.events import Established
from ipsecmig.ike.exchange import NONCE_OCTETS, Secured, Situation, Step, clear, expect, nonce_of, only, sealed
from ipsecmig.ike.keymat import Cookies, Phase1Inputs
from ipsecmig.ike.lifetimes import Lifetimes
from ipsecmig.ike.natt import NatTraversal, Variant
from ipsecmig.ike.phase1 import Phase1Choice, Phase1Suite
from ipsecmig.ike.protection import seal, unseal
from ipsecmig.ike.wire.association import SecurityAssociation
from ipsecmig.ike.wire.generic import Payload
from ipsecmig.ike.wire.identification import Identification
from ipsecmig.ike.wire.message import COOKIE, NO_COOKIE, Header, Message
from ipsecmig.ike.wire.numbers import Exchange
from ipsecmig.ike.wire.opaque import KeyExchange, Nonce
from ipsecmig.model.algorithms import Integrity


@dataclass(frozen=True, slots=True)
class Offered:
    """The initiator after message 1."""

    cookies: Cookies
    sai_b: bytes


@dataclass(frozen=True, slots=True)
class Chosen:
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


@dataclass(frozen=True, slots=True)
class Proving:
    """Either end from when the keys are known until both have proved who they are."""

    inputs: Phase1Inputs
    lifetimes: Lifetimes
    secured: Secured


def offer(situation: Situation) -> Step:
    """Send message 1: the initiator's offers and vendor IDs."""
    cookies = Cookies(situation.random.take(COOKIE), NO_COOKIE)
    association = phase1.offer(situation.configuration.main_mode, proof.method(situation.configuration))
    payloads: tuple[Payload, ...] = (association, *announce(situation.configuration))
    return Step(Offered(cookies, association.encode()), Message(_header(cookies), payloads))


def choose(situation: Situation) -> Step:
    """Answer message 1 with the first offer that is acceptable."""
    message = clear(situation.message)
    offered = only(message.payloads, SecurityAssociation)
    method = proof.method(situation.configuration)
    association, choice = phase1.choose(situation.configuration.main_mode, offered, method)
    cookies = Cookies(message.header.initiator_cookie, situation.random.take(COOKIE))
    payloads: tuple[Payload, ...] = (association, *announce(situation.configuration))
    events = recognise(message.payloads)
    chosen = Chosen(cookies, offered.encode(), choice, natt.agreed(situation.configuration, message.payloads))
    return Step(chosen, Message(_header(cookies), payloads), events)


def send_key(situation: Situation) -> Step:
    """Answer message 2 with the initiator's public value and nonce."""
    offered, message = expect(situation.context, Offered), clear(situation.message)
    method, chosen = proof.method(situation.configuration), only(message.payloads, SecurityAssociation)
    choice = phase1.accept(situation.configuration.main_mode, chosen, method)
    cookies = replace(offered.cookies, responder=message.header.responder_cookie)
    private, g_xi, ni_b = _own(situation, choice.suite)
    variant = natt.agreed(situation.configuration, message.payloads)
    keyed = Keyed(Chosen(cookies, offered.sai_b, choice, variant), private, g_xi, ni_b)
    reply = _key_message(situation, keyed.chosen, g_xi, ni_b)
    return Step(keyed, reply, recognise(message.payloads))


def answer_key(situation: Situation) -> Step:
    """Answer message 3 with the responder's public value and nonce; the keys are known from here on."""
    chosen, message = expect(situation.context, Chosen), clear(situation.message)
    g_xi, ni_b = _public(message)
    private, g_xr, nr_b = _own(situation, chosen.choice.suite)
    g_xy = groups.shared_secret(chosen.choice.suite.group, private, g_xi)
    inputs = Phase1Inputs(g_xi, g_xr, chosen.cookies, chosen.sai_b)
    skeyid = proof.skeyid(situation.configuration, chosen.choice.suite.hash_, ni_b, nr_b, g_xy)
    proving = _proving(chosen.choice, inputs, skeyid, g_xy, _detected(situation, chosen, message))
    return Step(proving, _key_message(situation, chosen, g_xr, nr_b))


def send_proof(situation: Situation) -> Step:
    """Answer message 4 with the initiator's identity and proof."""
    keyed, message = expect(situation.context, Keyed), clear(situation.message)
    g_xr, nr_b = _public(message)
    chosen = keyed.chosen
    g_xy = groups.shared_secret(chosen.choice.suite.group, keyed.private, g_xr)
    inputs = Phase1Inputs(keyed.g_xi, g_xr, chosen.cookies, chosen.sai_b)
    skeyid = proof.skeyid(situation.configuration, chosen.choice.suite.hash_, keyed.ni_b, nr_b, g_xy)
    nat = _detected(situation, chosen, message)
    step = _prove(situation.configuration, _proving(chosen.choice, inputs, skeyid, g_xy, nat), keymat.hash_i, ())
    return step._replace(floats=nat is not None and nat.found)


def answer_proof(situation: Situation) -> Step:
    """Answer message 5 with the responder's identity and proof; phase 1 is established."""
    proving = expect(situation.context, Proving)
    event, iv = _verified(situation, proving, keymat.hash_i)
    proving = replace(proving, secured=replace(proving.secured, iv=iv))
    return _prove(situation.configuration, proving, keymat.hash_r, (event,))


def check_proof(situation: Situation) -> Step:
    """Check message 6; phase 1 is established."""
    proving = expect(situation.context, Proving)
    event, iv = _verified(situation, proving, keymat.hash_r)
    return Step(replace(proving.secured, iv=iv), None, (event,))


def _header(cookies: Cookies) -> Header:
    return Header(cookies.initiator, cookies.responder, Exchange.MAIN)


def _own(situation: Situation, suite: Phase1Suite) -> tuple[int, bytes, bytes]:
    """Return private value, public value and nonce of this end."""
    private = groups.private_value(suite.group, situation.random.take(groups.EXPONENT_OCTETS[suite.group]))
    return private, groups.public_value(suite.group, private), situation.random.take(NONCE_OCTETS)


def _public(message: Message) -> tuple[bytes, bytes]:
    """Return public value and nonce of the peer."""
    return only(message.payloads, KeyExchange).data, nonce_of(only(message.payloads, Nonce).data)


def _key_message(situation: Situation, chosen: Chosen, public: bytes, nonce: bytes) -> Message:
    """Return message 3 or 4: what this end gives to the keys, and which endpoints it sees."""
    seen = natt.endpoints_seen(chosen.variant, chosen.choice.suite.hash_, chosen.cookies, situation.path)
    wishes = proof.request(situation.configuration)
    return Message(_header(chosen.cookies), (KeyExchange(public), Nonce(nonce), *wishes, *seen))


def _detected(situation: Situation, chosen: Chosen, message: Message) -> NatTraversal | None:
    hash_ = chosen.choice.suite.hash_
    return natt.detect(chosen.variant, hash_, chosen.cookies, situation.path, message.payloads)


def _proving(
    choice: Phase1Choice, inputs: Phase1Inputs, skeyid: bytes, g_xy: bytes, nat: NatTraversal | None
) -> Proving:
    suite = choice.suite
    keys = keymat.session_keys(suite.hash_, skeyid, g_xy, inputs.cookies)
    cbc = Cbc(suite.cipher, keymat.encryption_key(suite.hash_, keys.skeyid_e, suite.cipher.key_octets))
    iv = keymat.phase_1_iv(suite.hash_, inputs.g_xi, inputs.g_xr, suite.cipher.block_octets)
    return Proving(inputs, choice.lifetimes, Secured(inputs.cookies, suite, keys, cbc, iv, nat))


HashOf = Callable[[Integrity, bytes, Phase1Inputs, bytes], bytes]
"""HASH_I or HASH_R."""


def _hash(proving: Proving, hash_of: HashOf, who: Identification) -> bytes:
    secured = proving.secured
    return hash_of(secured.suite.hash_, secured.keys.skeyid, proving.inputs, who.encode())


def _prove(configuration: Configuration, proving: Proving, hash_of: HashOf, events: tuple[Established, ...]) -> Step:
    """Send identity and proof. Who has verified the peer already keeps what is established, else what proves."""
    secured, own = proving.secured, proof.identity(configuration)
    payloads = (own, *proof.prove(configuration, _hash(proving, hash_of, own)))
    reply, iv = seal(_header(secured.cookies), payloads, secured.cbc, secured.iv)
    secured = replace(secured, iv=iv)
    return Step(secured if events else replace(proving, secured=secured), reply, events)


def _verified(situation: Situation, proving: Proving, hash_of: HashOf) -> tuple[Established, bytes]:
    """Return that the peer has proved who it is, and the IV of the next message. Raises Malformed or Refused."""
    secured = proving.secured
    opened = unseal(sealed(situation.message), secured.cbc, secured.iv)
    peer = only(opened.payloads, Identification)
    proof.check(situation.configuration, peer, opened.payloads, _hash(proving, hash_of, peer))
    return Established(secured.cookies, secured.suite, proving.lifetimes, peer, secured.nat), opened.next_iv
