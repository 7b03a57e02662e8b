"""The protected echo of a probe where no NAT makes UDP necessary: ESP and AH in raw sockets, on loopback."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from probe_peer import PEER, PROBE, Peer, open_peer

from ipsecmig.cli.app import run
from ipsecmig.cli.guard import exit_code
from ipsecmig.esp.bundle import InboundBundle, OutboundBundle
from ipsecmig.ike.configuration import Configuration, Traffic
from ipsecmig.ike.events import ChildEstablished
from ipsecmig.ike.wire.identification import host
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.policy import AhTransform, EspTransform, MainMode, MainModeOffer, QuickModeOffer, Secret
from ipsecmig.model.selectors import AH, ESP, ICMP, AddressRange
from ipsecmig.model.space import Direction, box
from ipsecmig.model.treatment import Mode
from ipsecmig.probe.packets import ip_packet
from ipsecmig.udp import Endpoint
from ipsecmig.udp import Path as Way
from ipsecmig.verify.negotiation.associations import associations

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="raw sockets need root")]

KEY = "Open-Sesame"
SUITE = MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024)
ESP_3DES, AH_SHA1 = EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1), AhTransform(Integrity.SHA1)


class Echoing(threading.Thread):
    """Answers protected echo requests on raw sockets with the SAs of a peer's only engine; `pings` has what came."""

    def __init__(self, peer: Peer, protocol: int, *, answers: bool) -> None:
        super().__init__()
        self.pings: list[bytes] = []
        self._peer, self._answers = peer, answers
        self._in = socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol)
        self._in.bind((str(PEER), 0))
        self._in.settimeout(0.05)
        self._out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self._ending = threading.Event()

    def run(self) -> None:
        with self._in, self._out:
            while not self._ending.is_set():
                try:
                    packet = self._in.recv(65535)
                except TimeoutError:
                    continue
                if packet[16:20] == PEER.packed:
                    self._echo(packet)

    def _echo(self, packet: bytes) -> None:
        (engine,) = self._peer.engines.values()
        (child,) = engine.children
        assert isinstance(child, ChildEstablished)
        way, selected = Way(Endpoint(PEER), Endpoint(PROBE)), box(Direction.OUT, one(PEER), one(PROBE), ICMP)
        inbound = InboundBundle(associations(child, way, child.suite.mode, outbound=False), (selected,))
        outbound = OutboundBundle(associations(child, way, child.suite.mode, outbound=True), (selected,))
        request = inbound.unprotect(packet)
        self.pings.append(request)
        # Of an echo request type 8 becomes 0, and the checksum grows by as much.
        total = int.from_bytes(request[22:24], "big") + 0x0800
        body = b"\0\0" + (total % 0xFFFF).to_bytes(2, "big") + request[24:]
        if self._answers:
            reply = outbound.protect(ip_packet(PEER, PROBE, ICMP, body), os.urandom(outbound.random_octets))
            self._out.sendto(reply, (str(PROBE), 0))

    def stop(self) -> None:
        self._ending.set()
        self.join()


def one(address: object) -> AddressRange:
    return AddressRange.parse(str(address))


@contextmanager
def echoing(peer: Peer, protocol: int, *, answers: bool = True) -> Iterator[Echoing]:
    thread = Echoing(peer, protocol, answers=answers)
    thread.start()
    try:
        yield thread
    finally:
        thread.stop()


def policy(folder: Path, methods: str, protocol: str = "ANY") -> str:
    path = folder / "policy.cmd"
    path.write_text(f"""
netsh ipsec static add policy name="Lab" assign=yes mmsecmethods="3DES-SHA1-2"
netsh ipsec static add filterlist name="L"
netsh ipsec static add filter filterlist="L" srcaddr=me dstaddr={PEER} protocol={protocol}
netsh ipsec static add filteraction name="P" action=negotiate qmsecmethods="{methods}"
netsh ipsec static add rule name="R" policy="Lab" filterlist="L" filteraction="P" kerberos=no psk="{KEY}"
""")
    return str(path)


def configuration(*transforms: AhTransform | EspTransform, protocol: int = 0) -> Configuration:
    traffic = Traffic(host(PEER, protocol), host(PROBE, protocol), Mode.TRANSPORT, (QuickModeOffer(transforms),))
    return Configuration(PEER, PROBE, Secret(KEY), MainMode((SUITE,)), traffic, nat_traversal=False)


def ping(peer: Peer, file: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, object]]:
    ports = ("--port", str(peer.port), "--source-port", "0")
    code = exit_code(lambda: run(("probe", str(PEER), "--as", file, "--ping", "--format", "json", *ports)))
    document = json.loads(capsys.readouterr().out)
    assert document["outcome"] == "established"
    return code, document["echo"]


@pytest.mark.parametrize(
    ("methods", "transforms", "protocol"),
    [
        ("ESP[3DES,SHA1]", (ESP_3DES,), ESP),
        ("AH[SHA1]", (AH_SHA1,), AH),
        ("AH[SHA1]+ESP[3DES,SHA1]", (AH_SHA1, ESP_3DES), AH),
    ],
    ids=["esp", "ah", "ah and esp"],
)
def test_one_echo_request_is_sent_and_its_reply_taken(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    methods: str,
    transforms: tuple[AhTransform | EspTransform, ...],
    protocol: int,
) -> None:
    with open_peer(configuration(*transforms)) as peer, echoing(peer, protocol) as echo:
        code, found = ping(peer, policy(tmp_path, methods), capsys)
    assert (code, len(echo.pings)) == (0, 1)
    assert found["seconds"] is not None


def test_a_peer_that_does_not_echo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_peer(configuration(ESP_3DES)) as peer, echoing(peer, ESP, answers=False) as echo:
        code, found = ping(peer, policy(tmp_path, "ESP[3DES,SHA1]"), capsys)
    assert (code, len(echo.pings), found["seconds"]) == (3, 1, None)


def test_an_sa_that_is_not_for_icmp(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tcp = configuration(ESP_3DES, protocol=6)
    with open_peer(tcp) as peer, echoing(peer, ESP) as echo:
        code, found = ping(peer, policy(tmp_path, "ESP[3DES,SHA1]", "TCP"), capsys)
    assert (code, echo.pings) == (3, [])
    assert "not for ICMP" in str(found["reason"])
