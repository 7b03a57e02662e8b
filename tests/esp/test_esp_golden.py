"""ESP in UDP as two real daemons sent it: opened with the keys they logged, and sealed again to the same octets."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from esp_packets import packed

from ipsecmig.crypto import cbc_decryptor
from ipsecmig.esp.association import SecurityAssociation, SecurityProtocol, UdpEncapsulation
from ipsecmig.esp.bundle import InboundBundle
from ipsecmig.esp.encapsulation import EspSealer, iv_octets
from ipsecmig.esp.errors import PacketRejected
from ipsecmig.esp.udp import Contents, classify
from ipsecmig.model.algorithms import Encryption, Integrity
from ipsecmig.model.selectors import AddressRange
from ipsecmig.model.space import Direction, box
from ipsecmig.model.treatment import Mode

GOLDEN = Path(__file__).parents[1] / "golden"
IPV4_IN_IP = 4

CONVERSATIONS = [
    ("psk-main-des-md5-modp768-tunnel-espdes", Encryption.DES, Integrity.MD5),
    ("psk-main-3des-sha1-modp1024-tunnel-esp3des", Encryption.TRIPLE_DES, Integrity.SHA1),
    ("psk-aggr-3des-sha1-modp1024", Encryption.TRIPLE_DES, Integrity.MD5),
    ("psk-main-3des-sha1-modp2048-espnull", Encryption.NULL, Integrity.SHA1),
    ("psk-main-aes256-sha256-modp2048-pfs", Encryption.AES256, Integrity.SHA256),
]
WHOLE = box(Direction.IN, AddressRange.parse("0.0.0.0/0"), AddressRange.parse("0.0.0.0/0"))
conversations = pytest.mark.parametrize(("name", "encryption", "integrity"), CONVERSATIONS)


def packets(name: str) -> Iterator[bytes]:
    """Yield the IPv4 packets of a capture (classic pcap, Ethernet, little-endian) that carry ESP in UDP."""
    data, at = (GOLDEN / name / "capture.pcap").read_bytes(), 24
    while at < len(data):
        (size,) = struct.unpack_from("<I", data, at + 8)
        frame, at = data[at + 16 : at + 16 + size], at + 16 + size
        packet = frame[14:]
        if frame[12:14] == b"\x08\x00" and packet[9] == 17 and 4500 in struct.unpack_from("!HH", packet, 20):
            length = int.from_bytes(packet[2:4], "big")
            if classify(packet[28:length]) is Contents.ESP:
                yield packet[:length]


def association(name: str, encryption: Encryption, integrity: Integrity, packet: bytes) -> SecurityAssociation:
    """Return the association that a captured packet belongs to."""
    values = json.loads((GOLDEN / name / "values.json").read_text())
    sender = "initiator" if packet[12:16] == packed("10.9.0.1") else "responder"
    return SecurityAssociation(
        int.from_bytes(packet[28:32], "big"),
        SecurityProtocol.ESP,
        Mode.TUNNEL,
        packet[12:16],
        packet[16:20],
        integrity,
        bytes.fromhex(values[f"integrity {sender} key"][0]),
        encryption,
        bytes.fromhex(values[f"encryption {sender} key"][0]) if encryption is not Encryption.NULL else b"",
        UdpEncapsulation(),
    )


@conversations
def test_captured_pings_come_out(name: str, encryption: Encryption, integrity: Integrity) -> None:
    ends = AddressRange.parse("10.1.0.1"), AddressRange.parse("10.2.0.1")
    bundles: dict[bytes, InboundBundle] = {}
    kinds = []
    for packet in packets(name):
        local, remote = ends if packet[16:20] == packed("10.9.0.1") else ends[::-1]
        sa = association(name, encryption, integrity, packet)
        bundle = bundles.setdefault(packet[28:32], InboundBundle((sa,), (box(Direction.IN, local, remote, 1),)))
        inner = bundle.unprotect(packet)
        kinds.append((inner[9], inner[20]))
    assert kinds == [(1, 8), (1, 0)] * 2  # ICMP echo request and reply, twice


@conversations
def test_captured_packets_are_sealed_again_to_the_same_octets(
    name: str, encryption: Encryption, integrity: Integrity
) -> None:
    count = 0
    for packet in packets(name):
        sa = association(name, encryption, integrity, packet)
        inner = InboundBundle((sa,), (WHOLE,)).unprotect(packet)
        sealer = EspSealer(sa)
        sealer.sequence.last = int.from_bytes(packet[32:36], "big") - 1
        octets = iv_octets(encryption)
        iv = packet[36 : 36 + octets]
        # The first packet's IV is the random block, enciphered alone: so the random block is the IV deciphered.
        random = cbc_decryptor(encryption, sa.encryption_key, bytes(octets)).update(iv) if octets else b""
        assert sealer.seal(IPV4_IN_IP, inner, random) == packet[28:]
        count += 1
    assert count == 4


@conversations
def test_captured_packets_cut_or_changed_anywhere_are_rejected(
    name: str, encryption: Encryption, integrity: Integrity
) -> None:
    packet = next(packets(name))
    sa = association(name, encryption, integrity, packet)
    cut = [packet[:end] for end in range(len(packet))]
    # Of the outer header only length, protocol and destination count, and of UDP the destination port and length.
    counts = (*range(2, 4), 9, *range(16, 20), *range(22, 26), *range(28, len(packet)))
    changed = [packet[:at] + bytes((packet[at] ^ bit,)) + packet[at + 1 :] for at in counts for bit in (1, 0x80)]
    for broken in cut + changed:
        with pytest.raises(PacketRejected):
            InboundBundle((sa,), (WHOLE,)).unprotect(broken)
