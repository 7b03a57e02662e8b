"""Published vectors: RFC 2202, RFC 4868 and RFC 3602, and what must be where in a packet."""

from __future__ import annotations

import pytest
from esp_packets import association, ip, packed, randomness, udp

from ipsecmig.crypto import cbc_decryptor, cbc_encryptor, keyed_hmac
from ipsecmig.esp.association import SecurityAssociation, SecurityProtocol
from ipsecmig.esp.bundle import Receiver, Sender
from ipsecmig.esp.encapsulation import EspSealer
from ipsecmig.model.algorithms import Encryption, Integrity
from ipsecmig.model.treatment import Mode

JEFE = (b"Jefe", b"what do ya want for nothing?")


@pytest.mark.parametrize(
    ("integrity", "key", "data", "digest"),
    [
        (Integrity.MD5, b"\x0b" * 16, b"Hi There", "9294727a3638bb1c13f48ef8158bfc9d"),
        (Integrity.MD5, *JEFE, "750c783e6ab0b503eaa86e310a5db738"),
        (Integrity.MD5, b"\xaa" * 16, b"\xdd" * 50, "56be34521d144c88dbb8c733f0e8b3f6"),
        (Integrity.SHA1, b"\x0b" * 20, b"Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"),
        (Integrity.SHA1, *JEFE, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        (Integrity.SHA1, b"\xaa" * 20, b"\xdd" * 50, "125d7342b9ac11cd91a39af48aa17b4f63f175d3"),
        (
            Integrity.SHA256,
            b"\x0b" * 32,
            b"Hi There",
            "198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7",
        ),
        (
            Integrity.SHA384,
            b"\x0b" * 48,
            b"Hi There",
            "b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee9737a959796489bddbc4c5df61d5b3297b4fb68dab9f1b582c2",
        ),
        (
            Integrity.SHA512,
            b"\x0b" * 64,
            b"Hi There",
            "637edc6e01dce7e6742a99451aae82df23da3e92439e590e43e761b33e910fb8"
            "ac2878ebd5803f6f0b61dbce5e251ff8789a4722c1be65aea45fd464e89f8f5b",
        ),
    ],
)
def test_hmac_of_rfc_2202_and_4868(integrity: Integrity, key: bytes, data: bytes, digest: str) -> None:
    mac = keyed_hmac(integrity, key)
    assert [mac(data).hex(), mac(data).hex()] == [digest, digest]


@pytest.mark.parametrize(
    ("encryption", "key", "iv", "plain", "secret"),
    [
        (Encryption.DES, "0123456789abcdef", "0000000000000000", b"Now is t", "3fa40e8a984d4815"),
        (
            Encryption.AES128,
            "06a9214036b8a15b512e03d534120006",
            "3dafba429d9eb430b422da802c9fac41",
            b"Single block msg",
            "e353779c1079aeb82708942dbe77181a",
        ),
        (
            Encryption.AES128,
            "c286696d887c9aa0611bbb3e2025a45a",
            "562e17996d093d28ddb3ba695a2e6f58",
            bytes(range(32)),
            "d296cd94c2cccf8a3a863028b5e1dc0a7586602d253cfff91b8266bea6d61ab1",
        ),
        (
            Encryption.AES128,
            "6c3ea0477630ce21a2ce334aa746c2cd",
            "c782dc4c098c66cbd9cd27d825682c81",
            b"This is a 48-byte message (exactly 3 AES blocks)",
            "d0a02b3836451753d493665d33f0e8862dea54cdb293abc7506939276772f8d5021c19216bad525c8579695d83ba2684",
        ),
        (
            Encryption.AES128,
            "56e47a38c5598974bc46903dba290349",
            "8ce82eefbea0da3c44699ed7db51b7d9",
            bytes(range(0xA0, 0xE0)),
            "c30e32ffedc0774e6aff6af0869f71aa0f3af07a9a31a9c684db207eb0ef8e4e"
            "35907aa632c3ffdf868bb7b29d3d46ad83ce9f9a102ee99d49a53e87f4c3da55",
        ),
    ],
)
def test_ciphers_of_fips_81_and_rfc_3602(encryption: Encryption, key: str, iv: str, plain: bytes, secret: str) -> None:
    arguments = encryption, bytes.fromhex(key), bytes.fromhex(iv)
    assert cbc_encryptor(*arguments).update(plain).hex() == secret
    assert cbc_decryptor(*arguments).update(bytes.fromhex(secret)) == plain


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
