"""Each reason to discard a packet, by the one thing that is wrong with it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from esp_packets import HOSTS, association, everything, ip, packed, randomness, rejection, udp

from ipsecmig.crypto import cbc_encryptor
from ipsecmig.esp.association import OriginalAddresses, SecurityAssociation, SecurityProtocol, UdpEncapsulation
from ipsecmig.esp.bundle import InboundBundle, OutboundBundle, Receiver, Sender
from ipsecmig.esp.encapsulation import EspSealer
from ipsecmig.esp.errors import PacketRejected, Reason
from ipsecmig.model.algorithms import Encryption, Integrity
from ipsecmig.model.selectors import AddressRange, PortRange
from ipsecmig.model.space import Box, Direction, box
from ipsecmig.model.treatment import Mode

PACKET = ip(*HOSTS[4], 17, udp(b"data"))
NULL = association(Encryption.NULL)
AH = association(None)


def reason_of(sa: SecurityAssociation, packet: bytes) -> Reason | None:
    return rejection(Receiver(sa).unprotect, packet)


def sealed(payload: bytes, protocol: int = 17) -> bytes:
    return ip(*HOSTS[4], 50, EspSealer(NULL).seal(protocol, payload, b""))


PROTECTED = Sender(NULL).protect(PACKET)
SIGNED = Sender(AH).protect(PACKET)
UNAUTHENTICATED = association(Encryption.DES, None)


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (b"", Reason.TRUNCATED),
        (b"\x45" * 10, Reason.TRUNCATED),
        (b"\x00" * 40, Reason.MALFORMED),
        (b"\x41" + PROTECTED[1:], Reason.MALFORMED),
        (PROTECTED[:-1], Reason.TRUNCATED),
        (ip(*HOSTS[4], 50, PROTECTED[20:30]), Reason.TRUNCATED),
        (ip(*HOSTS[4], 50, PROTECTED[20:-1]), Reason.TRUNCATED),
        (ip(*HOSTS[4], 50, PROTECTED[20:], flags=0x2000), Reason.FRAGMENT),
        (ip(*HOSTS[4], 50, PROTECTED[20:], flags=1), Reason.FRAGMENT),
        (ip(*HOSTS[4], 51, PROTECTED[20:]), Reason.WRONG_PROTOCOL),
        (ip(*HOSTS[4][::-1], 50, PROTECTED[20:]), Reason.WRONG_ENDPOINT),
        (ip(*HOSTS[4], 50, b"\0\0\x20\0" + PROTECTED[24:]), Reason.WRONG_SPI),
        (PROTECTED[:-1] + bytes([PROTECTED[-1] ^ 1]), Reason.BAD_ICV),
        (ip(*HOSTS[4], 50, PROTECTED[20:24] + bytes(4) + PROTECTED[28:]), Reason.REPLAYED),
        (sealed(b"", 59), Reason.DUMMY),
    ],
)
def test_reasons_of_esp(packet: bytes, reason: Reason) -> None:
    assert reason_of(NULL, packet) is reason


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (ip(*HOSTS[4], 51, SIGNED[20:40]), Reason.TRUNCATED),
        (ip(*HOSTS[4], 51, SIGNED[20:21] + b"\x09" + SIGNED[22:]), Reason.MALFORMED),
        (ip(*HOSTS[4], 51, SIGNED[20:24] + b"\0\0\x20\0" + SIGNED[28:]), Reason.WRONG_SPI),
        (ip(*HOSTS[4], 51, SIGNED[20:28] + bytes(4) + SIGNED[32:]), Reason.REPLAYED),
        (ip(*HOSTS[4], 51, SIGNED[20:22] + b"\0\1" + SIGNED[24:]), Reason.BAD_ICV),
        (ip(*HOSTS[4], 50, SIGNED[20:]), Reason.WRONG_PROTOCOL),
    ],
)
def test_reasons_of_ah(packet: bytes, reason: Reason) -> None:
    assert reason_of(AH, packet) is reason


@pytest.mark.parametrize("tail", [b"\x02\x01\x02\x11", b"\x01\x02\x04\x02\x11", b"\xff\x11", b"\0\0\0\x03\x11"])
def test_padding_that_is_not_one_two_three(tail: bytes) -> None:
    # DES without integrity, so that only the padding is left to be wrong.
    plain = tail.rjust(8, b"\x55")
    context = cbc_encryptor(Encryption.DES, UNAUTHENTICATED.encryption_key, bytes(8))
    body = UNAUTHENTICATED.spi.to_bytes(4, "big") + b"\0\0\0\1" + bytes(8) + context.update(plain)
    assert reason_of(UNAUTHENTICATED, ip(*HOSTS[4], 50, body)) is Reason.BAD_PADDING


def test_a_forged_packet_does_not_move_the_window() -> None:
    receiver = Receiver(NULL)
    forged = bytearray(PROTECTED)
    forged[24:28] = b"\xff\xff\xff\xff"
    with pytest.raises(PacketRejected):
        receiver.unprotect(bytes(forged))
    assert receiver.unprotect(PROTECTED) == PACKET


@pytest.mark.parametrize("sa", [NULL, AH], ids=["esp", "ah"])
def test_the_last_sequence_number_is_used_and_none_after_it(sa: SecurityAssociation) -> None:
    sender = Sender(sa)
    sender.transform.sequence.last = 0xFFFFFFFE
    assert b"\xff\xff\xff\xff" in sender.protect(PACKET)
    for _ in range(2):
        with pytest.raises(PacketRejected) as caught:
            sender.protect(PACKET)
        assert caught.value.reason is Reason.SEQUENCE_OVERFLOW


@pytest.mark.parametrize("sa", [NULL, AH], ids=["esp", "ah"])
def test_the_lifetime_in_octets_holds_at_both_ends(sa: SecurityAssociation) -> None:
    once = Sender(sa)
    once.protect(PACKET)
    limit = once.transform.usage.octets * 2
    limited = replace(sa, octet_limit=limit)
    sender, unlimited, receiver = Sender(limited), Sender(sa), Receiver(limited)
    for _ in range(2):
        receiver.unprotect(sender.protect(PACKET))
        unlimited.protect(PACKET)
    assert (sender.transform.usage.octets, receiver.transform.usage.packets) == (limit, 2)
    assert rejection(sender.protect, PACKET) is Reason.LIFETIME_EXCEEDED
    assert rejection(receiver.unprotect, unlimited.protect(PACKET)) is Reason.LIFETIME_EXCEEDED


def test_esp_counts_what_was_enciphered() -> None:
    sender = Sender(association())
    sender.protect(PACKET, randomness(16))
    assert (sender.transform.usage.octets, sender.transform.usage.packets) == (16, 1)


def _box(protocol: int = 0, remote_port: int | None = None, local: str = "10.9.0.1") -> Box:
    ports = None if remote_port is None else PortRange(remote_port, remote_port)
    return box(Direction.OUT, AddressRange.parse(local), AddressRange.parse("10.9.0.2"), protocol, None, ports)


@pytest.mark.parametrize(
    ("boxes", "passes"),
    [
        ((_box(),), True),
        ((_box(17, 53),), True),
        ((_box(6, 53), _box(17, 53)), True),
        ((_box(17, 54),), False),
        ((_box(6),), False),
        ((_box(local="10.9.0.0"),), False),
        ((), False),
        (everything()[1:], False),
    ],
)
def test_selectors_hold_at_both_ends(boxes: tuple[Box, ...], passes: bool) -> None:
    protected = Sender(NULL).protect(PACKET)
    mirrored = tuple(
        each._replace(local=each.remote, remote=each.local, local_port=each.remote_port, remote_port=each.local_port)
        for each in boxes
    )
    outbound, inbound = OutboundBundle((NULL,), boxes), InboundBundle((NULL,), mirrored)
    if passes:
        assert outbound.protect(PACKET) == protected
        assert inbound.unprotect(protected) == PACKET
        return
    assert rejection(outbound.protect, PACKET) is Reason.SELECTOR_MISMATCH
    assert rejection(inbound.unprotect, protected) is Reason.SELECTOR_MISMATCH


@pytest.mark.parametrize(
    ("flags", "passes_ports", "passes_all"), [(0x2000, True, True), (0x0001, False, True)], ids=["first", "later"]
)
def test_ports_of_later_fragments_in_a_tunnel_are_opaque(flags: int, passes_ports: bool, passes_all: bool) -> None:
    sa = association(Encryption.NULL, mode=Mode.TUNNEL)
    fragment = ip(*HOSTS[4], 17, udp(b"data"), flags=flags)
    for boxes, passes in (((_box(17, 53),), passes_ports), ((_box(17),), passes_all)):
        bundle = OutboundBundle((sa,), boxes)
        if passes:
            assert Receiver(sa).unprotect(bundle.protect(fragment)) == fragment
        else:
            with pytest.raises(PacketRejected, match="negotiated"):
                bundle.protect(fragment)


@pytest.mark.parametrize(
    ("family", "packet", "reason"),
    [
        (4, ip(*HOSTS[4], 17, b"", flags=0x2000), Reason.FRAGMENT),
        (6, ip(*HOSTS[6], 44, bytes(16)), Reason.FRAGMENT),
        (4, ip(*HOSTS[6], 17, b""), Reason.WRONG_ENDPOINT),
        (4, ip(*HOSTS[4], 17, bytes(65500)), Reason.TOO_LONG),
        (6, ip(*HOSTS[6], 17, bytes(65530)), Reason.TOO_LONG),
    ],
)
def test_what_cannot_be_sent_in_transport_mode(family: int, packet: bytes, reason: Reason) -> None:
    with pytest.raises(PacketRejected) as caught:
        Sender(association(Encryption.NULL, family=family)).protect(packet)
    assert caught.value.reason is reason


def test_a_tunnel_of_the_wrong_version_is_malformed() -> None:
    sa = association(Encryption.NULL, mode=Mode.TUNNEL)
    body = EspSealer(sa).seal(41, PACKET, b"")
    assert reason_of(sa, ip(*HOSTS[4], 50, body)) is Reason.MALFORMED


def test_padding_for_traffic_flow_confidentiality_is_cut_off() -> None:
    sa = association(Encryption.NULL, mode=Mode.TUNNEL)
    body = EspSealer(sa).seal(4, PACKET + bytes(50), b"")
    assert Receiver(sa).unprotect(ip(*HOSTS[4], 50, body)) == PACKET


SOURCE, DESTINATION = map(packed, HOSTS[4])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"spi": 255}, "SPI"),
        ({"spi": 1 << 32}, "SPI"),
        ({"source": packed("::1")}, "one family"),
        ({"encryption": None, "encryption_key": b""}, "if only NULL"),
        ({"encryption": Encryption.NULL, "encryption_key": b"", "integrity": None}, "protects nothing"),
        ({"encryption_key": bytes(15)}, "16 octets, not 15"),
        ({"integrity_key": bytes(16)}, "20 octets, not 16"),
        ({"protocol": SecurityProtocol.AH}, "AH has integrity"),
        ({"originals": OriginalAddresses(SOURCE, DESTINATION)}, "transport mode in UDP"),
        ({"originals": OriginalAddresses(bytes(16), bytes(16)), "udp": UdpEncapsulation()}, "another family"),
    ],
)
def test_what_cannot_be_an_association(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(association(), **changes)  # type: ignore[arg-type]


def test_ah_is_not_carried_in_udp() -> None:
    with pytest.raises(ValueError, match="NAT"):
        association(None, udp=UdpEncapsulation())


@pytest.mark.parametrize(
    "sas",
    [
        (),
        (NULL, AH),
        (NULL, NULL),
        (association(None, mode=Mode.TUNNEL), NULL),
        (AH, association(udp=UdpEncapsulation())),
    ],
)
def test_what_cannot_be_a_bundle(sas: tuple[SecurityAssociation, ...]) -> None:
    for make in (OutboundBundle, InboundBundle):
        with pytest.raises(ValueError, match=r"bundle|around"):
            make(sas, everything())


@pytest.mark.parametrize("octets", [0, 15, 17])
def test_a_wrong_number_of_random_octets_is_the_callers_mistake(octets: int) -> None:
    sender = Sender(association())
    with pytest.raises(ValueError, match="16 random octets"):
        sender.protect(PACKET, bytes(octets))
    assert sender.transform.sequence.last == 0


def test_keys_do_not_show() -> None:
    shown = repr(association(Encryption.AES128, Integrity.SHA1))
    assert "key" not in shown
    assert str(bytes(range(101, 104)))[2:-1] not in shown
