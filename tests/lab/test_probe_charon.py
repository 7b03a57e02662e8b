"""`ipsecmig probe` against a real charon, in both roles: each kind of mismatch is named.

The kernel of the lab may lack ESP, so charon may delete at once what was agreed. What counts is the negotiation.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from ike_certificates import BETWEEN, FAR, FOREIGN, ROOT

from ipsecmig.model.targets import OutputFile
from ipsecmig.resources import schema
from lab.certified import by_certificate, private_pem
from lab.charon import USER_SPACE, Charon, missing_charon, open_charon
from lab.harness import HOST_ADDRESS, HOST_ADDRESS6, PEER_ADDRESS, PEER_ADDRESS6, Lab, missing, open_lab

pytestmark = pytest.mark.lab

PROJECT = Path(__file__).parents[2]
KEY = "Open-Sesame"
POLICY = f"""
netsh ipsec static add policy name="Lab" assign=yes mmsecmethods="3DES-SHA1-2 3DES-MD5-2"
netsh ipsec static add filterlist name="Web"
netsh ipsec static add filter filterlist="Web" srcaddr=me dstaddr={HOST_ADDRESS} protocol=TCP dstport=80 mirrored=yes
netsh ipsec static add filteraction name="P" action=negotiate qmsecmethods="ESP[3DES,SHA1]:100000k/3600s"
netsh ipsec static add rule name="R" policy="Lab" filterlist="Web" filteraction="P" kerberos=no psk="{KEY}"
"""


class Settings(NamedTuple):
    """What charon is told; by default it agrees with the policy."""

    ike: str = "3des-sha1-modp1024"
    esp: str = "3des-sha1"
    key: str = KEY
    local: str = "dynamic[tcp/80]"
    identity: str = PEER_ADDRESS
    authentication: str = "psk"
    mode: str = "transport"
    ends: tuple[str, str] = (HOST_ADDRESS, PEER_ADDRESS)

    def file(self) -> OutputFile:
        own, theirs = self.ends
        text = f"""connections {{ c {{
            version = 1
            local_addrs = {own}
            remote_addrs = {theirs}
            proposals = {self.ike}
            local {{ auth = {self.authentication}
                     id = {own} }}
            remote {{ auth = {self.authentication}
                      id = {self.identity} }}
            children {{ x {{ local_ts = {self.local}
                             remote_ts = dynamic[tcp]
                             mode = {self.mode}
                             esp_proposals = {self.esp} }} }} }} }}
        secrets {{ ike1 {{ secret = "{self.key}" }} }}
        """
        return OutputFile("swanctl.conf", text.encode(), secret=True)


@pytest.fixture(scope="module")
def module_lab() -> Iterator[Lab]:
    """Give one lab to all tests."""
    reason = missing() or missing_charon()
    if reason:
        pytest.skip(reason)
    with open_lab() as lab:
        yield lab


class Prober(NamedTuple):
    """Runs the command in the peer's machine."""

    lab: Lab
    charon: Charon
    folder: Path

    def command(self, *arguments: str, host: str = HOST_ADDRESS) -> list[str]:
        inside = ["ip", "netns", "exec", self.lab.peer.name, sys.executable, "-m", "ipsecmig"]
        usual = ["--as", str(self.folder / "policy.cmd"), "--format", "json"]
        return [*inside, "probe", host, *usual, *arguments]

    def start(self, *arguments: str, host: str = HOST_ADDRESS) -> subprocess.Popen[str]:
        environment = os.environ | {"PYTHONPATH": str(PROJECT)}
        command = self.command(*arguments, host=host)
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=self.folder
        )

    def run(self, *arguments: str, host: str = HOST_ADDRESS) -> tuple[int, dict[str, Any]]:
        return finished(self.start(*arguments, host=host))


def finished(process: subprocess.Popen[str]) -> tuple[int, dict[str, Any]]:
    out, err = process.communicate()
    assert out, err
    assert KEY not in out + err
    return process.returncode, json.loads(out)


@pytest.fixture
def prober(module_lab: Lab, tmp_path: Path) -> Iterator[Prober]:
    (tmp_path / "policy.cmd").write_text(POLICY)
    with open_charon(module_lab.host, "charon { send_vendor_id = no }") as charon:
        yield Prober(module_lab, charon, tmp_path)


def test_what_charon_agrees_to(prober: Prober) -> None:
    prober.charon.loads([Settings().file()])
    code, found = prober.run()
    assert (code, found["outcome"]) == (0, "established")
    assert (found["phase1"]["group"], found["phase2"]["cipher"]) == ("modp1024", "3des")
    said = prober.charon.wait_for(r"received DELETE for IKE_SA")
    assert "IKE_SA c[1] established" in said
    assert "selected proposal: ESP:3DES_CBC/HMAC_SHA1_96" in said


