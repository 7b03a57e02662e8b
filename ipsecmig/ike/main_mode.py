"""The steps of main mode with preshared keys (RFC 2409 section 5.4). The drawing is in `states`.

A step computes everything before it returns, so one that fails leaves nothing half done.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from ipsecmig.ike import keymat, phase1
from ipsecmig.ike.announcement import announce, recognise
from ipsecmig.ike.configuration import Configuration
from ipsecmig.ike.crypto import groups, hashes
from ipsecmig.ike.crypto.ciphers import Cbc
from ipsecmig.ike.errors import Malformed, Refused
from ipsecmig.ike.events import Established
from ipsecmig.ike.exchange import NONCE_OCTETS, Secured, Situation, Step, clear, expect, nonce_of, only, sealed
from ipsecmig.ike.keymat import Cookies, Phase1Inputs
from ipsecmig.ike.lifetimes import Lifetimes
from ipsecmig.ike.phase1 import Phase1Choice, Phase1Suite
from ipsecmig.ike.protection import seal, unseal
from ipsecmig.ike.wire.association import SecurityAssociation
from ipsecmig.ike.wire.generic import Payload
from ipsecmig.ike.wire.identification import Identification, host
from ipsecmig.ike.wire.message import COOKIE, HEADER, NO_COOKIE, Header, Message
from ipsecmig.ike.wire.numbers import Exchange, NotifyNumber
from ipsecmig.ike.wire.opaque import Hash, KeyExchange, Nonce

UDP: Final = 17
IKE_PORT: Final = 500


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
    association = phase1.offer(situation.configuration.main_mode)
    payloads: tuple[Payload, ...] = (association, *announce(situation.configuration.windows))
    return Step(Offered(cookies, association.encode()), Message(_header(cookies), payloads))


def choose(situation: Situation) -> Step:
    """Answer message 1 with the first offer that is acceptable."""
    message = clear(situation.message)
    offered = only(message.payloads, SecurityAssociation)
    association, choice = phase1.choose(situation.configuration.main_mode, offered)
    cookies = Cookies(message.header.initiator_cookie, situation.random.take(COOKIE))
    payloads: tuple[Payload, ...] = (association, *announce(situation.configuration.windows))
    events = recognise(message.payloads)
    return Step(Chosen(cookies, offered.encode(), choice), Message(_header(cookies), payloads), events)


def send_key(situation: Situation) -> Step:
    """Answer message 2 with the initiator's public value and nonce."""
    offered, message = expect(situation.context, Offered), clear(situation.message)
    choice = phase1.accept(situation.configuration.main_mode, only(message.payloads, SecurityAssociation))
    cookies = replace(offered.cookies, responder=message.header.responder_cookie)
    private, g_xi, ni_b = _own(situation, choice.suite)
    keyed = Keyed(Chosen(cookies, offered.sai_b, choice), private, g_xi, ni_b)
    reply = Message(_header(cookies), (KeyExchange(g_xi), Nonce(ni_b)))
    return Step(keyed, reply, recognise(message.payloads))


def answer_key(situation: Situation) -> Step:
    """Answer message 3 with the responder's public value and nonce; the keys are known from here on."""
    chosen, message = expect(situation.context, Chosen), clear(situation.message)
    g_xi, ni_b = _public(message)
    private, g_xr, nr_b = _own(situation, chosen.choice.suite)
    g_xy = groups.shared_secret(chosen.choice.suite.group, private, g_xi)
    inputs = Phase1Inputs(g_xi, g_xr, chosen.cookies, chosen.sai_b)
    proving = _proving(situation.configuration, chosen.choice, inputs, ni_b + nr_b, g_xy)
    return Step(proving, Message(_header(chosen.cookies), (KeyExchange(g_xr), Nonce(nr_b))))


