"""The published packet of RFC 3602, and what must be where in a packet."""

from __future__ import annotations

import pytest
from esp_packets import association, ip, packed, randomness, udp

from ipsecmig.crypto import cbc_decryptor
from ipsecmig.esp.association import SecurityAssociation, SecurityProtocol
from ipsecmig.esp.bundle import Receiver, Sender
from ipsecmig.esp.encapsulation import EspSealer
from ipsecmig.model.algorithms import Encryption
from ipsecmig.model.treatment import Mode

RFC_3602_CASE_5 = (
    "45000054 08f20000 4001f9fe c0a87b03 c0a87b64 08000ebd a70a0000 8e9c083d b95b0700"
    "08090a0b 0c0d0e0f 10111213 14151617 18191a1b 1c1d1e1f 20212223 24252627 28292a2b 2c2d2e2f 30313233 34353637",
    "4500007c 08f20000 4032f9a5 c0a87b03 c0a87b64 00004321 00000001 e96e8c08 ab465763 fd098d45 dd3ff893"
    "f663c25d 325c18c6 a9453e19 4e120849 a4870b66 cc6b9965 330013b4 898dc856"
    "a4699e52 3a55db08 0b59ec3a 8e4b7e52 775b07d1 db34ed9c 538ab50c 551b874a"
    "a269add0 47ad2d59 13ac19b7 cfbad4a6",
)


def test_the_whole_packet_of_rfc_3602_case_5() -> None:
    clear, protected = map(bytes.fromhex, RFC_3602_CASE_5)
    key = bytes.fromhex("90d382b410eeba7ad938c46cec1a82bf")
    source, destination = packed("192.168.123.3"), packed("192.168.123.100")
    sa = SecurityAssociation(
        0x4321,
        SecurityProtocol.ESP,
        Mode.TRANSPORT,
        source,
        destination,
        None,
        encryption=Encryption.AES128,
        encryption_key=key,
    )
    assert Receiver(sa).unprotect(protected) == clear
    random = cbc_decryptor(Encryption.AES128, key, bytes(16)).update(protected[28:44])
    assert Sender(sa).protect(clear, random) == protected


def test_null_esp_shows_padding_and_next_header() -> None:
    body = EspSealer(association(Encryption.NULL)).seal(17, b"abc", b"")
    assert body[:8].hex() == "0000100000000001"
    assert body[8:-12] == b"abc" + bytes([1, 2, 3, 3, 17])


@pytest.mark.parametrize("size", range(20))
def test_the_enciphered_part_is_whole_blocks_with_the_least_padding(size: int) -> None:
    for encryption, block in ((Encryption.NULL, 4), (Encryption.DES, 8), (Encryption.AES128, 16)):
        sealer = EspSealer(association(encryption))
        secret = len(sealer.seal(17, bytes(size), randomness(sealer.random_octets))) - 8 - sealer.random_octets - 12
        assert secret % block == 0
        assert size + 2 <= secret < size + 2 + block


def test_ivs_differ_though_the_random_octets_repeat() -> None:
    sealer = EspSealer(association())
    ivs = {sealer.seal(17, b"same", randomness(16))[8:24] for _ in range(8)}
    assert len(ivs) == 8


def test_tunnel_header_of_rfc_2401() -> None:
    inner = ip("10.1.0.5", "10.2.0.6", 17, udp(b"x"), flags=0x4000, tos=0xB8)
    outer = Sender(association(mode=Mode.TUNNEL)).protect(inner, randomness(16))
    assert (outer[0], outer[1], outer[6:8], outer[8], outer[9]) == (0x45, 0xB8, b"\x40\0", 64, 50)
    assert (outer[12:16], outer[16:20]) == (packed("10.9.0.1"), packed("10.9.0.2"))
