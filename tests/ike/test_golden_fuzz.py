"""Recorded messages cut and changed octet by octet, and lengths that lie: refused, or understood exactly."""

from __future__ import annotations

import contextlib
import tracemalloc
from collections.abc import Iterator
from functools import cache

import golden_conversations as golden
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ike_ends import advance, ends, octets

from ipsecmig.errors import IpsecmigError
from ipsecmig.ike import x509
from ipsecmig.ike.crypto.ciphers import Cbc
from ipsecmig.ike.engine import Engine
from ipsecmig.ike.errors import Malformed
from ipsecmig.ike.protection import seal_octets, unseal
from ipsecmig.ike.wire.certificate import Certificate
from ipsecmig.ike.wire.cursor import Cursor
from ipsecmig.ike.wire.message import Header, decode_message, encode_message
from ipsecmig.ike.wire.numbers import PayloadNumber
from ipsecmig.ike.wire.payloads import decode_payloads, encode_payloads

conversations = pytest.mark.parametrize("name", golden.NAMES)

LENGTH = slice(24, 28)
"""Where the header has the length of the message."""


def changed(data: bytes) -> Iterator[bytes]:
    """Yield the data with one octet changed: each, in its lowest and in its highest bit, and to the extremes."""
    for at, octet in enumerate(data):
        for other in {octet ^ 1, octet ^ 0x80, 0, 0xFF} - {octet}:
            yield data[:at] + bytes((other,)) + data[at + 1 :]


@cache
def opened(name: str) -> tuple[tuple[int, bytes], ...]:
    """Return the first payload type and the payloads of every encrypted message, without padding."""
    parts = golden.exchanged(name, golden.phase_1(name))
    return tuple(encode_payloads(part.opened.payloads) for part in parts if part.opened is not None)


def is_refused_or_exact(datagram: bytes) -> bool:
    """Tell whether a message is refused; if not, it must encode to the same octets."""
    try:
        message = decode_message(datagram)
    except Malformed as error:
        offset = error.offset
    else:
        assert encode_message(message) == datagram
        return False
    assert 0 <= offset <= len(datagram)
    return True


def check_payloads(first: int, plaintext: bytes) -> None:
    cursor = Cursor(plaintext)
    try:
        payloads = decode_payloads(cursor, first)
    except Malformed as error:
        offset = error.offset
    else:
        offset = cursor.offset
        assert encode_payloads(payloads) == (first, plaintext[:offset])
    assert 0 <= offset <= len(plaintext)


@conversations
def test_a_recorded_message_cut_anywhere_is_refused(name: str) -> None:
    for datagram in golden.datagrams(name):
        for end in range(len(datagram.data)):
            assert is_refused_or_exact(datagram.data[:end])


@conversations
def test_a_recorded_message_cut_under_a_true_length_is_refused_or_exact(name: str) -> None:
    for datagram in golden.datagrams(name):
        for end in range(LENGTH.stop, len(datagram.data)):
            cut = bytearray(datagram.data[:end])
            cut[LENGTH] = end.to_bytes(4, "big")
            is_refused_or_exact(bytes(cut))


@conversations
def test_a_recorded_message_with_one_octet_changed_is_refused_or_exact(name: str) -> None:
    for datagram in golden.datagrams(name):
        refused = [is_refused_or_exact(other) for other in changed(datagram.data)]
        assert any(refused)
        assert not all(refused)


@conversations
def test_recorded_payloads_cut_or_changed_are_refused_or_exact(name: str) -> None:
    for first, plaintext in opened(name):
        for end in range(len(plaintext)):
            check_payloads(first, plaintext[:end])
        for other in changed(plaintext):
            check_payloads(first, other)


@conversations
def test_every_recorded_hash_covers_the_octets_behind_it(name: str) -> None:
    parts = [part.opened for part in golden.exchanged(name, golden.phase_1(name)) if part.opened is not None]
    assert parts
    for part in parts:
        assert part.covered == encode_payloads(part.payloads[1:])[1]


@pytest.mark.parametrize("name", golden.NAMES[:1])
def test_recorded_payloads_changed_and_sealed_again_open_or_are_malformed(name: str) -> None:
    agreed = golden.phase_1(name)
    cbc, block = Cbc(agreed.cipher, agreed.key), agreed.cipher.block_octets
    header = Header(agreed.inputs.cookies.initiator, agreed.inputs.cookies.responder, 32, message_id=1)
    for first, plaintext in opened(name):
        for other in changed(plaintext + bytes(-len(plaintext) % block)):
            sealed, _ = seal_octets(header, first, other, cbc, agreed.iv)
            try:
                found = unseal(sealed, cbc, agreed.iv)
            except Malformed:
                continue
            assert encode_payloads(found.payloads)[1] + found.padding == other


