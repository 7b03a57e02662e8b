"""The notation of packets, and the packets that stand for a box."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipsecmig.errors import UsageError
from ipsecmig.model.packets import parse_packet, witness
from ipsecmig.model.selectors import Family
from ipsecmig.model.space import WITH_PORTS, Box, Packet, whole_space


@st.composite
def packets(draw: st.DrawFn) -> Packet:
    family = draw(st.sampled_from(Family))
    protocol = draw(st.sampled_from([1, 6, 17, 58, 132]) | st.integers(0, 255))
    port = st.integers(0, 65535) if protocol in WITH_PORTS else st.just(0)
    address = st.integers(0, family.last)
    return Packet(
        draw(st.integers(0, 2)),
        family,
        draw(st.integers(0, 1)),
        draw(address),
        draw(address),
        protocol,
        draw(port),
        draw(port),
    )


@given(packets())
def test_the_notation_is_read_back_exactly(packet: Packet) -> None:
    assert parse_packet(packet.text()) == packet


@pytest.mark.parametrize(
    ("text", "packet"),
    [
        ("out tcp 10.0.0.5:49152 > 10.1.0.9:445", Packet(0, 4, 0, 0x0A000005, 0x0A010009, 6, 445, 49152)),
        ("in tcp 10.1.0.9:49152>10.0.0.5:445", Packet(1, 4, 0, 0x0A000005, 0x0A010009, 6, 49152, 445)),
        ("FORWARD ICMP 10.1.0.9 > 10.0.0.5 dialup", Packet(2, 4, 1, 0x0A010009, 0x0A000005, 1, 0, 0)),
        ("  out 17 [::1]:53 > [2001:db8::9]:53 ", Packet(0, 6, 0, 1, 0x20010DB8 << 96 | 9, 17, 53, 53)),
        ("out 50 ::1 > ::2", Packet(0, 6, 0, 1, 2, 50, 0, 0)),
    ],
)
def test_packets_that_people_write(text: str, packet: Packet) -> None:
    assert parse_packet(text) == packet


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "DIRECTION PROTOCOL SOURCE > DESTINATION"),
        ("out tcp 10.0.0.5:1", "DIRECTION PROTOCOL SOURCE > DESTINATION"),
        ("up tcp 10.0.0.5:1 > 10.0.0.6:2", '"out", "in" or "forward" first, not "up"'),
        ("out tpc 10.0.0.5:1 > 10.0.0.6:2", 'not "tpc"'),
        ("out any 10.0.0.5 > 10.0.0.6", 'not "any"'),
        ("out 256 10.0.0.5 > 10.0.0.6", 'not "256"'),
        ("out tcp 10.0.0.5 > 10.0.0.6:2", 'ADDRESS:PORT ([ADDRESS]:PORT for IPv6), not "10.0.0.5"'),
        ("out tcp 10.0.0.5:1 > 10.0.0.6:65536", "ADDRESS:PORT"),
        ("out tcp [10.0.0.5]:1 > 10.0.0.6:2", "brackets around an IPv6 address only"),
        ("out tcp ::1:1 > ::2:2", "ADDRESS:PORT"),
        ("out icmp 10.0.0.5:1 > 10.0.0.6:2", "without a port"),
        ("out icmp 10.0.0.300 > 10.0.0.6", 'not "10.0.0.300"'),
        ("out icmp fe80::1%eth0 > ::2", 'not "fe80::1%eth0"'),
        ("out icmp 10.0.0.5 > ::1", "one IP version"),
        ("out icmp 10.0.0.5 > 10.0.0.6 modem", 'nothing or "dialup" at the end, not "modem"'),
    ],
)
def test_what_is_not_a_packet_is_refused_with_what_was_expected(text: str, expected: str) -> None:
    with pytest.raises(UsageError) as refusal:
        parse_packet(text)
    assert expected in str(refusal.value)


@st.composite
def any_boxes(draw: st.DrawFn) -> Box:
    family = draw(st.sampled_from(Family))
    found = []
    for highest in (1, family.last, family.last, 255, 65535, 65535):
        low, high = sorted((draw(st.integers(0, highest)), draw(st.integers(0, highest))))
        found.append(draw(st.sampled_from([(low, high), (0, highest), (low, low)])))
    direction = draw(st.integers(0, 2))
    return Box((direction, direction), (family, family), *found)


@given(any_boxes())
def test_a_witness_lies_in_its_box(box: Box) -> None:
    packet = witness(box)
    if packet.protocol not in WITH_PORTS:
        box = box._replace(remote_port=(0, 65535), local_port=(0, 65535))
    assert box.contains(Box._make((value, value) for value in packet))


def test_a_witness_reads_easily() -> None:
    texts = [witness(box).text() for box in whole_space()]
    assert texts == [
        "out tcp 192.0.2.10:49152 > 198.51.100.9:80",
        "out tcp [2001:db8::10]:49152 > [2001:db8:1::9]:80",
        "in tcp 198.51.100.9:49152 > 192.0.2.10:80",
        "in tcp [2001:db8:1::9]:49152 > [2001:db8::10]:80",
        "forward tcp 192.0.2.10:49152 > 198.51.100.9:80",
        "forward tcp [2001:db8::10]:49152 > [2001:db8:1::9]:80",
    ]
    subnet = next(whole_space())._replace(remote=(0x0A010000, 0x0A01FFFF), protocol=(1, 5))
    assert witness(subnet).text() == "out icmp 192.0.2.10 > 10.1.0.1"
