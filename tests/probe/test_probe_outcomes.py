"""`ipsecmig probe` against a peer on loopback: every outcome, with its exit code, its reason and its JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from probe_peer import PEER, PROBE, Fate, bound, open_peer

from ipsecmig.cli.app import run
from ipsecmig.cli.guard import exit_code
from ipsecmig.ike.configuration import Configuration, Traffic
from ipsecmig.ike.wire.identification import host
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.policy import AhTransform, EspTransform, MainMode, MainModeOffer, QuickModeOffer, Secret
from ipsecmig.model.treatment import Mode
from ipsecmig.resources import schema

KEY = "Open-Sesame"
SUITE = MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024)
CHILD = QuickModeOffer((EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1),), 3600, 100000)
TRAFFIC = Traffic(host(PEER, 6, 80), host(PROBE, 6), Mode.TRANSPORT, (CHILD,))
AGREEING = Configuration(PEER, PROBE, Secret(KEY), MainMode((SUITE,)), TRAFFIC)

POLICY = f"""
netsh ipsec static add policy name="Lab" mmsecmethods="3DES-SHA1-2 3DES-MD5-2"
netsh ipsec static add filterlist name="Web"
netsh ipsec static add filter filterlist="Web" srcaddr=me dstaddr={PEER} protocol=TCP dstport=80 mirrored=yes
netsh ipsec static add filteraction name="P" action=negotiate qmsecmethods="ESP[3DES,SHA1]:100000k/3600s"
netsh ipsec static add rule name="R" policy="Lab" filterlist="Web" filteraction="P" kerberos=no psk="{KEY}"
"""

Probe = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.cmd"
    path.write_text(POLICY)
    return path


@pytest.fixture
def probe(policy: Path, capsys: pytest.CaptureFixture[str]) -> Probe:
    """Return what probes a port of the peer and gives exit code and document."""

    def call(port: int, *arguments: str) -> tuple[int, dict[str, Any]]:
        usual = ("--as", str(policy), "--port", str(port), "--source-port", "0", "--format", "json")
        code = exit_code(lambda: run(("probe", str(PEER), *usual, *arguments)))
        out, err = capsys.readouterr()
        assert KEY not in out + err
        document = json.loads(out) if out else {"error": err}
        if out:
            Draft202012Validator(json.loads(schema("probe.schema.json").read_text())).validate(document)
        return code, document

    return call


def peer_with(**changes: Any) -> Configuration:
    return replace(AGREEING, **changes)


def traffic_with(**changes: Any) -> Configuration:
    return replace(AGREEING, traffic=replace(TRAFFIC, **changes))


def main_mode(cipher: Encryption, hash_: Integrity, group: DhGroup) -> Configuration:
    return peer_with(main_mode=MainMode((MainModeOffer(cipher, hash_, group),)))


def esp(cipher: Encryption, integrity: Integrity) -> Configuration:
    return traffic_with(offers=(QuickModeOffer((EspTransform(cipher, integrity),)),))


def test_what_was_agreed(probe: Probe) -> None:
    with open_peer(AGREEING) as peer:
        code, found = probe(peer.port)
    assert (code, found["outcome"], found["attributes"]) == (0, "established", [])
    assert found["phase1"] == {
        "cipher": "3des",
        "hash": "sha1",
        "group": "modp1024",
        "authentication": "psk",
        "lifetime_seconds": 28800,
        "lifetime_kilobytes": None,
        "peer_identity": f"{PEER} protocol 17 port 500",
    }
    assert found["phase2"] == {
        "protocol": "esp",
        "cipher": "3des",
        "integrity": "sha1",
        "pfs_group": "none",
        "mode": "transport",
        "lifetime_seconds": 3600,
        "lifetime_kilobytes": 100000,
        "local": f"{PROBE} protocol 6",
        "remote": f"{PEER} protocol 6 port 80",
    }


def test_the_transcript_has_every_message_and_says_what_was_chosen(probe: Probe) -> None:
    with open_peer(AGREEING) as peer:
        _, found = probe(peer.port)
    shown = [(one["direction"], one["exchange"], one["encrypted"]) for one in found["transcript"]]
    assert shown[:9] == [
        ("sent", "main mode", False),
        ("received", "main mode", False),
        ("sent", "main mode", False),
        ("received", "main mode", False),
        ("sent", "main mode", True),
        ("received", "main mode", True),
        ("sent", "quick mode", True),
        ("received", "quick mode", True),
        ("sent", "quick mode", True),
    ]
    messages = enumerate(found["transcript"])
    rows = {(place, row["payload"]): row["text"] for place, one in messages for row in one["payloads"]}
    assert rows[1, "SA"] == "3des-sha1-modp1024 psk (28,800 s): the choice, offer 1 of 2"
    assert rows[4, "HASH"] == "20 octets"
    assert rows[7, "SA"] == "esp 3des-sha1 transport (3,600 s, 100,000 kB): the choice, offer 1 of 1"
    assert not any(name == "unreadable" for _, name in rows)


def test_the_sas_that_were_made_are_deleted(probe: Probe) -> None:
    with open_peer(AGREEING) as peer:
        _, found = probe(peer.port)
        (engine,) = peer.engines.values()
    assert not engine.is_established
    assert engine.children == ()
    rows = [row for one in found["transcript"] for row in one["payloads"]]
    assert [row["text"].split()[0] for row in rows if row["payload"] == "DELETE"] == ["ESP", "ISAKMP"]


@pytest.mark.parametrize(
    ("peer", "attributes"),
    [
        (main_mode(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP2048), ["group"]),
        (main_mode(Encryption.AES128, Integrity.MD5, DhGroup.MODP1024), ["cipher"]),
        (main_mode(Encryption.TRIPLE_DES, Integrity.SHA256, DhGroup.MODP1024), ["hash"]),
        (main_mode(Encryption.AES256, Integrity.SHA256, DhGroup.MODP2048), ["cipher", "hash", "group"]),
        (esp(Encryption.AES256, Integrity.SHA1), ["cipher"]),
        (esp(Encryption.TRIPLE_DES, Integrity.MD5), ["integrity"]),
        (traffic_with(pfs_group=DhGroup.MODP1024), ["PFS group"]),
    ],
    ids=["group", "cipher", "hash", "all of main mode", "esp cipher", "esp integrity", "pfs"],
)
def test_a_refusal_of_offers_names_the_attribute(probe: Probe, peer: Configuration, attributes: list[str]) -> None:
    with open_peer(peer) as opened:
        code, found = probe(opened.port)
    assert (code, found["outcome"], found["attributes"]) == (1, "no-proposal", attributes)
    assert "it would take" in found["reason"]
    assert found["phase2"] is None


def test_nothing_is_asked_unless_wanted(probe: Probe) -> None:
    with open_peer(main_mode(Encryption.AES256, Integrity.SHA1, DhGroup.MODP1024)) as peer:
        code, found = probe(peer.port, "--no-explain")
        assert len(peer.received) == 1
    assert (code, found["outcome"], found["attributes"]) == (1, "no-proposal", [])


@pytest.mark.parametrize(
    "peer",
    [
        AGREEING,
        peer_with(main_mode=MainMode(())),
        traffic_with(offers=(QuickModeOffer((AhTransform(Integrity.SHA1),)),)),
        traffic_with(mode=Mode.TUNNEL),
        traffic_with(local=host(PEER, 6, 443)),
    ],
    ids=["agreeing", "nothing in main mode", "ah", "tunnel", "other traffic"],
)
def test_a_probe_is_never_more_messages_than_a_handshake_with_its_deletes(probe: Probe, peer: Configuration) -> None:
    with open_peer(peer) as opened:
        _, found = probe(opened.port)
    sent = sum(one["direction"] == "sent" for one in found["transcript"])
    assert len(opened.received) <= sent <= 3 + 2 + 2  # the last may still be on its way when the peer closes


def test_another_key_is_found_out(probe: Probe) -> None:
    with open_peer(peer_with(authentication=Secret("Other"))) as peer:
        code, found = probe(peer.port, "--timeout", "1")
    assert found["attributes"] == ["authentication"]
    assert (code, found["outcome"]) == (3, "no-answer")
    assert "preshared key" in found["reason"]


def test_a_key_from_a_file_takes_the_place_of_the_policys(probe: Probe, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("Other\n")
    with open_peer(peer_with(authentication=Secret("Other"))) as peer:
        code, _ = probe(peer.port, "--preshared-key", str(tmp_path / "key"))
    assert code == 0


def test_a_peer_that_wants_another_identity(probe: Probe) -> None:
    with open_peer(peer_with(peer_identity=PEER)) as peer:
        code, found = probe(peer.port)
    assert (code, found["outcome"], found["attributes"]) == (1, "authentication-failed", ["identity"])


def test_traffic_that_the_peer_does_not_want(probe: Probe) -> None:
    with open_peer(traffic_with(local=host(PEER, 6, 443))) as peer:
        code, found = probe(peer.port)
    assert (code, found["outcome"], found["attributes"]) == (1, "selectors-refused", ["selectors"])
    assert found["phase1"] is not None


def nobody(datagram: bytes, number: int) -> bytes | None:
    return None


def until(count: int) -> Fate:
    return lambda datagram, number: datagram if number < count else None


@pytest.mark.parametrize(
    ("fate", "reason"),
    [(nobody, "nothing came"), (until(1), "in the middle"), (until(2), "preshared key"), (until(3), "quick mode")],
    ids=["at once", "after the offers", "after the keys", "after main mode"],
)
def test_a_peer_that_falls_silent(probe: Probe, fate: Fate, reason: str) -> None:
    with open_peer(AGREEING, fate) as peer:
        code, found = probe(peer.port, "--timeout", "0.5")
    assert (code, found["outcome"]) == (3, "no-answer")
    assert reason in found["reason"]


def test_a_port_where_nothing_listens(probe: Probe) -> None:
    with bound(PEER) as udp:
        port: int = udp.getsockname()[1]
    code, found = probe(port)
    assert (code, found["outcome"]) == (3, "no-answer")
    assert "ICMP port unreachable" in found["reason"]


def test_a_lost_datagram_is_sent_again(probe: Probe) -> None:
    with open_peer(AGREEING, lambda datagram, number: None if number == 0 else datagram) as peer:
        code, found = probe(peer.port)
    assert code == 0
    assert [one["repeated"] for one in found["transcript"]][:2] == [False, True]


def test_the_text_says_what_the_document_says(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_peer(main_mode(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP2048)) as peer:
        ports = ("--port", str(peer.port), "--source-port", "0")
        code = exit_code(lambda: run(("probe", str(PEER), "--as", str(policy), *ports)))
    out, _ = capsys.readouterr()
    assert code == 1
    assert "Outcome: no-proposal" in out
    assert "what differs: group (the policy has modp1024, the peer modp2048)" in out
    assert KEY not in out
