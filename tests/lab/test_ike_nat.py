"""The engine and a real charon with a NAT between them, and ESP in UDP that both of them carry."""

from __future__ import annotations

import os
import re
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from ipsecmig.esp.bundle import InboundBundle, OutboundBundle
from ipsecmig.esp.headers import checksum
from ipsecmig.esp.udp import Contents, classify
from ipsecmig.ike.configuration import Configuration, Traffic
from ipsecmig.ike.engine import Engine
from ipsecmig.ike.events import ChildEstablished, Established, Event
from ipsecmig.ike.exchange import RANDOM_OCTETS
from ipsecmig.ike.listener import Listener
from ipsecmig.ike.natt import DRAFT_02, RFC_3947, NatTraversal, Variant
from ipsecmig.ike.wire.identification import Identification, host, subnet
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.policy import EspTransform, MainMode, MainModeOffer, QuickModeOffer, Secret
from ipsecmig.model.selectors import ICMP, UDP, AddressRange
from ipsecmig.model.space import Direction, box
from ipsecmig.model.targets import OutputFile
from ipsecmig.model.treatment import Mode
from ipsecmig.model.windows import WindowsVersion
from ipsecmig.udp import Datagram, Endpoint, Path
from ipsecmig.verify.negotiation.associations import associations
from lab.certified import by_certificate, our_credentials
from lab.charon import USER_SPACE, Charon, missing_charon, open_charon
from lab.harness import (
    FAR_ADDRESS,
    HOST_ADDRESS,
    HOST_FAR_ADDRESS,
    PEER_ADDRESS,
    TO_FAR,
    Lab,
    Machine,
    missing,
    open_lab,
)
from lab.ike_runs import PATIENCE, finished, run, start
from lab.sockets import IkeSockets, ike_sockets
from lab.suites import CARRIED, SUITES, Suite

pytestmark = pytest.mark.lab

BEHIND, OUTSIDE, FAR = map(IPv4Address, (PEER_ADDRESS, HOST_FAR_ADDRESS, FAR_ADDRESS))
CHARONS_NETWORK, OURS = IPv4Network("10.9.101.0/24"), IPv4Network("10.9.102.0/24")
CHARONS_HOST, OUR_HOST = IPv4Address("10.9.101.1"), IPv4Address("10.9.102.1")


def masquerade(interface: str) -> str:
    """Return the ruleset of a NAT in front of that interface."""
    return f"""table ip nat {{
      chain before-{interface} {{
        type nat hook postrouting priority srcnat
        oifname "{interface}" meta l4proto udp masquerade to :20000-20999
      }}
    }}
    """


OFFER = MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024)
ESP_3DES = QuickModeOffer((EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1),))


@pytest.fixture(scope="module")
def module_lab() -> Iterator[Lab]:
    """Give one lab to all tests, in which the peer is behind a NAT for the far machine."""
    reason = missing() or missing_charon()
    if reason:
        pytest.skip(reason)
    with open_lab() as lab:
        lab.host.nft(masquerade(TO_FAR))
        yield lab


def settings(
    local: str, remote: str, identities: tuple[str, str], child: str, more: str = "", suite: Suite = SUITES["3des"]
) -> list[OutputFile]:
    text = f"""connections {{ c {{
        version = 1
        local_addrs = {local}
        remote_addrs = {remote}
        proposals = {suite.ike}
        {more}
        local {{ auth = psk
                 id = {identities[0]} }}
        remote {{ auth = psk
                  id = {identities[1]} }}
        children {{ x {{ {suite.child}
                         {child} }} }} }} }}
    secrets {{ ike1 {{ secret = "Open-Sesame" }} }}
    """
    return [OutputFile("swanctl.conf", text.encode(), secret=True)]


def configuration(local: IPv4Address, remote: IPv4Address, traffic: Traffic) -> Configuration:
    return Configuration(local, remote, Secret("Open-Sesame"), MainMode((OFFER,)), traffic)


