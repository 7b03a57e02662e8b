"""What the engine and ESP write, as tshark sees it: nothing malformed, and readable with the keys of this end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from esp_packets import HOSTS, association, everything, ip, randomness, udp
from ike_certificates import BETWEEN, FAR, NOW, ROOT, TWO
from ike_ends import AES, AH_ESP, DES, ESP_3DES, ESP_AES, TRIPLE_DES, A, Nat, Wire, ends, octets

from ipsecmig.esp.association import SecurityAssociation, UdpEncapsulation
from ipsecmig.esp.bundle import OutboundBundle
from ipsecmig.ike import keymat
from ipsecmig.ike.configuration import Configuration, RsaCredentials
from ipsecmig.ike.engine import Engine
from ipsecmig.ike.wire.numbers import Exchange
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.treatment import Mode
from ipsecmig.model.windows import WindowsVersion
from ipsecmig.probe.packets import udp_packet
from ipsecmig.udp import KEEPALIVE, Datagram
from lab.tshark import Layers, dissect, missing_tshark

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(missing_tshark() is not None, reason=missing_tshark() or ""),
]


@dataclass
class Tapped(Wire):
    """A wire that keeps the IKE messages that were sent, as they were before any NAT."""

    kept: list[Datagram] = field(default_factory=list)

    def through(self, datagram: Datagram | None) -> Datagram | None:
        if datagram is not None and datagram.data != KEEPALIVE:
            self.kept.append(datagram)
        return super().through(datagram)


def conversation(configurations: tuple[Configuration, Configuration], nats: tuple[Nat, ...] = ()) -> Tapped:
    """Return a whole life of an IKE SA: both modes, dead peer detection, deletes."""
    one, other = (Engine(configuration) for configuration in configurations)
    wire = Tapped(one, other, iter(()), nats=nats)
    wire.run()
    wire.one.ask(wire.now, octets("ask"))
    wire.carry()
    return wire


def keys_of(engine: Engine) -> tuple[str, ...]:
    """Return the preference with the key of the engine's IKE SA."""
    secured = engine.secured
    assert secured is not None
    key = keymat.encryption_key(secured.suite.hash_, secured.keys.skeyid_e, secured.suite.cipher.key_octets)
    return (f"uat:ikev1_decryption_table:{secured.cookies.initiator.hex()},{key.hex()}",)


def dissected(folder: Path, wire: Tapped) -> list[Layers]:
    packets = map(udp_packet, wire.kept)
    return dissect(folder, packets, ("isakmp.exchangetype", "isakmp.typepayload"), keys_of(wire.one))


def with_certificates() -> tuple[Configuration, Configuration]:
    one, other = ends((TRIPLE_DES,))
    mine = RsaCredentials((FAR.der, BETWEEN.der), FAR.key, ROOT.der, NOW)
    theirs = RsaCredentials((TWO.der,), TWO.key, ROOT.der, NOW)
    return replace(one, authentication=mine), replace(other, authentication=theirs)


def passing_for(windows: WindowsVersion) -> tuple[Configuration, Configuration]:
    one, other = ends((DES,))
    return replace(one, windows=windows), replace(other, windows=windows)


OUTSIDE = IPv4Address("192.0.2.1")


def behind_a_nat() -> tuple[Configuration, Configuration]:
    one, other = ends((TRIPLE_DES,), mode=Mode.TUNNEL)
    return one, replace(other, remote=OUTSIDE, peer_identity=A)


CONVERSATIONS = {
    "des": (ends((DES,)), ()),
    "3des, several offers": (ends((AES, TRIPLE_DES, DES), (ESP_AES, AH_ESP, ESP_3DES)), ()),
    "aes, pfs": (ends((AES,), (ESP_AES,), pfs=DhGroup.MODP768), ()),
    "tunnel": (ends((TRIPLE_DES,), (AH_ESP,), Mode.TUNNEL), ()),
    "nat": (behind_a_nat(), (Nat(A, OUTSIDE),)),
    **{str(windows): (passing_for(windows), ()) for windows in WindowsVersion},
}

MAIN, QUICK = str(int(Exchange.MAIN)), str(int(Exchange.QUICK))


@pytest.mark.parametrize(("configurations", "nats"), CONVERSATIONS.values(), ids=CONVERSATIONS)
def test_every_message_is_dissected_and_deciphered(
    tmp_path: Path, configurations: tuple[Configuration, Configuration], nats: tuple[Nat, ...]
) -> None:
    wire = conversation(configurations, nats)
    seen = dissected(tmp_path, wire)
    assert len(seen) == len(wire.kept) >= 9
    assert [layers for layers in seen if "_ws.malformed" in layers] == []
    exchanges = [layers["isakmp.exchangetype"][0] for layers in seen]
    assert exchanges[:6] == [MAIN] * 6
    assert exchanges.count(QUICK) == 3
    # What was encrypted shows its payloads: an identity and its proof, then a hash before everything.
    opened = [layers["isakmp.typepayload"] for layers in seen]
    assert [sorted(numbers, key=int)[:2] for numbers in opened[4:6]] == [["5", "8"]] * 2
    assert [numbers[0] for numbers in opened[6:]] == ["8"] * len(opened[6:])


