"""The codec: values and bytes, both ways, and what it refuses."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address, ip_network

import pytest
import strategies.isakmp as some
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ipsecmig.errors import IpsecmigError
from ipsecmig.ike.errors import Malformed
from ipsecmig.ike.wire import association, attributes, identification, vendor
from ipsecmig.ike.wire.association import Proposal, SecurityAssociation, Transform
from ipsecmig.ike.wire.attributes import Attribute
from ipsecmig.ike.wire.certificate import Certificate
from ipsecmig.ike.wire.cursor import Cursor
from ipsecmig.ike.wire.fragment import Fragment
from ipsecmig.ike.wire.generic import Payload
from ipsecmig.ike.wire.identification import Identification
from ipsecmig.ike.wire.message import Header, Message, SealedMessage, decode_message, encode_message
from ipsecmig.ike.wire.nat import NatDetection, NatOriginalAddress
from ipsecmig.ike.wire.notification import Delete, Notify
from ipsecmig.ike.wire.numbers import Flag, PayloadNumber
from ipsecmig.ike.wire.opaque import Nonce, Uninterpreted
from ipsecmig.ike.wire.payloads import DECODERS, MAX_PAYLOADS, decode_payloads, encode_payloads

CKY_I, CKY_R = bytes.fromhex("0102030405060708"), bytes.fromhex("1112131415161718")


@given(some.messages)
@settings(max_examples=200)
def test_a_message_comes_back_from_its_bytes(message: Message) -> None:
    assert decode_message(encode_message(message)) == message


@given(some.headers, some.octet, st.binary(max_size=64))
def test_a_sealed_message_comes_back_from_its_bytes(header: Header, first: int, ciphertext: bytes) -> None:
    sealed = SealedMessage(header._replace(flags=header.flags | Flag.ENCRYPTED), first, ciphertext)
    assert decode_message(encode_message(sealed)) == sealed


def _accepts_only_what_it_writes(datagram: bytes) -> bool:
    """Decode; whatever is accepted must encode to the same bytes. Tells whether it was accepted."""
    try:
        message = decode_message(datagram)
    except Malformed as error:
        offset = error.offset
    else:
        assert encode_message(message) == datagram
        return True
    assert 0 <= offset <= len(datagram)
    return False


@given(st.binary(max_size=120))
@settings(max_examples=200)
def test_random_bytes_are_refused_or_understood_exactly(datagram: bytes) -> None:
    _accepts_only_what_it_writes(datagram)


@given(some.octet.filter(bool), st.binary(max_size=80))
@example(1, bytes.fromhex("00000018000000010000000100000000"))
@settings(max_examples=300)
def test_random_payloads_are_refused_or_understood_exactly(first: int, body: bytes) -> None:
    head = CKY_I + CKY_R + bytes((first, 0x10, 2, 0)) + bytes(4)
    _accepts_only_what_it_writes(head + (28 + len(body)).to_bytes(4, "big") + body)


@given(some.messages, st.data())
@settings(max_examples=300)
def test_a_changed_octet_is_refused_or_understood_exactly(message: Message, data: st.DataObject) -> None:
    datagram = bytearray(encode_message(message))
    at = data.draw(st.integers(0, len(datagram) - 1))
    datagram[at] ^= data.draw(st.integers(1, 0xFF))
    _accepts_only_what_it_writes(bytes(datagram))


@given(some.messages, st.data())
def test_a_truncated_message_is_refused(message: Message, data: st.DataObject) -> None:
    datagram = encode_message(message)
    assert not _accepts_only_what_it_writes(datagram[: data.draw(st.integers(0, len(datagram) - 1))])


@given(some.messages, st.binary(min_size=1, max_size=8))
def test_a_message_with_a_tail_is_refused(message: Message, tail: bytes) -> None:
    assert not _accepts_only_what_it_writes(encode_message(message) + tail)


@given(some.messages, st.data())
def test_a_message_cut_short_under_a_true_length_is_refused_or_exact(message: Message, data: st.DataObject) -> None:
    datagram = encode_message(message)
    kept = datagram[: data.draw(st.integers(28, len(datagram)))]
    _accepts_only_what_it_writes(kept[:24] + len(kept).to_bytes(4, "big") + kept[28:])


HEADER = Header(CKY_I, CKY_R, 2)

LIFETIME_OF_EIGHT_HOURS = (Attribute(1, 5), Attribute(12, b"\0\0\x70\x80"))


@pytest.mark.parametrize(
    ("payload", "body"),
    [
        (
            SecurityAssociation((Proposal(1, 1, b"", (Transform(1, 1, LIFETIME_OF_EIGHT_HOURS),)),)),
            "00000001 00000001 0000001c 01010001 00000014 01010000 80010005 000c0004 00007080",
        ),
        (
            SecurityAssociation((Proposal(1, 2, b"abcd", ()), Proposal(1, 3, b"efgh", ()))),
            "00000001 00000001 0200000c 01020400 61626364 0000000c 01030400 65666768",
        ),
        (Identification(1, 6, 80, bytes((10, 9, 0, 2))), "010600500a090002"),
        (Certificate(4, b"\x30"), "0430"),
        (Notify(1, 3, 14, b"abcd", b"\1"), "00000001 03 04 000e 61626364 01"),
        (Delete(1, 3, (b"abcd", b"efgh")), "00000001 03 04 0002 61626364 65666768"),
        (NatDetection(b"\1\2", 130), "0102"),
        (NatOriginalAddress(IPv4Address("10.0.0.1"), 131), "01000000 0a000001"),
        (NatOriginalAddress(IPv6Address("::1"), 21), "05000000" + "00" * 15 + "01"),
        (Fragment(7, 2, True, b"x"), "0007 02 01 78"),
        (Uninterpreted(200, b"?"), "3f"),
        (Uninterpreted(1, bytes.fromhex("0000000200000001ff")), "00000002 00000001 ff"),
    ],
)  # fmt: skip
def test_the_bytes_of_a_payload(payload: Payload, body: str) -> None:
    wire = bytes.fromhex(body)
    assert payload.encode() == wire
    datagram = encode_message(Message(HEADER, (payload,)))
    assert datagram[16] == payload.number
    assert datagram[28:] == b"\0\0" + (4 + len(wire)).to_bytes(2, "big") + wire
    assert decode_message(datagram) == Message(HEADER, (payload,))


def test_the_bytes_of_a_header() -> None:
    message = Message(Header(CKY_I, CKY_R, 32, 6, 0xDEADBEEF), (Nonce(b"n"),))
    expected = "0102030405060708 1112131415161718 0a 10 20 06 deadbeef 00000021 00000005 6e"
    assert encode_message(message) == bytes.fromhex(expected)


def _datagram(first: int, body: str) -> bytes:
    wire = bytes.fromhex(body)
    return CKY_I + CKY_R + bytes((first, 0x10, 2, 0)) + bytes(4) + (28 + len(wire)).to_bytes(4, "big") + wire


SA_HEAD = "00000001 00000001"


@pytest.mark.parametrize(
    ("datagram", "offset", "expected"),
    [
        (CKY_I, 8, "28 octets of the header, not 8"),
        (CKY_I + CKY_R + bytes.fromhex("21 20 22 08 00000000 0000001c"), 17, "major version 1, not 2"),
        (_datagram(0, "00"), 28, "the end of the message, not 1 more octets"),
        (_datagram(10, ""), 28, "4 octets of a payload header, not 0"),
        (_datagram(10, "00000003"), 30, "a payload length of at least 4, not 3"),
        (_datagram(10, "00000006 00"), 32, "2 octets of the payload, not 1"),
        (_datagram(10, "00010004"), 29, "1 reserved octets that are zero"),
        (_datagram(5, "0000000b 01000000 0a0900"), 36, "4 octets of identification, not 3"),
        (_datagram(1, f"00000014 {SA_HEAD} 03000008 01010000"), 48, "a proposal here, not payload type 3"),
        (_datagram(1, f"0000001c {SA_HEAD} 00000010 01010002 00000008 01010000"), 47, "1 as the number of transforms"),
        (_datagram(1, f"0000001c {SA_HEAD} 00000010 01010001 00000008 01010001"), 54, "2 reserved octets"),
        (_datagram(12, "0000000c 00000001 03040000"), 38, "1 to 1024 SPIs of at least one octet, not 0 of 4"),
        (_datagram(12, "0000000c 00000001 0300ffff"), 38, "1 to 1024 SPIs of at least one octet, not 65535 of 0"),
        (_datagram(132, "00000008 00010000"), 34, "a fragment number from 1"),
        (_datagram(132, "00000008 00010102"), 34, "flags 0 or 1"),
        (_datagram(21, "0000000c 02000000 0a000001"), 32, "an IPv4 or IPv6 address, not identification type 2"),
        (_datagram(21, "0000000d 01000000 0a00000100"), 40, "the end of the payload, not 1 more octets"),
    ],
)
def test_what_is_malformed_says_where_and_what_was_expected(datagram: bytes, offset: int, expected: str) -> None:
    with pytest.raises(Malformed) as caught:
        decode_message(datagram)
    assert caught.value.offset == offset
    assert expected in caught.value.expected
    assert isinstance(caught.value, IpsecmigError)


@pytest.mark.parametrize(
    ("limit", "payloads_of"),
    [
        (MAX_PAYLOADS, lambda count: (Nonce(b""),) * count),
        (
            attributes.MAX_ATTRIBUTES,
            lambda count: (
                SecurityAssociation((Proposal(1, 1, b"", (Transform(1, 1, (Attribute(1, 1),) * count),)),)),
            ),
        ),
        (association.MAX_PROPOSALS, lambda count: (SecurityAssociation((Proposal(1, 1, b"", ()),) * count),)),
        (1024, lambda count: (Delete(1, 3, (b"abcd",) * count),)),
    ],
)
def test_counts_are_bounded(limit: int, payloads_of: Callable[[int], tuple[Payload, ...]]) -> None:
    encoded = encode_message(Message(HEADER, payloads_of(limit)))
    assert encode_message(decode_message(encoded)) == encoded
    with pytest.raises(Malformed, match=str(limit)):
        decode_message(encode_message(Message(HEADER, payloads_of(limit + 1))))


@pytest.mark.parametrize(
    "message",
    [
        Message(HEADER._replace(flags=Flag.ENCRYPTED), ()),
        SealedMessage(HEADER, 8, b""),
        Message(HEADER._replace(initiator_cookie=b"short"), ()),
        Message(HEADER, (Delete(1, 3, ()),)),
        Message(HEADER, (Delete(1, 3, (b"a", b"bc")),)),
        Message(HEADER, (Identification(256, 0, 0, b""),)),
        Message(HEADER, (SecurityAssociation((Proposal(1, 1, b"", (Transform(1, 1, (Attribute(0x8001, 1),)),)),)),)),
    ],
)
def test_what_no_message_can_be_is_a_mistake_of_the_caller(message: Message | SealedMessage) -> None:
    with pytest.raises(ValueError):
        encode_message(message)


def test_a_payload_too_long_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(OverflowError):
        encode_payloads((Nonce(bytes(0x10000)),))


def test_decoding_payloads_stops_behind_the_last() -> None:
    cursor = Cursor(bytes.fromhex("00000005 6e 000000"))
    assert decode_payloads(cursor, PayloadNumber.NONCE) == (Nonce(b"n"),)
    assert cursor.remaining == 3


def test_every_payload_type_but_those_inside_an_sa_has_a_decoder() -> None:
    inside = {PayloadNumber.NONE, PayloadNumber.PROPOSAL, PayloadNumber.TRANSFORM}
    assert set(DECODERS) == set(PayloadNumber) - inside


@pytest.mark.parametrize("value", [28800, b"\x70\x80", b"\0\0\x70\x80"])
def test_a_lifetime_is_the_same_amount_in_either_form(value: int | bytes) -> None:
    transform = Transform(1, 1, (Attribute(11, 1), Attribute(12, value)))
    assert transform.amount(12) == 28800
    assert transform.amount(14) is None


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (identification.host(IPv4Address("10.9.0.2"), 6, 80), "010600500a090002"),
        (identification.host(IPv6Address("::1")), "05000000" + "00" * 15 + "01"),
        (identification.subnet(IPv4Network("10.1.0.0/16")), "04000000 0a010000 ffff0000"),
        (identification.subnet(ip_network("fe80::/64")), "06000000 fe80000000000000" + "00" * 8 + "ff" * 8 + "00" * 8),
    ],
)
def test_identifications_of_addresses(made: Identification, expected: str) -> None:
    assert made.encode() == bytes.fromhex(expected)


@pytest.mark.parametrize(
    ("payload", "addresses"),
    [
        (identification.host(IPv4Address("10.9.0.2")), ["10.9.0.2"]),
        (identification.subnet(ip_network("10.1.0.0/16")), ["10.1.0.0", "255.255.0.0"]),
        (identification.subnet(ip_network("fe80::/64")), ["fe80::", "ffff:ffff:ffff:ffff::"]),
        (Identification(7, 0, 0, bytes((10, 0, 0, 1, 10, 0, 0, 9))), ["10.0.0.1", "10.0.0.9"]),
        (Identification(2, 0, 0, b"host.example"), []),
    ],
)
def test_the_addresses_of_an_identification(payload: Identification, addresses: list[str]) -> None:
    assert payload.addresses() == tuple(ip_address(text) for text in addresses)


@pytest.mark.parametrize("known", [known for known in vendor.KNOWN if known.text is not None])
def test_vendor_ids_are_the_md5_of_their_text(known: vendor.KnownVendorId) -> None:
    assert hashlib.md5(known.text or b"").digest() == known.value


@pytest.mark.parametrize("known", vendor.KNOWN)
def test_a_vendor_id_is_known_by_its_octets_alone(known: vendor.KnownVendorId) -> None:
    assert vendor.identify(known.value) == known
    assert vendor.identify(known.value + b"\x80\0\0\0") == (known if known.extended else None)
    assert vendor.identify(known.value[:-1]) is None


@pytest.mark.parametrize(
    ("data", "version"),
    [
        (vendor.MICROSOFT.value + bytes((0, 0, 0, 4)), 4),
        (vendor.MICROSOFT.value + bytes((0, 0, 1, 4)), 0x104),
        (vendor.MICROSOFT.value, None),
        (vendor.FRAGMENTATION.value + bytes((0, 0, 0, 4)), None),
    ],
)
def test_the_windows_version_in_a_vendor_id(data: bytes, version: int | None) -> None:
    assert vendor.windows_version(data) == version