def certificates() -> list[bytes]:
    parts = golden.exchanged("rsa-main-3des-sha1-modp1024", golden.phase_1("rsa-main-3des-sha1-modp1024"))
    return [payload.data for part in parts for payload in part.payloads if isinstance(payload, Certificate)]


def test_recorded_certificates_cut_or_changed_are_read_or_refused() -> None:
    found = certificates()
    assert len(found) == 2
    der = found[0]
    assert x509.read(der).authority is False
    for end in range(len(der)):
        with pytest.raises(Malformed):
            x509.read(der[:end])
    for other in changed(der):
        with contextlib.suppress(IpsecmigError):
            x509.read(other)


@given(st.integers(0, 8), st.data())
@settings(max_examples=150, deadline=None)
def test_an_engine_in_any_state_takes_any_octets(carried: int, data: st.DataObject) -> None:
    one, other = (Engine(configuration) for configuration in ends())
    _, receiver, expected = advance(one, other, carried)
    whole = expected.data
    at = data.draw(st.integers(0, len(whole)))
    foreign = data.draw(st.binary(max_size=64))
    kept = whole[at + data.draw(st.integers(0, 8)) :]
    message = bytearray(whole[:at] + foreign + kept)
    if len(message) >= LENGTH.stop and data.draw(st.booleans()):
        message[LENGTH] = len(message).to_bytes(4, "big")
    receiver.receive(expected._replace(data=bytes(message)), 0.0, octets(at))
    # An answer to each message, or a refusal, or two fragments; never a flood.
    receiver.receive(expected, 0.0, octets((at, "again")))
    assert len(receiver.to_send()) <= 4


HEAD = bytes(8) + b"\x01" * 8
MANY = 65_535


def datagram(first: int, body: bytes) -> bytes:
    return HEAD + bytes((first, 0x10, 2, 0)) + bytes(4) + (28 + len(body)).to_bytes(4, "big") + body


def payload(body: bytes, following: int = 0) -> bytes:
    return bytes((following, 0)) + (4 + len(body)).to_bytes(2, "big") + body


ATTRIBUTES = bytes.fromhex("80010001") * (MANY // 4 - 20)
SA_HEAD = bytes.fromhex("0000000100000001")

HOSTILE = {
    "payloads without end": datagram(10, payload(b"", 10) * (MANY // 4 - 8)),
    "attributes without end": datagram(
        1, payload(SA_HEAD + payload(bytes((1, 1, 0, 1)) + payload(bytes((1, 1, 0, 0)) + ATTRIBUTES)))
    ),
    "transforms without end": datagram(
        1, payload(SA_HEAD + payload(bytes((1, 1, 0, 255)) + payload(bytes((1, 1, 0, 0)), 3) * 8_000))
    ),
    "proposals without end": datagram(1, payload(SA_HEAD + payload(bytes((1, 1, 0, 0)), 2) * 8_000)),
    "SPIs without end": datagram(12, payload(bytes.fromhex("0000000103013fff") + bytes(0x3FFF))),
    "more SPIs than octets": datagram(12, payload(bytes.fromhex("00000001 03ff0400"))),
    "an SPI longer than the payload": datagram(11, payload(bytes.fromhex("00000001 03ff 000e"))),
    "a payload longer than the message": datagram(10, bytes.fromhex("0000ffff")),
    "an attribute longer than its transform": datagram(
        1, payload(SA_HEAD + payload(bytes((1, 1, 0, 1)) + payload(bytes.fromhex("01010000 000cffff"))))
    ),
    "a message longer than any datagram": HEAD + bytes.fromhex("0a10020000000000ffffffff") + payload(b"n"),
}


@pytest.mark.parametrize("message", HOSTILE.values(), ids=HOSTILE)
def test_lengths_and_counts_that_lie_are_refused_and_cost_little_memory(message: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(Malformed):
            decode_message(message)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 4 * len(message) + 200_000


def test_the_largest_opaque_payload_is_understood() -> None:
    message = datagram(PayloadNumber.VENDOR_ID, payload(bytes(MANY - 4)))
    assert encode_message(decode_message(message)) == message