def traffic(local: Identification, remote: Identification, mode: Mode) -> Traffic:
    return Traffic(local, remote, mode, (ESP_3DES,))


def established(found: list[Event]) -> Established:
    (event,) = (event for event in found if isinstance(event, Established))
    return event


def child_of(found: list[Event]) -> ChildEstablished:
    (event,) = (event for event in found if isinstance(event, ChildEstablished))
    return event


@pytest.mark.parametrize(
    ("windows", "variant"), [(None, RFC_3947), (WindowsVersion.SERVER_2003, DRAFT_02)], ids=["RFC", "draft"]
)
@pytest.mark.parametrize("mode", ["tunnel", "transport"])
def test_the_engine_behind_a_nat_begins(
    module_lab: Lab, windows: WindowsVersion | None, variant: Variant, mode: str
) -> None:
    child = f"mode = {mode}\n local_ts = {FAR}/32\n remote_ts = 0.0.0.0/0"
    ours = traffic(host(BEHIND), host(FAR), Mode(mode))
    engine = Engine(replace(configuration(BEHIND, FAR, ours), windows=windows))
    with open_charon(module_lab.far) as charon, ike_sockets(module_lab.peer, PEER_ADDRESS) as udp:
        charon.loads(settings(FAR_ADDRESS, "%any", (FAR_ADDRESS, "%any"), child))
        start(engine)
        found = run(engine, udp)
        said = charon.wait_for(r"parsed QUICK_MODE request \d+ \[ HASH \]")
    assert established(found).nat == NatTraversal(variant, here=True, there=False)
    assert child_of(found).path == Path(Endpoint(BEHIND, 4500), Endpoint(FAR, 4500))
    assert "remote host is behind NAT" in said
    assert re.search(rf"received packet: from {OUTSIDE}\[20\d\d\d\] to {FAR}\[4500\]", said)
    assert "selected proposal: ESP:3DES_CBC/HMAC_SHA1_96" in said


@pytest.mark.parametrize("mode", ["tunnel", "transport"])
def test_charon_behind_a_nat_begins(module_lab: Lab, mode: str) -> None:
    child = f"mode = {mode}\n local_ts = {BEHIND}/32\n remote_ts = {FAR}/32"
    sees = OUTSIDE if mode == "transport" else BEHIND
    ours = replace(configuration(FAR, OUTSIDE, traffic(host(FAR), host(sees), Mode(mode))), peer_identity=BEHIND)
    engine = Engine(ours)
    with open_charon(module_lab.peer) as charon, ike_sockets(module_lab.far, FAR_ADDRESS) as udp:
        charon.loads(settings(PEER_ADDRESS, FAR_ADDRESS, (PEER_ADDRESS, FAR_ADDRESS), child))
        charon.run("swanctl", "--initiate", "--child", "x", "--timeout", "-1", "--uri", charon.socket)
        found = run(engine, udp)
        said = charon.wait_for(r"selected proposal: ESP:")
    assert established(found).nat == NatTraversal(RFC_3947, here=False, there=True)
    assert engine.path.local == Endpoint(FAR, 4500)
    assert engine.path.remote.address == OUTSIDE
    assert engine.path.remote.port in range(20_000, 21_000)
    assert "local host is behind NAT" in said


