"""The recorded conversations of tests/golden, opened with the values that a daemon logged of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import NamedTuple

from ipsecmig.ike import keymat
from ipsecmig.ike.crypto import ciphers, hashes
from ipsecmig.ike.crypto.ciphers import BlockCipher, Cbc
from ipsecmig.ike.keymat import Cookies, Phase1Inputs, SessionKeys
from ipsecmig.ike.protection import Opened, unseal
from ipsecmig.ike.wire.association import SecurityAssociation, Transform
from ipsecmig.ike.wire.generic import Payload
from ipsecmig.ike.wire.message import Message, SealedMessage, decode_message
from ipsecmig.ike.wire.numbers import AuthenticationMethod, PayloadNumber, Phase1Attribute
from ipsecmig.model.algorithms import Integrity

GOLDEN = Path(__file__).parent / "golden"
NAMES = tuple(sorted(path.parent.name for path in GOLDEN.glob("*/capture.pcap")))

INITIATOR = IPv4Address("10.9.0.1")
RESPONDER = IPv4Address("10.9.0.2")

UDP = 17
IKE_PORT, FLOATED_PORT = 500, 4500
NON_ESP_MARKER = bytes(4)


class Datagram(NamedTuple):
    """An IKE message as it was on the wire, without the non-ESP marker."""

    source: IPv4Address
    data: bytes

    @property
    def from_initiator(self) -> bool:
        return self.source == INITIATOR


def _frames(pcap: bytes) -> Iterator[bytes]:
    """Yield the Ethernet frames of a classic little-endian pcap file."""
    assert pcap[:4] == bytes.fromhex("d4c3b2a1")
    at = 24
    while at < len(pcap):
        length = int.from_bytes(pcap[at + 8 : at + 12], "little")
        yield pcap[at + 16 : at + 16 + length]
        at += 16 + length


def datagrams(name: str) -> tuple[Datagram, ...]:
    """Return the IKE messages of a conversation in order."""
    found = (_ike(frame) for frame in _frames((GOLDEN / name / "capture.pcap").read_bytes()))
    return tuple(datagram for datagram in found if datagram is not None)


def _ike(frame: bytes) -> Datagram | None:
    packet = frame[14 : 14 + int.from_bytes(frame[16:18], "big")]
    if frame[12:14] != b"\x08\x00" or packet[9] != UDP:
        return None
    udp = packet[4 * (packet[0] & 0xF) :]
    ports = {int.from_bytes(udp[:2], "big"), int.from_bytes(udp[2:4], "big")}
    source = IPv4Address(packet[12:16])
    if FLOATED_PORT in ports:
        return Datagram(source, udp[12:]) if udp[8:12] == NON_ESP_MARKER else None
    return Datagram(source, udp[8:]) if IKE_PORT in ports else None


def logged(name: str) -> dict[str, list[bytes]]:
    """Return the values of the initiator's log."""
    document: dict[str, list[str]] = json.loads((GOLDEN / name / "values.json").read_text())
    return {key: [bytes.fromhex(value) for value in values] for key, values in document.items()}


@dataclass(frozen=True)
class Phase1:
    """What phase 1 agreed, as the clear messages and the logged secrets tell it."""

    hash_: Integrity
    cipher: BlockCipher
    group: int
    inputs: Phase1Inputs
    ni_b: bytes
    nr_b: bytes
    keys: SessionKeys
    key: bytes
    iv: bytes


class Exchanged(NamedTuple):
    """One message and what it holds; `opened` is None for clear messages."""

    datagram: Datagram
    message: Message | SealedMessage
    opened: Opened | None

    @property
    def payloads(self) -> tuple[Payload, ...]:
        if self.opened is not None:
            return self.opened.payloads
        assert isinstance(self.message, Message)
        return self.message.payloads

    def bodies(self, number: int) -> list[bytes]:
        return [payload.encode() for payload in self.payloads if payload.number == number]


def phase_1(name: str) -> Phase1:
    """Derive what phase 1 of a conversation agreed."""
    log, bodies, transform, cookies = logged(name), {}, None, None
    for datagram in datagrams(name):
        message = decode_message(datagram.data)
        cookies = Cookies(message.header.initiator_cookie, message.header.responder_cookie)
        for payload in message.payloads if isinstance(message, Message) else ():
            bodies[datagram.from_initiator, payload.number] = payload.encode()
            if not datagram.from_initiator and isinstance(payload, SecurityAssociation):
                transform = payload.proposals[0].transforms[0]
    assert transform is not None
    assert cookies is not None
    inputs = Phase1Inputs(
        bodies[True, PayloadNumber.KE], bodies[False, PayloadNumber.KE], cookies, bodies[True, PayloadNumber.SA]
    )
    return _derived(log, transform, inputs, bodies[True, PayloadNumber.NONCE], bodies[False, PayloadNumber.NONCE])


def _derived(
    log: dict[str, list[bytes]], transform: Transform, inputs: Phase1Inputs, ni_b: bytes, nr_b: bytes
) -> Phase1:
    hash_ = hashes.by_oakley(transform.amount(Phase1Attribute.HASH) or 0)
    cipher = ciphers.by_oakley(
        transform.amount(Phase1Attribute.ENCRYPTION) or 0, transform.amount(Phase1Attribute.KEY_LENGTH)
    )
    group = transform.amount(Phase1Attribute.GROUP)
    assert hash_ is not None
    assert cipher is not None
    assert group is not None
    (g_xy,) = log["shared Diffie Hellman secret"]
    if transform.amount(Phase1Attribute.AUTHENTICATION) == AuthenticationMethod.PRESHARED_KEY:
        skeyid = keymat.skeyid_for_preshared_key(hash_, log["preshared key"][0], ni_b, nr_b)
    else:
        skeyid = keymat.skeyid_for_signatures(hash_, ni_b, nr_b, g_xy)
    keys = keymat.session_keys(skeyid, hashes.keyed_prf(hash_, skeyid), g_xy, inputs.cookies)
    key = keymat.encryption_key(hash_, keys.skeyid_e, cipher.key_octets)
    iv = keymat.phase_1_iv(hash_, inputs.g_xi, inputs.g_xr, cipher.block_octets)
    return Phase1(hash_, cipher, group, inputs, ni_b, nr_b, keys, key, iv)


def exchanged(name: str, agreed: Phase1) -> tuple[Exchanged, ...]:
    """Return every message of a conversation, the encrypted ones opened."""
    cbc = Cbc(agreed.cipher, agreed.key)
    ivs, found = {0: agreed.iv}, []
    for datagram in datagrams(name):
        message, opened = decode_message(datagram.data), None
        if isinstance(message, SealedMessage):
            identifier = message.header.message_id
            opened = unseal(message, cbc, iv_of(agreed, ivs, identifier))
            ivs[identifier] = opened.next_iv
        found.append(Exchanged(datagram, message, opened))
    return tuple(found)


def iv_of(agreed: Phase1, ivs: dict[int, bytes], message_id: int) -> bytes:
    """Return the IV of the next message of an exchange; `ivs` has the last block of each, of phase 1 under 0."""
    return ivs[message_id] if message_id in ivs else keymat.phase_2_iv(agreed.hash_, ivs[0], message_id)
