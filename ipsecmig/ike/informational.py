"""Informational messages: notifies and deletes, in the clear before there are keys (RFC 2409 section 5.7).

What they wait for, if anything, is drawn in `states`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ipsecmig.ike import dpd, keymat
from ipsecmig.ike.announcement import answers_liveness
from ipsecmig.ike.crypto import hashes
from ipsecmig.ike.errors import Malformed
from ipsecmig.ike.events import PeerAlive, PeerDeleted, PeerNotified
from ipsecmig.ike.exchange import NONCE_OCTETS, Secured, Situation, Step, expect, nonce_of, only, sealed
from ipsecmig.ike.keymat import Cookies
from ipsecmig.ike.protection import Opened, seal_hashed, unseal
from ipsecmig.ike.wire.generic import Payload
from ipsecmig.ike.wire.message import HEADER, Header, Message, SealedMessage
from ipsecmig.ike.wire.notification import Delete, Notify
from ipsecmig.ike.wire.numbers import DOI_IPSEC, Exchange, NotifyNumber, Protocol
from ipsecmig.ike.wire.opaque import Hash, Nonce


@dataclass(frozen=True, slots=True)
class Deleting:
    """Who sent an acknowledged delete, until it is acknowledged."""

    message_id: int
    ni_b: bytes
    iv: bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """Who sent R-U-THERE, until it is answered."""

    sequence: int


@dataclass(frozen=True, slots=True)
class Heard:
    """The sequence number of the peer's last R-U-THERE, None before the first."""

    sequence: int | None = None


def clear_notify(cookies: Cookies, kind: int, message_id: int) -> Message:
    """Return a notify about phase 1 for as long as it has no keys."""
    return Message(_header(cookies, message_id), (_notify(cookies, kind),))


def sealed_notify(secured: Secured, kind: int, message_id: int) -> SealedMessage:
    """Return a notify that is protected by phase 1."""
    return _seal(secured, message_id, (_notify(secured.cookies, kind),))[0]


def sealed_delete(secured: Secured, payload: Delete, message_id: int) -> SealedMessage:
    """Return a delete that nobody acknowledges, protected by phase 1."""
    return _seal(secured, message_id, (payload,))[0]


def delete_of_ike(cookies: Cookies) -> Delete:
    """Return the delete of phase 1 itself (RFC 2408 section 3.15)."""
    return Delete(DOI_IPSEC, Protocol.ISAKMP, (cookies.initiator + cookies.responder,))


def _header(cookies: Cookies, message_id: int) -> Header:
    return Header(cookies.initiator, cookies.responder, Exchange.INFORMATIONAL, message_id=message_id)


def _notify(cookies: Cookies, kind: int) -> Notify:
    return Notify(DOI_IPSEC, Protocol.ISAKMP, kind, cookies.initiator + cookies.responder, b"")


def _seal(secured: Secured, message_id: int, payloads: tuple[Payload, ...]) -> tuple[SealedMessage, bytes]:
    """Return the first message of an exchange, HASH(1) before the payloads, and the IV of the next one."""
    iv = keymat.phase_2_iv(secured.suite.hash_, secured.iv, message_id)
    header = _header(secured.cookies, message_id)
    return seal_hashed(header, _hash_1(secured, message_id), payloads, secured.cbc, iv)


def _hash_1(secured: Secured, message_id: int) -> Callable[[bytes], bytes]:
    return partial(keymat.hash_1, secured.with_skeyid_a, message_id)


def _hash_2(secured: Secured, message_id: int, ni_b: bytes) -> Callable[[bytes], bytes]:
    return partial(keymat.delete_hash_2, secured.with_skeyid_a, message_id, ni_b)


def read_clear(message: Message) -> tuple[PeerNotified, ...]:
    """Return the notifies of a message that anyone may have sent. Deletes must be protected, and are passed over."""
    return tuple(
        PeerNotified(payload.kind, payload.data, protected=False)
        for payload in message.payloads
        if isinstance(payload, Notify)
    )


def read_unproven(secured: Secured, message: SealedMessage) -> tuple[PeerNotified, ...]:
    """Return the notifies that are protected by keys whose other owner has not proved its identity.

    Deletes are passed over. Raises Malformed.
    """
    events = (_event(payload) for payload in _open(secured, message).payloads[1:])
    return tuple(event for event in events if isinstance(event, PeerNotified))


