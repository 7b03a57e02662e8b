"""`ipsecmig probe` with certificates: what the files must hold, and a peer that checks them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from ike_certificates import BETWEEN, FAR, NOW, OTHER_ROOT, ROOT, TWO, Owned
from probe_peer import PEER, PROBE, open_peer

from ipsecmig.cli.app import run
from ipsecmig.cli.guard import exit_code
from ipsecmig.ike.configuration import Configuration, RsaCredentials, Traffic
from ipsecmig.ike.wire.identification import host
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.policy import EspTransform, MainMode, MainModeOffer, QuickModeOffer
from ipsecmig.model.treatment import Mode

POLICY = f"""
netsh ipsec static add policy name="Lab" mmsecmethods="3DES-SHA1-2"
netsh ipsec static add filterlist name="L"
netsh ipsec static add filter filterlist="L" srcaddr=me dstaddr={PEER}
netsh ipsec static add filteraction name="P" action=negotiate qmsecmethods="ESP[3DES,SHA1]"
netsh ipsec static add rule name="R" policy="Lab" filterlist="L" filteraction="P" kerberos=no rootca="O=Lab, CN=Root"
"""

Probe = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def probe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Probe:
    (tmp_path / "policy.cmd").write_text(POLICY)
    (tmp_path / "chain.pem").write_bytes(pem(FAR) + pem(BETWEEN))
    (tmp_path / "key.pem").write_bytes(
        FAR.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    (tmp_path / "root.der").write_bytes(ROOT.der)
    (tmp_path / "other.der").write_bytes(OTHER_ROOT.der)

    def call(port: int, **files: str) -> tuple[int, dict[str, Any], str]:
        named = [word for option, file in files.items() for word in (f"--{option.replace('_', '-')}", tmp_path / file)]
        usual = ("--as", tmp_path / "policy.cmd", "--port", port, "--source-port", 0, "--format", "json")
        code = exit_code(lambda: run(["probe", str(PEER), *map(str, (*usual, *named))]))
        out, err = capsys.readouterr()
        return code, json.loads(out or "{}"), err

    return call


def pem(owned: Owned) -> bytes:
    return owned.certificate.public_bytes(Encoding.PEM)


def peer() -> Configuration:
    offer = MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024)
    child = QuickModeOffer((EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1),))
    credentials = RsaCredentials((TWO.der,), TWO.key, ROOT.der, NOW)
    traffic = Traffic(host(PEER), host(PROBE), Mode.TRANSPORT, (child,))
    return Configuration(PEER, PROBE, credentials, MainMode((offer,)), traffic)


def test_two_ends_with_certificates_of_one_root(probe: Probe) -> None:
    with open_peer(peer()) as opened:
        code, found, err = probe(opened.port, certificate="chain.pem", private_key="key.pem", authority="root.der")
    assert (code, err) == (0, "")
    assert found["phase1"]["authentication"] == "rsa"


def test_a_peer_under_another_root(probe: Probe) -> None:
    with open_peer(peer()) as opened:
        code, found, _ = probe(opened.port, certificate="chain.pem", private_key="key.pem", authority="other.der")
    assert (code, found["outcome"], found["attributes"]) == (1, "authentication-failed", ["certificate"])
    assert "does not lead to the root" in found["reason"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "certificates need --certificate"),
        ({"certificate": "chain.pem"}, "belong together"),
        ({"certificate": "policy.cmd", "private_key": "key.pem", "authority": "root.der"}, "no certificates in it"),
        ({"certificate": "chain.pem", "private_key": "root.der", "authority": "root.der"}, "no RSA key"),
        ({"certificate": "no.pem", "private_key": "key.pem", "authority": "root.der"}, "No such file"),
    ],
    ids=["none", "one", "no certificate", "no key", "no file"],
)
def test_files_that_do_not_do(probe: Probe, files: dict[str, str], message: str) -> None:
    code, found, err = probe(1, **files)
    assert (code, found) == (2, {})
    assert message in err