def test_a_listener_answers_charon_behind_a_nat(module_lab: Lab) -> None:
    child = f"mode = tunnel\n local_ts = {BEHIND}/32\n remote_ts = {FAR}/32"
    ours = replace(configuration(FAR, OUTSIDE, traffic(host(FAR), host(BEHIND), Mode.TUNNEL)), peer_identity=BEHIND)
    listener = Listener(lambda address: ours if address == OUTSIDE else None, os.urandom(16))
    with open_charon(module_lab.peer) as charon, ike_sockets(module_lab.far, FAR_ADDRESS) as udp:
        charon.loads(settings(PEER_ADDRESS, FAR_ADDRESS, (PEER_ADDRESS, FAR_ADDRESS), child))
        charon.run("swanctl", "--initiate", "--child", "x", "--timeout", "-1", "--uri", charon.socket)
        end = time.monotonic() + PATIENCE
        while not listener.established and (arrived := udp.receive(end - time.monotonic())) is not None:
            listener.receive(arrived, time.monotonic(), os.urandom(RANDOM_OCTETS))
            for datagram in listener.to_send():
                udp.send(datagram)
        charon.wait_for("IKE_SA c.* established")
    (engine,) = listener.established
    assert engine.path.remote.address == OUTSIDE
    assert engine.path.remote.port in range(20_000, 21_000)
    assert listener.half_open == ()


@pytest.mark.parametrize("mode", ["tunnel", "transport"])
def test_charon_begins_in_aggressive_mode(module_lab: Lab, mode: str) -> None:
    child = f"mode = {mode}\n local_ts = {HOST_ADDRESS}/32\n remote_ts = {BEHIND}/32"
    charons = IPv4Address(HOST_ADDRESS)
    ours = configuration(BEHIND, charons, traffic(host(BEHIND), host(charons), Mode(mode)))
    engine = Engine(replace(ours, aggressive_mode=True))
    with open_charon(module_lab.host) as charon, ike_sockets(module_lab.peer, PEER_ADDRESS) as udp:
        identities = (HOST_ADDRESS, PEER_ADDRESS)
        charon.loads(settings(HOST_ADDRESS, PEER_ADDRESS, identities, child, "aggressive = yes"))
        charon.run("swanctl", "--initiate", "--child", "x", "--timeout", "-1", "--uri", charon.socket)
        found = run(engine, udp)
        said = charon.wait_for(r"selected proposal: ESP:")
    assert established(found).peer.addresses() == (charons,)
    assert "parsed AGGRESSIVE response 0" in said
    assert "IKE_SA c[1] established" in said


@contextmanager
def user_space_charon(machine: Machine, suite: Suite, *, certified: bool) -> Iterator[Charon]:
    """Give a charon that carries ESP itself, between networks that are one host each."""
    machine.ip("addr", "replace", f"{CHARONS_HOST}/32", "dev", "lo")
    with open_charon(machine, kernel=USER_SPACE) as charon:
        child = f"mode = tunnel\n local_ts = {CHARONS_NETWORK}\n remote_ts = {OURS}"
        (file,) = settings(HOST_ADDRESS, PEER_ADDRESS, (HOST_ADDRESS, PEER_ADDRESS), child, suite=suite)
        charon.loads([by_certificate(charon, file) if certified else file])
        yield charon


def tunnelled(suite: Suite, *, certified: bool) -> Configuration:
    """Return our end of what `user_space_charon` carries."""
    ours = Traffic(subnet(OURS), subnet(CHARONS_NETWORK), Mode.TUNNEL, (suite.quick,), suite.pfs)
    plain = configuration(BEHIND, IPv4Address(HOST_ADDRESS), ours)
    proof = our_credentials() if certified else plain.authentication
    return replace(plain, main_mode=MainMode((suite.main,)), authentication=proof)


class Tunnel:
    """The ends of ESP in UDP of a child, beside the sockets that carry it."""

    def __init__(self, child: ChildEstablished, udp: IkeSockets) -> None:
        assert child.path is not None
        self._path, self._udp = child.path, udp
        local, remote = map(AddressRange.parse, (str(OURS), str(CHARONS_NETWORK)))
        self._out = OutboundBundle(
            associations(child, child.path, Mode.TUNNEL, outbound=True), (box(Direction.OUT, local, remote, 0),)
        )
        self._in = InboundBundle(
            associations(child, child.path, Mode.TUNNEL, outbound=False), (box(Direction.IN, local, remote, 0),)
        )

    def send(self, packet: bytes) -> None:
        """Send a packet through the tunnel."""
        protected = self._out.protect(packet, os.urandom(self._out.random_octets))
        self._udp.send(Datagram(protected[28:], *self._path))

    def receive(self) -> bytes:
        """Return the next packet that comes out of the tunnel."""
        end = time.monotonic() + PATIENCE
        while (arrived := self._udp.receive(end - time.monotonic())) is not None:
            if arrived.destination.port == 4500 and classify(arrived.data) is Contents.ESP:
                return self._in.unprotect(in_ip(arrived))
        raise TimeoutError("nothing came out of the tunnel")


