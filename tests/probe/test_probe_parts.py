"""The parts of a probe one by one: regions, ports, questions, captures, and the peer that begins."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from golden_conversations import NAMES, datagrams
from hypothesis import given, settings
from hypothesis import strategies as st
from probe_peer import PEER, PROBE, bound

from ipsecmig.cli.app import run
from ipsecmig.cli.guard import exit_code
from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.registry import read
from ipsecmig.errors import UsageError
from ipsecmig.esp.headers import checksum
from ipsecmig.ike.configuration import Configuration, Traffic
from ipsecmig.ike.engine import Engine
from ipsecmig.ike.events import ChildEstablished
from ipsecmig.ike.exchange import RANDOM_OCTETS
from ipsecmig.ike.wire.identification import host
from ipsecmig.ike.wire.message import Message, decode_message
from ipsecmig.ike.wire.notification import Notify
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.flatten import FlatPolicy, flatten, select_policy
from ipsecmig.model.packets import parse_packet
from ipsecmig.model.policy import EspTransform, MainMode, MainModeOffer, QuickModeOffer, Secret
from ipsecmig.model.selectors import AddressRange
from ipsecmig.model.site import Site
from ipsecmig.model.treatment import Mode
from ipsecmig.probe.capture import capture
from ipsecmig.probe.packets import echo_request, is_reply, udp_packet, udp_payload
from ipsecmig.probe.payloads import identification_text, payload_line
from ipsecmig.probe.questions import first_message, phase_1_questions
from ipsecmig.probe.region import Keys, choose_region, make_plan
from ipsecmig.probe.tap import Tap
from ipsecmig.probe.terms import Phase1Terms, what_differs
from ipsecmig.udp import Datagram, Endpoint

KEY = "Open-Sesame"
HEAD = """netsh ipsec static add policy name="P" mmsecmethods="3DES-SHA1-2"
netsh ipsec static add filteraction name="N" action=negotiate qmsecmethods="ESP[3DES,SHA1]"
netsh ipsec static add filteraction name="Pass" action=permit
"""
OWN, THEIRS = ip_address("10.0.0.5"), ip_address("10.1.0.9")


def rule(name: str, filter_: str, action: str = "N", authentication: str = f"kerberos=no psk={KEY}") -> str:
    return (
        f"netsh ipsec static add filter filterlist={name} {filter_}\n"
        f"netsh ipsec static add rule name={name} policy=P filterlist={name} filteraction={action} {authentication}\n"
    )


def flat(*rules: str, own: str = str(OWN)) -> FlatPolicy:
    text = HEAD + "".join(rules)
    store = read(Source("policy.cmd", text.encode()), ReadOptions(), None).store
    return flatten(store, select_policy(store), Site(addresses=(AddressRange.parse(own),)))


WEB = rule("Web", f"srcaddr=me dstaddr={THEIRS} protocol=TCP dstport=80")
ALL = rule("All", "srcaddr=me dstaddr=10.1.0.0 dstmask=16")
THERE = rule(
    "There",
    "srcaddr=10.0.0.0 srcmask=24 dstaddr=10.2.0.0 dstmask=16 mirrored=no",
    authentication=f"tunnel={THEIRS} psk={KEY}",
)
BACK = rule(
    "Back",
    "srcaddr=10.2.0.0 srcmask=16 dstaddr=10.0.0.0 dstmask=24 mirrored=no",
    authentication=f"tunnel={OWN} psk={KEY}",
)


@pytest.mark.parametrize(
    ("rules", "packet", "traffic"),
    [
        ((ALL, WEB), None, (f"{OWN} protocol 6", f"{THEIRS} protocol 6 port 80")),
        ((ALL, WEB), "out udp 10.0.0.5:5 > 10.1.0.9:53", (f"{OWN}", f"{THEIRS}")),
        (
            (ALL, rule("W", f"srcaddr=me dstaddr={THEIRS} protocol=TCP dstport=80", "Pass")),
            None,
            (str(OWN), str(THEIRS)),
        ),
        ((THERE, BACK), None, ("10.0.0.0/255.255.255.0", "10.2.0.0/255.255.0.0")),
        ((THERE, BACK), "forward icmp 10.0.0.7 > 10.2.0.1", ("10.0.0.0/255.255.255.0", "10.2.0.0/255.255.0.0")),
    ],
    ids=["the most specific", "by packet", "behind a permit", "tunnel", "tunnel by packet"],
)
def test_what_is_negotiated(rules: tuple[str, ...], packet: str | None, traffic: tuple[str, str]) -> None:
    policy = flat(*rules)
    region = choose_region(policy, THEIRS, None if packet is None else parse_packet(packet))
    plan = make_plan(policy, region, OWN, THEIRS, Keys())
    found = plan.configuration.traffic
    assert (identification_text(found.local), identification_text(found.remote)) == traffic
    assert found.mode is (Mode.TUNNEL if rules == (THERE, BACK) else Mode.TRANSPORT)


@pytest.mark.parametrize(
    ("rules", "packet", "message"),
    [
        ((WEB,), "out tcp 10.0.0.5:5 > 10.1.0.9:81", 'the policy does not protect "out tcp'),
        ((WEB,), "out tcp 10.0.0.5:5 > 10.1.0.8:80", "does not protect"),
        ((ALL,), "out tcp 10.0.0.5:5 > 10.1.0.8:80", f"is not {THEIRS}"),
        ((rule("W", f"srcaddr=me dstaddr={THEIRS}", "Pass"),), None, "it protects nothing that goes out"),
        ((rule("W", "srcaddr=me dstaddr=10.3.0.1"),), None, "it protects:\n  out any 10.0.0.5 > 10.3.0.1"),
    ],
    ids=["other port", "other host", "other peer", "nothing", "listed"],
)
def test_without_a_region_the_policys_regions_are_listed(
    rules: tuple[str, ...], packet: str | None, message: str
) -> None:
    with pytest.raises(UsageError) as refused:
        choose_region(flat(*rules), THEIRS, None if packet is None else parse_packet(packet))
    assert message in str(refused.value)


def test_a_region_that_only_kerberos_opens_cannot_be_probed() -> None:
    policy = flat(rule("K", f"srcaddr=me dstaddr={THEIRS}", authentication="kerberos=yes"))
    with pytest.raises(UsageError, match="Kerberos, which cannot be spoken"):
        make_plan(policy, choose_region(policy, THEIRS, None), OWN, THEIRS, Keys())


def test_another_host_than_the_policys_is_said() -> None:
    policy = flat(ALL)
    plan = make_plan(policy, choose_region(policy, THEIRS, None), ip_address("10.0.0.6"), THEIRS, Keys())
    assert plan.configuration.local == ip_address("10.0.0.6")
    assert identification_text(plan.configuration.traffic.local) == "10.0.0.6"
    assert any("not the policy's host" in note for note in plan.notes)


SUITES = st.builds(
    MainModeOffer,
    st.sampled_from([one for one in Encryption if one is not Encryption.NULL]),
    st.sampled_from(Integrity),
    st.sampled_from(DhGroup),
)


@given(st.lists(SUITES, min_size=1, max_size=8, unique=True))
@settings(deadline=None, max_examples=30)
def test_questions_fit_a_packet_and_never_repeat_an_offer(offers: list[MainModeOffer]) -> None:
    traffic = Traffic(host(OWN), host(THEIRS), Mode.TRANSPORT, ())
    configuration = Configuration(OWN, THEIRS, Secret(KEY), MainMode(tuple(offers), lifetime_seconds=100_000), traffic)
    asked = list(phase_1_questions(configuration))
    assert len(asked) == 3
    for _, association in asked:
        assert len(first_message(association, bytes(8))) <= 1500 - 40 - 8
    suites = [one for _, association in asked[:2] for one in association.proposals[0].transforms]
    assert len({one.attributes for one in suites}) == len(suites)


def test_what_differs_is_that_of_the_nearest_offers() -> None:
    mine = [Phase1Terms("3des", "sha1", "modp1024", "psk"), Phase1Terms("des", "md5", "modp768", "psk")]
    assert what_differs(mine, [Phase1Terms("aes256", "md5", "modp768", "psk")]) == (("cipher", "des", "aes256"),)
    assert what_differs(mine, mine[1:]) == ()


@given(st.lists(st.binary(max_size=200), max_size=4))
@settings(deadline=None, max_examples=100)
def test_the_tap_takes_anything(noise: list[bytes]) -> None:
    tap = Tap()
    for message in noise:
        tap.hear(message, None, 0.0)


@pytest.mark.parametrize(
    ("protocol", "data", "text"),
    [
        (1, "800b0001800c0e10", "RESPONDER-LIFETIME (24576) about ISAKMP, 3,600 s"),
        (3, "80010001800201008001000200020004000186a0", "RESPONDER-LIFETIME (24576) about ESP, 256 s, 100,000 kB"),
        (3, "8001", "RESPONDER-LIFETIME (24576) about ESP, malformed lifetimes 8001"),
    ],
)
def test_a_lifetime_that_the_responder_sets_is_read(protocol: int, data: str, text: str) -> None:
    assert payload_line(Notify(1, protocol, 24576, bytes(4), bytes.fromhex(data))).text == text


@pytest.mark.parametrize("name", NAMES)
def test_every_recorded_payload_has_a_line(name: str) -> None:
    tap = Tap()
    for datagram in datagrams(name):
        heard = tap.hear(datagram.data, None, 0.0)
        assert heard.header is not None
        message = decode_message(datagram.data)
        assert len(heard.payloads) == (len(message.payloads) if isinstance(message, Message) else 0)
        for payload in heard.payloads:
            line = payload_line(payload)
            assert line.name
            assert line.text
        assert tap.hear(datagram.data, None, 0.0).repeated is not bool(heard.problem)


@pytest.mark.parametrize(("own", "theirs"), [("10.0.0.5", "10.1.0.9"), ("2001:db8::5", "2001:db8::9")])
def test_a_capture_holds_packets_with_right_checksums(own: str, theirs: str) -> None:
    datagram = Datagram(b"odd", Endpoint(ip_address(own), 500), Endpoint(ip_address(theirs), 4500))
    packet = udp_packet(datagram)
    content = capture([(1.5, packet), (2.0, packet)])
    assert struct.unpack_from("!IHHiIII", content)[::6] == (0xA1B2C3D4, 101)
    assert struct.unpack_from("!IIII", content, 24) == (1, 500_000, len(packet), len(packet))
    assert len(content) == 24 + 2 * (16 + len(packet))
    body = packet[-11:]
    ends = datagram.source.address.packed + datagram.destination.address.packed
    assert checksum(ends + struct.pack("!II", len(body), 17) + body) == 0
    assert udp_payload(packet) == b"odd"


@pytest.mark.parametrize(("own", "theirs"), [("10.0.0.5", "10.1.0.9"), ("2001:db8::5", "2001:db8::9")])
def test_a_reply_is_told_from_everything_else(own: str, theirs: str) -> None:
    request = echo_request(ip_address(own), ip_address(theirs), 7, b"data")
    at = 20 if ip_address(own).version == 4 else 40
    reply = request[:at] + bytes([0 if at == 20 else 129]) + request[at + 1 :]
    assert is_reply(reply, 7, b"data")
    assert not is_reply(request, 7, b"data")
    assert not is_reply(reply, 8, b"data")
    assert not is_reply(reply, 7, b"other")
    assert not is_reply(reply[: at + 4], 7, b"")


LOOPBACK = HEAD + rule("Web", f"srcaddr=me dstaddr={PEER} protocol=TCP dstport=80")


@pytest.fixture
def policy(tmp_path: Path) -> str:
    path = tmp_path / "policy.cmd"
    path.write_text(LOOPBACK)
    return str(path)


Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(policy: str, capsys: pytest.CaptureFixture[str]) -> Say:
    def call(host_: str, *arguments: str) -> tuple[int, str, str]:
        code = exit_code(lambda: run(("probe", host_, "--as", policy, *arguments)))
        return (code, *capsys.readouterr())

    return call


def free_port() -> int:
    with bound(PROBE) as udp:
        port: int = udp.getsockname()[1]
    return port


def test_a_port_that_is_taken(say: Say) -> None:
    with bound(PROBE) as udp:
        code, out, err = say(str(PEER), "--source-port", str(udp.getsockname()[1]))
    assert (code, out) == (2, "")
    assert "is taken" in err
    assert "--source-port 0" in err


def test_a_port_that_is_not_allowed(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    class Denying(socket.socket):
        def bind(self, address: Any) -> None:
            raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("ipsecmig.probe.transport.socket.socket", Denying)
    code, out, err = say(str(PEER))
    assert (code, out) == (2, "")
    assert "needs root" in err


def test_a_name_without_an_address(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("ipsecmig.probe.transport.socket.getaddrinfo", unknown)
    code, out, err = say("no-such-host.invalid")
    assert (code, out) == (2, "")
    assert "no address can be found" in err


def test_a_capture_never_overwrites(say: Say, tmp_path: Path) -> None:
    (tmp_path / "old.pcap").write_text("old")
    code, out, err = say(str(PEER), "--pcap", str(tmp_path / "old.pcap"))
    assert (code, out) == (2, "")
    assert "there is such a file already" in err
    assert (tmp_path / "old.pcap").read_text() == "old"


def test_an_interrupted_probe_leaves_nothing_behind(policy: str) -> None:
    with bound(PEER) as silent:
        silent.settimeout(30)
        ports = ("--port", str(silent.getsockname()[1]), "--source-port", "0")
        command = (sys.executable, "-m", "ipsecmig", "probe", str(PEER), "--as", policy, *ports)
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            silent.recv(65535)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "error: interrupted\n")


class Initiator(threading.Thread):
    """An engine that begins with whoever listens, and begins again until it is answered."""

    def __init__(self, configuration: Configuration, port: int) -> None:
        super().__init__()
        self.udp = bound(configuration.local)
        self.agreed = False
        self._configuration, self._to = configuration, (str(configuration.remote), port)

    def run(self) -> None:
        engine = Engine(self._configuration)
        engine.start(0.0, os.urandom(RANDOM_OCTETS))
        (first,) = engine.to_send()
        self.udp.settimeout(0.05)
        until, answered = time.monotonic() + 20, False
        while time.monotonic() < until and not self.agreed:
            if not answered:
                self.udp.sendto(first.data, self._to)
            try:
                data = self.udp.recv(65535)
            except TimeoutError:
                continue
            answered = True
            ends = Endpoint(self._configuration.remote), Endpoint(self._configuration.local)
            engine.receive(Datagram(data, *ends), 0.0, os.urandom(RANDOM_OCTETS))
            for datagram in engine.to_send():
                self.udp.sendto(datagram.data, self._to)
            while (event := engine.next_event()) is not None:
                self.agreed |= isinstance(event, ChildEstablished)
        self.udp.close()


SUITE = MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024)
CHILD = QuickModeOffer((EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1),))
TRAFFIC = Traffic(host(PEER, 6, 80), host(PROBE, 6), Mode.TRANSPORT, (CHILD,))


def test_a_peer_that_begins(say: Say) -> None:
    port = free_port()
    initiator = Initiator(Configuration(PEER, PROBE, Secret(KEY), MainMode((SUITE,)), TRAFFIC), port)
    initiator.start()
    ports = ("--source-port", str(port), "--port", str(initiator.udp.getsockname()[1]))
    code, out, err = say(str(PEER), "--listen", "--format", "json", *ports)
    initiator.join()
    assert code == 0, err
    found = json.loads(out)
    assert (found["role"], found["outcome"], initiator.agreed) == ("responder", "established", True)


def test_nobody_begins(say: Say) -> None:
    code, out, _ = say(str(PEER), "--listen", "--timeout", "0.3", "--source-port", str(free_port()))
    assert code == 3
    assert "Outcome: no-answer" in out


SWANCTL = f"""connections {{ c {{
  version = 1
  local_addrs = {PEER}
  remote_addrs = {PROBE}
  proposals = 3des-sha1-modp2048
  local {{ auth = psk
  }}
  remote {{ auth = psk
  }}
  children {{ x {{
    local_ts = {PEER}[tcp/80]
    remote_ts = {PROBE}[tcp]
    mode = transport
    start_action = trap
    esp_proposals = 3des-sha1
  }} }} }} }}
secrets {{ ike1 {{ secret = "{KEY}" }} }}
"""


def test_the_peers_configuration_names_what_differs(say: Say, tmp_path: Path) -> None:
    (tmp_path / "swanctl.conf").write_text(SWANCTL)
    ports = ("--source-port", "0", "--port", str(free_port()), "--format", "json")
    code, out, _ = say(str(PEER), "--against", str(tmp_path / "swanctl.conf"), *ports)
    found = json.loads(out)
    assert code == 3
    blocking = [one for one in found["peer_differences"] if one["blocks"]]
    assert [(one["attribute"], one["policy"], one["peer"]) for one in blocking] == [
        ("main mode group", "3des-sha1-modp1024", "3des-sha1-modp2048")
    ]
