"""Informational messages: notifies and deletes, in the clear before there are keys (RFC 2409 section 5.7)."""

from __future__ import annotations

from functools import partial

from ipsecmig.ike import keymat
from ipsecmig.ike.crypto import hashes
from ipsecmig.ike.errors import Malformed
from ipsecmig.ike.events import PeerDeleted, PeerNotified
from ipsecmig.ike.exchange import Secured, only
from ipsecmig.ike.keymat import Cookies
from ipsecmig.ike.protection import seal_hashed, unseal
from ipsecmig.ike.wire.generic import Payload
from ipsecmig.ike.wire.message import HEADER, Header, Message, SealedMessage
from ipsecmig.ike.wire.notification import Delete, Notify
from ipsecmig.ike.wire.numbers import DOI_IPSEC, Exchange, Protocol
from ipsecmig.ike.wire.opaque import Hash


def clear_notify(cookies: Cookies, kind: int, message_id: int) -> Message:
    """Return a notify about phase 1 for as long as it has no keys."""
    header = Header(cookies.initiator, cookies.responder, Exchange.INFORMATIONAL, message_id=message_id)
    return Message(header, (_notify(cookies, kind),))


def sealed_notify(secured: Secured, kind: int, message_id: int) -> SealedMessage:
    """Return a notify that is protected by phase 1."""
    payload, cookies = _notify(secured.cookies, kind), secured.cookies
    hash_1 = partial(keymat.hash_1, secured.suite.hash_, secured.keys.skeyid_a, message_id)
    header = Header(cookies.initiator, cookies.responder, Exchange.INFORMATIONAL, message_id=message_id)
    iv = keymat.phase_2_iv(secured.suite.hash_, secured.iv, message_id)
    return seal_hashed(header, hash_1, (payload,), secured.cbc, iv)[0]


def _notify(cookies: Cookies, kind: int) -> Notify:
    return Notify(DOI_IPSEC, Protocol.ISAKMP, kind, cookies.initiator + cookies.responder, b"")


def read_clear(message: Message) -> tuple[PeerNotified, ...]:
    """Return the notifies of a message that anyone may have sent. Deletes must be protected, and are passed over."""
    return tuple(
        PeerNotified(payload.kind, payload.data, protected=False)
        for payload in message.payloads
        if isinstance(payload, Notify)
    )


def read_sealed(secured: Secured, message: SealedMessage) -> tuple[PeerNotified | PeerDeleted, ...]:
    """Return what a protected message says. Raises Malformed unless HASH(1) comes first and is right."""
    message_id = message.header.message_id
    opened = unseal(message, secured.cbc, keymat.phase_2_iv(secured.suite.hash_, secured.iv, message_id))
    wanted = keymat.hash_1(secured.suite.hash_, secured.keys.skeyid_a, message_id, opened.covered)
    if not hashes.equal(only(opened.payloads[:1], Hash).data, wanted):
        raise Malformed(HEADER, "a hash over this message, made with the keys of phase 1")
    return tuple(event for payload in opened.payloads[1:] if (event := _event(payload)) is not None)


def _event(payload: Payload) -> PeerNotified | PeerDeleted | None:
    if isinstance(payload, Notify):
        return PeerNotified(payload.kind, payload.data, protected=True)
    return PeerDeleted(payload.protocol, payload.spis) if isinstance(payload, Delete) else None