@pytest.mark.parametrize(
    ("settings", "outcome", "attributes"),
    [
        (Settings(ike="3des-sha1-modp2048"), "no-proposal", ["group"]),
        (Settings(ike="aes256-sha1-modp1024"), "no-proposal", ["cipher"]),
        (Settings(ike="3des-sha256-modp1024"), "no-proposal", ["hash"]),
        (Settings(ike="aes256-sha256-modp2048"), "no-proposal", ["cipher", "hash", "group"]),
        (Settings(esp="aes256-sha1"), "no-proposal", ["cipher"]),
        (Settings(esp="3des-md5"), "no-proposal", ["integrity"]),
        (Settings(esp="3des-sha1-modp1024"), "no-proposal", ["PFS group"]),
        (Settings(key="Other"), "authentication-failed", ["authentication"]),
        (Settings(identity="10.9.0.77"), "authentication-failed", ["identity or authentication method"]),
        (Settings(authentication="pubkey"), "authentication-failed", ["identity or authentication method"]),
        (Settings(local="dynamic[tcp/443]"), "selectors-refused", ["selectors"]),
        (Settings(mode="tunnel"), "selectors-refused", ["selectors"]),
    ],
    ids=["group", "cipher", "hash", "all", "esp", "integrity", "pfs", "key", "identity", "method", "ts", "mode"],
)
def test_a_mismatch_is_named(prober: Prober, settings: Settings, outcome: str, attributes: list[str]) -> None:
    prober.charon.loads([settings.file()])
    code, found = prober.run()
    assert (code, found["outcome"], found["attributes"]) == (1, outcome, attributes)


@pytest.mark.parametrize(
    ("settings", "outcome", "attributes"),
    [
        (Settings(ike="3des-sha1-modp2048"), "no-proposal", ["group"]),
        (Settings(esp="aes256-sha1"), "no-proposal", ["cipher"]),
        (Settings(key="Other"), "authentication-failed", ["authentication"]),
        (Settings(local="dynamic[tcp/443]"), "selectors-refused", ["selectors"]),
    ],
    ids=["group", "esp", "key", "ts"],
)
def test_a_mismatch_is_named_when_charon_begins(
    prober: Prober, settings: Settings, outcome: str, attributes: list[str]
) -> None:
    prober.charon.loads([settings.file()])
    process = prober.start("--listen", "--timeout", "60")
    initiate(prober)
    code, found = finished(process)
    assert (found["role"], code, found["outcome"], found["attributes"]) == ("responder", 1, outcome, attributes)


def initiate(prober: Prober) -> None:
    """Let charon begin; it sends again until the probe listens."""
    prober.charon.run("swanctl", "--initiate", "--child", "x", "--timeout", "-1", "--uri", prober.charon.socket)


def test_what_differs_is_named_by_the_peers_own_configuration(prober: Prober) -> None:
    file = Settings(ike="3des-sha1-modp2048", esp="aes256-sha1", key="Other").file()
    prober.charon.loads([file])
    trapping = file.content.replace(b"mode =", b"start_action = trap\n mode =")
    (prober.folder / "swanctl.conf").write_bytes(trapping)
    code, found = prober.run("--no-explain", "--against", "swanctl.conf")
    assert (code, found["attributes"]) == (1, [])
    blocking = {one["attribute"] for one in found["peer_differences"] if one["blocks"]}
    assert blocking == {"main mode group", "transforms", "preshared key"}


def test_over_ipv6(prober: Prober) -> None:
    policy = POLICY.replace(HOST_ADDRESS, HOST_ADDRESS6)
    (prober.folder / "policy.cmd").write_text(policy)
    prober.charon.loads([Settings(ends=(HOST_ADDRESS6, PEER_ADDRESS6), identity=PEER_ADDRESS6).file()])
    code, found = prober.run("--windows", "vista", host=HOST_ADDRESS6)
    assert (code, found["outcome"], found["peer"]) == (0, "established", HOST_ADDRESS6)


def test_another_daemon_on_the_port(prober: Prober) -> None:
    with open_charon(prober.lab.peer):
        process = prober.start()
        out, err = process.communicate()
    assert (process.returncode, out) == (2, "")
    assert "UDP port 500 of this host is taken" in err


@pytest.mark.parametrize("port", ["500", "0"], ids=["port 500", "as through a NAT"])
@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_tshark_reads_the_capture(prober: Prober, port: str) -> None:
    prober.charon.loads([Settings().file()])
    _, found = prober.run("--pcap", "probe.pcap", "--source-port", port)
    file = str(prober.folder / "probe.pcap")
    fields = ("-T", "fields", "-e", "frame.protocols", "-e", "_ws.malformed", "-e", "_ws.expert.severity")
    checks = ("-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE")
    done = subprocess.run(["tshark", "-r", file, *checks, *fields], capture_output=True, text=True, check=True)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert len(rows) == len(found["transcript"])
    for protocols, malformed, severity in rows:
        assert protocols.endswith("isakmp")
        assert malformed == ""
        assert "8388608" not in severity.split(",")