def ip(source: IPv4Address, destination: IPv4Address, protocol: int, payload: bytes) -> bytes:
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0)
    ends = source.packed + destination.packed
    return head[:10] + checksum(head + ends).to_bytes(2, "big") + ends + payload


def in_ip(datagram: Datagram) -> bytes:
    """Return the packet that a datagram came in."""
    (source, source_port), (destination, port) = datagram.source, datagram.destination
    assert isinstance(source, IPv4Address)
    assert isinstance(destination, IPv4Address)
    head = struct.pack("!HHHH", source_port, port, 8 + len(datagram.data), 0)
    return ip(source, destination, UDP, head + datagram.data)


def echo(kind: int, rest: bytes) -> bytes:
    unsummed = bytes((kind, 0, 0, 0)) + rest
    return unsummed[:2] + checksum(unsummed).to_bytes(2, "big") + unsummed[4:]


def assert_pings_pass(charon: Charon, child: ChildEstablished, udp: IkeSockets) -> None:
    """Check that charon's host answers our ping, and that its ping reaches us and our answer it."""
    tunnel = Tunnel(child, udp)
    asked = b"\x12\x34\0\1through the tunnel"
    tunnel.send(ip(OUR_HOST, CHARONS_HOST, ICMP, echo(8, asked)))
    assert tunnel.receive()[20:] == echo(0, asked)
    with charon.machine.started("ping", "-c", "1", "-W", "10", "-I", str(CHARONS_HOST), str(OUR_HOST)) as ping:
        request = tunnel.receive()
        assert (request[12:20], request[20]) == (CHARONS_HOST.packed + OUR_HOST.packed, 8)
        tunnel.send(ip(OUR_HOST, CHARONS_HOST, ICMP, echo(0, request[24:])))
        assert ping.wait(PATIENCE) == 0


each_tunnel = pytest.mark.parametrize("suite", [SUITES[name] for name in CARRIED], ids=CARRIED)
each_proof = pytest.mark.parametrize("certified", [False, True], ids=["key", "certificates"])


@each_tunnel
@each_proof
def test_pings_through_the_tunnel_of_the_engine_as_initiator(module_lab: Lab, suite: Suite, *, certified: bool) -> None:
    engine = Engine(tunnelled(suite, certified=certified))
    opened = user_space_charon(module_lab.host, suite, certified=certified)
    with opened as charon, ike_sockets(module_lab.peer, PEER_ADDRESS) as udp:
        start(engine)
        found = run(engine, udp, finished)
        charon.wait_for(r"CHILD_SA x\{\d+\} established")
        assert child_of(found).suite.transforms == suite.quick.transforms
        assert_pings_pass(charon, child_of(found), udp)


@each_tunnel
@each_proof
def test_pings_through_the_tunnel_of_the_engine_as_responder(module_lab: Lab, suite: Suite, *, certified: bool) -> None:
    engine = Engine(tunnelled(suite, certified=certified))
    opened = user_space_charon(module_lab.host, suite, certified=certified)
    with opened as charon, ike_sockets(module_lab.peer, PEER_ADDRESS) as udp:
        charon.run("swanctl", "--initiate", "--child", "x", "--timeout", "-1", "--uri", charon.socket)
        found = run(engine, udp, finished)
        charon.wait_for(r"CHILD_SA x\{\d+\} established")
        assert child_of(found).suite.transforms == suite.quick.transforms
        assert_pings_pass(charon, child_of(found), udp)