def send_proof(situation: Situation) -> Step:
    """Answer message 4 with the initiator's identity and HASH_I."""
    keyed, message = expect(situation.context, Keyed), clear(situation.message)
    g_xr, nr_b = _public(message)
    chosen = keyed.chosen
    g_xy = groups.shared_secret(chosen.choice.suite.group, keyed.private, g_xr)
    inputs = Phase1Inputs(keyed.g_xi, g_xr, chosen.cookies, chosen.sai_b)
    proving = _proving(situation.configuration, chosen.choice, inputs, keyed.ni_b + nr_b, g_xy)
    own = host(situation.configuration.local, UDP, IKE_PORT)
    proof = Hash(keymat.hash_i(chosen.choice.suite.hash_, proving.secured.keys.skeyid, inputs, own.encode()))
    return _prove(proving, own, proof, ())


def answer_proof(situation: Situation) -> Step:
    """Answer message 5 with the responder's identity and HASH_R; phase 1 is established."""
    proving = expect(situation.context, Proving)
    peer, proof, iv = _opened(situation, proving)
    hash_, skeyid = proving.secured.suite.hash_, proving.secured.keys.skeyid
    wanted = keymat.hash_i(hash_, skeyid, proving.inputs, peer.encode())
    event = _verified(situation, proving, peer, hashes.equal(proof, wanted))
    own = host(situation.configuration.local, UDP, IKE_PORT)
    answer = Hash(keymat.hash_r(hash_, skeyid, proving.inputs, own.encode()))
    return _prove(replace(proving, secured=replace(proving.secured, iv=iv)), own, answer, (event,))


def check_proof(situation: Situation) -> Step:
    """Check message 6; phase 1 is established."""
    proving = expect(situation.context, Proving)
    peer, proof, iv = _opened(situation, proving)
    hash_, skeyid = proving.secured.suite.hash_, proving.secured.keys.skeyid
    wanted = keymat.hash_r(hash_, skeyid, proving.inputs, peer.encode())
    event = _verified(situation, proving, peer, hashes.equal(proof, wanted))
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


def _proving(
    configuration: Configuration, choice: Phase1Choice, inputs: Phase1Inputs, nonces: bytes, g_xy: bytes
) -> Proving:
    suite = choice.suite
    key = configuration.preshared_key.reveal().encode()
    skeyid = keymat.skeyid_for_preshared_key(suite.hash_, key, nonces, b"")
    keys = keymat.session_keys(suite.hash_, skeyid, g_xy, inputs.cookies)
    cbc = Cbc(suite.cipher, keymat.encryption_key(suite.hash_, keys.skeyid_e, suite.cipher.key_octets))
    iv = keymat.phase_1_iv(suite.hash_, inputs.g_xi, inputs.g_xr, suite.cipher.block_octets)
    return Proving(inputs, choice.lifetimes, Secured(inputs.cookies, suite, keys, cbc, iv))


def _prove(proving: Proving, own: Identification, proof: Hash, events: tuple[Established, ...]) -> Step:
    """Send identity and proof. Who has verified the peer already keeps what is established, else what proves."""
    secured = proving.secured
    reply, iv = seal(_header(secured.cookies), (own, proof), secured.cbc, secured.iv)
    secured = replace(secured, iv=iv)
    return Step(secured if events else replace(proving, secured=secured), reply, events)


def _opened(situation: Situation, proving: Proving) -> tuple[Identification, bytes, bytes]:
    """Return identity and proof of the peer, and the IV of the next message."""
    secured = proving.secured
    opened = unseal(sealed(situation.message), secured.cbc, secured.iv)
    return only(opened.payloads, Identification), only(opened.payloads, Hash).data, opened.next_iv


def _verified(situation: Situation, proving: Proving, peer: Identification, proved: bool) -> Established:
    """Return that the peer is who it should be. Raises Malformed if it proves nothing, Refused if it is another."""
    if not proved:
        raise Malformed(HEADER, "a proof that the peer has the same preshared key")
    wanted = situation.configuration.remote
    if peer.addresses() != (wanted,) or (peer.protocol, peer.port) not in {(0, 0), (UDP, 0), (UDP, IKE_PORT)}:
        raise Refused(NotifyNumber.INVALID_ID_INFORMATION, f"the peer does not identify itself as {wanted}")
    return Established(proving.secured.cookies, proving.secured.suite, proving.lifetimes, peer)
