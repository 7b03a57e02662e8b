"""ESP in UDP, what shares its port, and checksums behind a NAT."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from esp_packets import HOSTS, association, ip, packed, payloads, randomness, words_sum
from hypothesis import given
from hypothesis import strategies as st

from ipsecmig.esp.association import OriginalAddresses, UdpEncapsulation
from ipsecmig.esp.bundle import Receiver, Sender
from ipsecmig.esp.errors import PacketRejected, Reason
from ipsecmig.esp.udp import Contents, classify
from ipsecmig.model.algorithms import Encryption
from ipsecmig.udp import KEEPALIVE, NON_ESP_MARKER

PRIVATE, PUBLIC = "192.168.1.5", HOSTS[4][0]
SERVER = HOSTS[4][1]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (KEEPALIVE, Contents.KEEPALIVE),
        (NON_ESP_MARKER + b"ISAKMP", Contents.IKE),
        (b"\0\0\1\0ESP", Contents.ESP),
        (b"\xff\xff\xff\xffESP", Contents.ESP),
    ],
)
def test_what_arrives_at_port_4500(data: bytes, kind: Contents) -> None:
    assert classify(data) is kind


@pytest.mark.parametrize("data", [b"", b"\0", b"\xff\xff", NON_ESP_MARKER])
def test_what_is_nothing_at_port_4500(data: bytes) -> None:
    with pytest.raises(PacketRejected) as caught:
        classify(data)
    assert caught.value.reason is Reason.TRUNCATED


@pytest.mark.parametrize("family", [4, 6])
def test_the_udp_header(family: int) -> None:
    sa = association(family=family, udp=UdpEncapsulation(4500, 31000))
    packet = Sender(sa).protect(ip(*HOSTS[family], 1, b"ping"), randomness(16))
    start = 20 if family == 4 else 40
    source, destination, length, checksum = struct.unpack_from("!HHHH", packet, start)
    assert (source, destination, length) == (4500, 31000, len(packet) - start)
    if family == 4:
        assert checksum == 0
    else:
        assert words_sum(packet[8:40] + struct.pack("!II", length, 17) + packet[40:]) == 0


def in_udp(data: bytes, port: int = 4500, *, length: int | None = None) -> bytes:
    return ip(*HOSTS[4], 17, struct.pack("!HHHH", 4500, port, length or 8 + len(data), 0) + data)


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (in_udp(KEEPALIVE), Reason.WRONG_PROTOCOL),
        (in_udp(NON_ESP_MARKER + b"ISAKMP"), Reason.WRONG_PROTOCOL),
        (in_udp(b"\0\0\x10\0" * 20, 500), Reason.WRONG_ENDPOINT),
        (in_udp(b"\0\0\x10\0" * 20, length=7), Reason.TRUNCATED),
        (in_udp(b"\0\0\x10\0" * 20, length=500), Reason.TRUNCATED),
        (ip(*HOSTS[4], 17, b"\x11\x94"), Reason.TRUNCATED),
        (ip(*HOSTS[4], 50, b"\0\0\x10\0" * 20), Reason.WRONG_PROTOCOL),
    ],
)
def test_other_datagrams_are_not_esp(packet: bytes, reason: Reason) -> None:
    with pytest.raises(PacketRejected) as caught:
        Receiver(association(udp=UdpEncapsulation())).unprotect(packet)
    assert caught.value.reason is reason


def transport_checksum(source: bytes, destination: bytes, protocol: int, segment: bytes) -> int:
    pseudo = source + destination + struct.pack("!II", len(segment), protocol)
    return words_sum(pseudo + segment)


def segment_of(protocol: int, source: str, destination: str, data: bytes) -> bytes:
    """Return a TCP or UDP segment with the right checksum."""
    if protocol == 17:
        blank, at = struct.pack("!HHHH", 1024, 53, 8 + len(data), 0) + data, 6
    else:
        blank, at = struct.pack("!HHIIBBHHH", 1024, 80, 1, 2, 0x50, 0x18, 100, 0, 0) + data, 16
    value = transport_checksum(packed(source), packed(destination), protocol, blank)
    if protocol == 17:
        value = value or 0xFFFF
    return blank[:at] + value.to_bytes(2, "big") + blank[at + 2 :]


TOLD = OriginalAddresses(packed(PRIVATE), packed(SERVER))


def behind_nat(packet: bytes, originals: OriginalAddresses = TOLD) -> bytes:
    """Return the packet as the server unprotects it, with PRIVATE as the source that the sender saw."""
    sa = association(Encryption.NULL, udp=UdpEncapsulation())
    sent = Sender(sa).protect(packet)
    arrived = ip(PUBLIC, SERVER, 17, sent[20:])
    return Receiver(replace(sa, originals=originals)).unprotect(arrived)


@given(
    st.sampled_from([6, 17]),
    payloads,
    st.sampled_from([packed(PRIVATE), None]),
    st.sampled_from([packed(SERVER), None]),
)
def test_checksums_behind_a_nat_become_right(
    protocol: int, data: bytes, source: bytes | None, destination: bytes | None
) -> None:
    segment = segment_of(protocol, PRIVATE, SERVER, data)
    received = behind_nat(ip(PRIVATE, SERVER, protocol, segment), OriginalAddresses(source, destination))
    assert transport_checksum(packed(PUBLIC), packed(SERVER), protocol, received[20:]) == 0
    assert received == ip(PUBLIC, SERVER, protocol, segment_of(protocol, PUBLIC, SERVER, data))[:4] + received[4:]
    assert received[12:20] == packed(PUBLIC) + packed(SERVER)


def test_a_checksum_that_was_wrong_stays_wrong() -> None:
    segment = bytearray(segment_of(6, PRIVATE, SERVER, b"data"))
    segment[-1] ^= 1
    received = behind_nat(ip(PRIVATE, SERVER, 6, bytes(segment)))
    assert transport_checksum(packed(PUBLIC), packed(SERVER), 6, received[20:]) != 0


@pytest.mark.parametrize(
    ("protocol", "segment"), [(17, struct.pack("!HHHH", 1, 2, 8, 0)), (1, b"\x08\0\xf7\xff\0\0\0\0")]
)
def test_udp_without_checksum_and_other_protocols_stay_as_they_are(protocol: int, segment: bytes) -> None:
    assert behind_nat(ip(PRIVATE, SERVER, protocol, segment))[20:] == segment


def test_a_sum_over_addresses_that_nobody_told_is_computed_anew() -> None:
    segment = bytearray(segment_of(6, PRIVATE, SERVER, b"data"))
    segment[16] ^= 1
    received = behind_nat(ip(PRIVATE, SERVER, 6, bytes(segment)), OriginalAddresses(None, packed(SERVER)))
    assert transport_checksum(packed(PUBLIC), packed(SERVER), 6, received[20:]) == 0


@pytest.mark.parametrize("length", [0, 7, 13])
def test_a_datagram_of_another_length_than_it_says(length: int) -> None:
    datagram = struct.pack("!HHHH", 1024, 53, length, 1) + b"data"
    with pytest.raises(PacketRejected) as caught:
        behind_nat(ip(PRIVATE, SERVER, 17, datagram), OriginalAddresses(None, packed(SERVER)))
    assert caught.value.reason is Reason.TRUNCATED


@pytest.mark.parametrize(("protocol", "octets"), [(6, 17), (17, 7)])
def test_a_header_too_short_for_its_checksum(protocol: int, octets: int) -> None:
    with pytest.raises(PacketRejected) as caught:
        behind_nat(ip(PRIVATE, SERVER, protocol, bytes(octets)))
    assert caught.value.reason is Reason.TRUNCATED