def inform(situation: Situation) -> Step:
    """Hear what a protected message says, and answer if it asks; the context is `Heard`."""
    secured, message = expect(situation.secured, Secured), sealed(situation.message)
    opened = _open(secured, message)
    rest = opened.payloads[1:]
    events = tuple(event for payload in rest if (event := _event(payload)) is not None)
    heard = expect(situation.context, Heard)
    if any(isinstance(payload, Delete) for payload in rest) and any(isinstance(payload, Nonce) for payload in rest):
        return Step(heard, _acknowledge(situation, message.header.message_id, rest, opened.next_iv), events)
    asked = [one for one in rest if isinstance(one, Notify) and one.kind == NotifyNumber.R_U_THERE]
    if not asked or not answers_liveness(situation.configuration.windows):
        return Step(heard, None, events)
    sequence = dpd.sequence_of(asked[0], secured.cookies)
    if not dpd.is_fresh(sequence, heard.sequence):
        raise Malformed(HEADER, f"R-U-THERE with a sequence number a little behind {heard.sequence}, not {sequence}")
    answer = dpd.answer(secured.cookies, sequence)
    return Step(Heard(sequence), _seal(secured, situation.random.message_id(), (answer,))[0], events)


def _open(secured: Secured, message: SealedMessage) -> Opened:
    """Return what the first message of an exchange holds. Raises Malformed unless HASH(1) comes first and is right."""
    message_id = message.header.message_id
    opened = unseal(message, secured.cbc, keymat.phase_2_iv(secured.suite.hash_, secured.iv, message_id))
    _check(opened, _hash_1(secured, message_id))
    return opened


def _check(opened: Opened, hash_of: Callable[[bytes], bytes]) -> None:
    if not hashes.equal(only(opened.payloads[:1], Hash).data, hash_of(opened.covered)):
        raise Malformed(HEADER, "a hash over this message, made with the keys of phase 1")


def _event(payload: Payload) -> PeerNotified | PeerDeleted | None:
    if isinstance(payload, Notify):
        return PeerNotified(payload.kind, payload.data, protected=True)
    return PeerDeleted(payload.protocol, payload.spis) if isinstance(payload, Delete) else None


def _acknowledge(situation: Situation, message_id: int, rest: tuple[Payload, ...], iv: bytes) -> SealedMessage:
    """Return the answer to a delete with a nonce: another nonce, and the deletes again."""
    secured, ni_b = expect(situation.secured, Secured), nonce_of(only(rest, Nonce).data)
    deletes = tuple(payload for payload in rest if isinstance(payload, Delete))
    payloads: tuple[Payload, ...] = (Nonce(situation.random.take(NONCE_OCTETS)), *deletes)
    header, hash_2 = _header(secured.cookies, message_id), _hash_2(secured, message_id, ni_b)
    return seal_hashed(header, hash_2, payloads, secured.cbc, iv)[0]


def delete(situation: Situation) -> Step:
    """Send a delete that is to be acknowledged; the context is the payload."""
    secured, message_id = expect(situation.secured, Secured), situation.random.message_id()
    ni_b = situation.random.take(NONCE_OCTETS)
    message, iv = _seal(secured, message_id, (Nonce(ni_b), expect(situation.context, Delete)))
    return Step(Deleting(message_id, ni_b, iv), message)


def delete_check(situation: Situation) -> Step:
    """Check that the peer acknowledges the delete."""
    secured, deleting = expect(situation.secured, Secured), expect(situation.context, Deleting)
    opened = unseal(sealed(situation.message), secured.cbc, deleting.iv)
    _check(opened, _hash_2(secured, deleting.message_id, deleting.ni_b))
    return Step(None)


def ask(situation: Situation) -> Step:
    """Send R-U-THERE; the context is `Asked`."""
    secured, asked = expect(situation.secured, Secured), expect(situation.context, Asked)
    question = dpd.question(secured.cookies, asked.sequence)
    return Step(asked, _seal(secured, situation.random.message_id(), (question,))[0])


def hear(situation: Situation) -> Step:
    """Check that the peer answers R-U-THERE: by the same sequence number."""
    secured, asked = expect(situation.secured, Secured), expect(situation.context, Asked)
    heard = _open(secured, sealed(situation.message)).payloads
    answers = (one for one in heard if isinstance(one, Notify) and one.kind == NotifyNumber.R_U_THERE_ACK)
    for answer in answers:
        if dpd.sequence_of(answer, secured.cookies) == asked.sequence:
            return Step(asked, None, (PeerAlive(asked.sequence),))
    raise Malformed(HEADER, f"R-U-THERE-ACK with the sequence number {asked.sequence}")