def test_messages_with_certificates_travel_in_fragments_that_are_dissected(tmp_path: Path) -> None:
    seen = dissected(tmp_path, conversation(with_certificates()))
    assert [layers for layers in seen if "_ws.malformed" in layers] == []
    assert any(layers.get("isakmp.typepayload") == ["132"] for layers in seen)


CIPHERS = {
    Encryption.NULL: "NULL",
    Encryption.DES: "DES-CBC [RFC2405]",
    Encryption.TRIPLE_DES: "TripleDES-CBC [RFC2451]",
    Encryption.AES128: "AES-CBC [RFC3602]",
    Encryption.AES192: "AES-CBC [RFC3602]",
    Encryption.AES256: "AES-CBC [RFC3602]",
}
HMACS = {
    None: "NULL",
    Integrity.MD5: "HMAC-MD5-96 [RFC2403]",
    Integrity.SHA1: "HMAC-SHA-1-96 [RFC2404]",
    Integrity.SHA256: "HMAC-SHA-256-128 [RFC4868]",
    Integrity.SHA384: "HMAC-SHA-384-192 [RFC4868]",
    Integrity.SHA512: "HMAC-SHA-512-256 [RFC4868]",
}
DATA = b"what was said"
PORTS = (40_000, 40_001)
FIELDS = ("esp.spi", "esp.sequence", "ah.spi", "ah.sequence", "udp.payload")


def table(sa: SecurityAssociation, family: int) -> tuple[str, ...]:
    """Return the preferences with the keys of an ESP association."""
    if sa.encryption is None:
        return ()
    keys = [f"0x{key.hex()}" if key else "" for key in (sa.encryption_key, sa.integrity_key)]
    row = (f"IPv{family}", "*", "*", f"0x{sa.spi:08x}", CIPHERS[sa.encryption], keys[0], HMACS[sa.integrity], keys[1])
    return "esp.enable_encryption_decode:TRUE", "uat:esp_sa:" + ",".join(f'"{column}"' for column in row)


def check_packets(folder: Path, sas: tuple[SecurityAssociation, ...], family: int) -> list[Layers]:
    """Check that two packets through the associations are dissected, deciphered, and hold what was sent."""
    bundle = OutboundBundle(sas, everything())
    clear = ip(*HOSTS[family], 17, udp(DATA, *PORTS))
    packets = [bundle.protect(clear, randomness(bundle.random_octets)) for _ in range(2)]
    seen = dissect(folder, packets, FIELDS, [option for sa in sas for option in table(sa, family)])
    assert [layers for layers in seen if "_ws.malformed" in layers] == []
    assert [layers["udp.payload"][-1] for layers in seen] == [DATA.hex()] * 2
    return seen


families = pytest.mark.parametrize("family", [4, 6])
modes = pytest.mark.parametrize("mode", Mode)


@families
@modes
@pytest.mark.parametrize("encryption", CIPHERS)
def test_esp_with_every_cipher(tmp_path: Path, encryption: Encryption, mode: Mode, family: int) -> None:
    seen = check_packets(tmp_path, (association(encryption, mode=mode, family=family),), family)
    assert [(layers["esp.spi"], layers["esp.sequence"]) for layers in seen] == [
        (["0x00001000"], ["1"]),
        (["0x00001000"], ["2"]),
    ]


@pytest.mark.parametrize("integrity", HMACS)
def test_esp_with_every_hash(tmp_path: Path, integrity: Integrity | None) -> None:
    check_packets(tmp_path, (association(integrity=integrity),), 4)


@modes
def test_esp_in_udp(tmp_path: Path, mode: Mode) -> None:
    check_packets(tmp_path, (association(mode=mode, udp=UdpEncapsulation()),), 4)


@families
@modes
@pytest.mark.parametrize("integrity", Integrity)
def test_ah_with_every_hash(tmp_path: Path, integrity: Integrity, mode: Mode, family: int) -> None:
    seen = check_packets(tmp_path, (association(None, integrity, mode, family),), family)
    assert [(layers["ah.spi"], layers["ah.sequence"]) for layers in seen] == [
        (["0x00001000"], ["1"]),
        (["0x00001000"], ["2"]),
    ]


@families
def test_ah_around_esp(tmp_path: Path, family: int) -> None:
    sas = association(None, Integrity.SHA1, family=family, spi=0x2000), association(family=family)
    seen = check_packets(tmp_path, sas, family)
    assert all("ah.spi" in layers and "esp.spi" in layers for layers in seen)