def test_the_schema_holds(prober: Prober) -> None:
    from jsonschema import Draft202012Validator

    prober.charon.loads([Settings(ike="3des-sha1-modp2048").file()])
    _, found = prober.run()
    Draft202012Validator(json.loads(schema("probe.schema.json").read_text())).validate(found)


CHARONS, OURS = "10.9.101.0/24", "10.9.102.0/24"
TUNNEL_POLICY = f"""
netsh ipsec static add policy name="Lab" assign=yes mmsecmethods="3DES-SHA1-2"
netsh ipsec static add filterlist name="There"
netsh ipsec static add filter filterlist="There" srcaddr=10.9.102.0 srcmask=24 dstaddr=10.9.101.0 dstmask=24 mirrored=no
netsh ipsec static add filterlist name="Back"
netsh ipsec static add filter filterlist="Back" srcaddr=10.9.101.0 srcmask=24 dstaddr=10.9.102.0 dstmask=24 mirrored=no
netsh ipsec static add filteraction name="P" action=negotiate qmsecmethods="ESP[3DES,SHA1]:100000k/3600s"
netsh ipsec static add rule name="A" policy="Lab" filterlist="There" filteraction="P" tunnel={HOST_ADDRESS} psk="{KEY}"
netsh ipsec static add rule name="B" policy="Lab" filterlist="Back" filteraction="P" tunnel={PEER_ADDRESS} psk="{KEY}"
"""


def test_an_echo_through_a_tunnel_that_charon_carries(module_lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "policy.cmd").write_text(TUNNEL_POLICY)
    module_lab.host.ip("addr", "replace", "10.9.101.1/32", "dev", "lo")
    selectors = Settings(local=CHARONS, mode="tunnel").file()
    file = OutputFile("swanctl.conf", selectors.content.replace(b"dynamic[tcp]", OURS.encode()), secret=True)
    with open_charon(module_lab.host, kernel=USER_SPACE) as charon:
        charon.loads([file])
        prober = Prober(module_lab, charon, tmp_path)
        packet = ("--packet", "forward icmp 10.9.102.1 > 10.9.101.1", "--me", PEER_ADDRESS)
        code, found = prober.run("--ping", "--pcap", "echo.pcap", *packet)
    assert (code, found["outcome"], found["phase2"]["mode"]) == (0, "established", "tunnel")
    assert found["echo"]["seconds"] is not None
    assert found["echo"]["reason"] == "10.9.101.1 answered under protection"


@pytest.fixture
def shown(tmp_path: Path) -> tuple[str, ...]:
    """Give the options by which the command shows a certificate of the root that charon trusts."""
    chain = b"".join(owned.certificate.public_bytes(Encoding.PEM) for owned in (FAR, BETWEEN))
    files = {"certificate": chain, "private-key": private_pem(FAR), "authority": ROOT.der}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    return tuple(word for name in files for word in (f"--{name}", str(tmp_path / name)))


LISTENING = {"initiator": (), "responder": ("--listen", "--timeout", "60")}
CERTIFIED = 'kerberos=no rootca="O=Lab, CN=Root"'


@pytest.mark.parametrize("role", ["initiator", "responder"])
def test_an_echo_under_certificates(module_lab: Lab, tmp_path: Path, shown: tuple[str, ...], role: str) -> None:
    (tmp_path / "policy.cmd").write_text(TUNNEL_POLICY.replace(f'psk="{KEY}"', CERTIFIED))
    module_lab.host.ip("addr", "replace", "10.9.101.1/32", "dev", "lo")
    selectors = Settings(local=CHARONS, mode="tunnel").file()
    file = OutputFile("swanctl.conf", selectors.content.replace(b"dynamic[tcp]", OURS.encode()), secret=True)
    with open_charon(module_lab.host, kernel=USER_SPACE) as charon:
        charon.loads([by_certificate(charon, file)])
        prober = Prober(module_lab, charon, tmp_path)
        packet = ("--packet", "forward icmp 10.9.102.1 > 10.9.101.1", "--me", PEER_ADDRESS)
        process = prober.start("--ping", *packet, *shown, *LISTENING[role])
        if role == "responder":
            initiate(prober)
        code, found = finished(process)
        said = charon.wait_for("IKE_SA c.* established")
    assert (code, found["role"], found["outcome"]) == (0, role, "established")
    assert found["phase1"]["authentication"] == "rsa"
    assert found["echo"]["reason"] == "10.9.101.1 answered under protection"
    assert "CN=far' with RSA_EMSA_PKCS1_NULL successful" in said


def test_certificate_of_a_root_that_charon_does_not_trust(prober: Prober, shown: tuple[str, ...]) -> None:
    (prober.folder / "policy.cmd").write_text(POLICY.replace(f'kerberos=no psk="{KEY}"', CERTIFIED))
    (prober.folder / "certificate").write_bytes(FOREIGN.der)
    (prober.folder / "private-key").write_bytes(private_pem(FOREIGN))
    prober.charon.loads([by_certificate(prober.charon, Settings().file())])
    code, found = prober.run(*shown)
    assert (code, found["outcome"]) == (1, "authentication-failed")
