"""The engine and our ESP and AH against charon with the kernel's: they negotiate, and an echo goes there and back.

The test is a whole host at the end of a wire: it has no kernel between its engine and charon.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Final

import pytest
from esp_packets import everything, ip
from esp_packets import udp as udp_datagram

from ipsecmig.esp.association import SecurityAssociation, SecurityProtocol, UdpEncapsulation
from ipsecmig.esp.bundle import InboundBundle, OutboundBundle
from ipsecmig.ike.configuration import Configuration, Traffic
from ipsecmig.ike.engine import Engine
from ipsecmig.ike.events import ChildEstablished, Event
from ipsecmig.ike.wire.identification import Identification, host, subnet
from ipsecmig.model.algorithms import ENCRYPTION, DhGroup, Encryption, Integrity
from ipsecmig.model.policy import (
    AhTransform,
    EspTransform,
    MainMode,
    MainModeOffer,
    QuickModeOffer,
    Secret,
    Transform,
)
from ipsecmig.model.selectors import AH, ESP, UDP
from ipsecmig.model.targets import OutputFile
from ipsecmig.model.treatment import Mode
from ipsecmig.udp import NAT_T_PORT, Datagram, Endpoint, Path
from lab.charon import Charon, missing_charon, open_charon
from lab.guest.echoes import echo, reply_number
from lab.guest.wire import NAME, OUR_INNER, OURS, THEIR_INNER, THEIRS, Wire, open_wire
from lab.harness import FAR_ADDRESS, Lab, Machine, missing, open_lab
from lab.ike_runs import finished, run, start
from lab.test_ike_nat import MASQUERADE
from lab.test_ike_nat import settings as nat_settings

pytestmark = pytest.mark.lab

NATS_INSIDE, BEHIND_NAT = "10.7.0.1", "10.7.0.2"
US, THEM = IPv4Address(OURS[4]), IPv4Address(THEIRS[4])


class Carried:
    """Takes an engine's datagrams as packets over the wire; other packets are passed over."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def send(self, datagram: Datagram) -> None:
        """Send a datagram, in IP."""
        payload = udp_datagram(datagram.data, datagram.source.port, datagram.destination.port)
        self._wire.send(ip(str(datagram.source.address), str(datagram.destination.address), UDP, payload))

    def receive(self, seconds: float) -> Datagram | None:
        """Return the next datagram, None if there is none for so long."""
        end = time.monotonic() + seconds
        while (packet := self._wire.receive(end - time.monotonic())) is not None:
            if packet[0] == 0x45 and packet[9] == UDP:
                return datagram_in(packet)
        return None


def datagram_in(packet: bytes) -> Datagram:
    ports = int.from_bytes(packet[20:22], "big"), int.from_bytes(packet[22:24], "big")
    source, destination = (
        Endpoint(IPv4Address(packet[at : at + 4]), port) for at, port in zip((12, 16), ports, strict=True)
    )
    return Datagram(packet[28:], source, destination)


def child_in(found: list[Event]) -> ChildEstablished:
    """Return what quick mode agreed on."""
    (child,) = (event for event in found if isinstance(event, ChildEstablished))
    return child


def bundles(child: ChildEstablished) -> tuple[OutboundBundle, InboundBundle]:
    """Return the two directions of what was agreed on."""
    out, back = [], []
    way = child.path or Path(Endpoint(US), Endpoint(THEM))
    in_udp = child.path is not None
    for transform, agreed in zip(child.suite.transforms, child.associations, strict=True):
        mode = child.suite.mode if transform is child.suite.transforms[-1] else Mode.TRANSPORT
        out.append(association(transform, mode, agreed.outbound_spi, agreed.outbound_key, way, in_udp))
        returning = Path(way.remote, way.local)
        back.append(association(transform, mode, agreed.inbound_spi, agreed.inbound_key, returning, in_udp))
    return OutboundBundle(tuple(out), everything()), InboundBundle(tuple(back), everything())


def association(
    transform: Transform, mode: Mode, spi: bytes, key: bytes, way: Path, in_udp: bool
) -> SecurityAssociation:
    encryption = transform.encryption if isinstance(transform, EspTransform) else None
    cut = 0 if encryption is None else ENCRYPTION[encryption].key_bits // 8
    return SecurityAssociation(
        spi=int.from_bytes(spi, "big"),
        protocol=SecurityProtocol.AH if encryption is None else SecurityProtocol.ESP,
        mode=mode,
        source=way.local.address.packed,
        destination=way.remote.address.packed,
        integrity=transform.integrity,
        integrity_key=key[cut:],
        encryption=encryption,
        encryption_key=key[:cut],
        udp=UdpEncapsulation(way.local.port, way.remote.port) if in_udp else None,
    )


@dataclass(frozen=True)
class Suite:
    """What is agreed on, in charon's words and in ours."""

    ike: str
    child: str
    main: MainModeOffer
    quick: QuickModeOffer
    pfs: DhGroup | None = None


WITH_3DES = MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024)
SUITES: Final = {
    "3des": Suite(
        "3des-sha1-modp1024",
        "esp_proposals = 3des-sha1",
        WITH_3DES,
        QuickModeOffer((EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1),)),
    ),
    "des": Suite(
        "des-md5-modp768",
        "esp_proposals = des-md5",
        MainModeOffer(Encryption.DES, Integrity.MD5, DhGroup.MODP768),
        QuickModeOffer((EspTransform(Encryption.DES, Integrity.MD5),)),
    ),
    "null": Suite(
        "3des-sha1-modp1024",
        "esp_proposals = null-sha1",
        WITH_3DES,
        QuickModeOffer((EspTransform(Encryption.NULL, Integrity.SHA1),)),
    ),
    "aes": Suite(
        "aes256-sha256-modp2048",
        "esp_proposals = aes256-sha256-modp2048",
        MainModeOffer(Encryption.AES256, Integrity.SHA256, DhGroup.MODP2048),
        QuickModeOffer((EspTransform(Encryption.AES256, Integrity.SHA256),)),
        DhGroup.MODP2048,
    ),
    "ah": Suite("3des-sha1-modp1024", "ah_proposals = sha1", WITH_3DES, QuickModeOffer((AhTransform(Integrity.SHA1),))),
}
each_suite = pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)
each_mode = pytest.mark.parametrize("mode", Mode, ids=lambda mode: mode.name.lower())

BEHIND: Final = {Mode.TRANSPORT: (OURS[4], THEIRS[4]), Mode.TUNNEL: (OUR_INNER[4], THEIR_INNER[4])}


def network(address: str) -> IPv4Network:
    return IPv4Network(f"{address}/24", strict=False)


def settings(suite: Suite, mode: Mode, more: str = "") -> OutputFile:
    ends = BEHIND[mode]
    ours, theirs = ("dynamic", "dynamic") if mode is Mode.TRANSPORT else map(str, map(network, ends))
    text = f"""connections {{ c {{
        version = 1
        local_addrs = {THEM}
        remote_addrs = {US}
        proposals = {suite.ike}
        local {{ auth = psk
                 id = {THEM} }}
        remote {{ auth = psk
                  id = {US} }}
        children {{ x {{ local_ts = {theirs}
                         remote_ts = {ours}
                         mode = {mode.name.lower()}
                         {suite.child}
                         {more} }} }} }} }}
    secrets {{ ike1 {{ secret = "Open-Sesame" }} }}
    """
    return OutputFile("swanctl.conf", text.encode(), secret=True)


def configuration(suite: Suite, mode: Mode) -> Configuration:
    ours, theirs = map(identification, BEHIND[mode], (mode, mode))
    traffic = Traffic(ours, theirs, mode, (suite.quick,), suite.pfs)
    return Configuration(US, THEM, Secret("Open-Sesame"), MainMode((suite.main,)), traffic)


def identification(address: str, mode: Mode) -> Identification:
    return host(IPv4Address(address)) if mode is Mode.TRANSPORT else subnet(network(address))


@pytest.fixture(scope="module")
def machine_and_wire() -> Iterator[tuple[Machine, Wire]]:
    if missing_charon():
        pytest.skip(missing_charon())
    machine = Machine("kernel")
    with open_wire(machine) as wire:
        yield machine, wire


@pytest.fixture
def charon(machine_and_wire: tuple[Machine, Wire]) -> Iterator[Charon]:
    machine, wire = machine_and_wire
    with open_charon(machine) as daemon:
        yield daemon
    wire.received()


def assert_echoes_pass(wire: Wire, child: ChildEstablished, ends: tuple[str, str]) -> None:
    """Check that the kernel answers two echo requests, under what the engine agreed on."""
    out, back = bundles(child)
    bare = ESP if isinstance(child.suite.transforms[0], EspTransform) else AH
    for number in (1, 2):
        wire.send(out.protect(echo(4, ends, number), os.urandom(out.random_octets)))
        packet = wire.awaited()
        assert packet[9] == (bare if child.path is None else UDP)
        assert reply_number(4, ends, back.unprotect(packet)) == number


@each_suite
@each_mode
def test_we_initiate(machine_and_wire: tuple[Machine, Wire], charon: Charon, suite: Suite, mode: Mode) -> None:
    _, wire = machine_and_wire
    charon.loads([settings(suite, mode)])
    engine = Engine(configuration(suite, mode))
    start(engine)
    child = child_in(run(engine, Carried(wire), finished))
    charon.wait_for("CHILD_SA x.* established")
    assert_echoes_pass(wire, child, BEHIND[mode])


@each_suite
@each_mode
def test_charon_initiates(machine_and_wire: tuple[Machine, Wire], charon: Charon, suite: Suite, mode: Mode) -> None:
    _, wire = machine_and_wire
    charon.loads([settings(suite, mode)])
    charon.run("swanctl", "--initiate", "--child", "x", "--timeout", "-1", "--uri", charon.socket)
    child = child_in(run(Engine(configuration(suite, mode)), Carried(wire), finished))
    charon.wait_for("CHILD_SA x.* established")
    assert_echoes_pass(wire, child, BEHIND[mode])


@pytest.fixture
def behind_nat() -> Iterator[tuple[Lab, Wire]]:
    """Give a lab whose host translates addresses between the wire, where we are, and the far machine."""
    if missing() or missing_charon():
        pytest.skip(missing() or missing_charon())
    with open_lab() as lab:
        wire = Wire(lab.host)
        lab.host.nft(MASQUERADE)
        lab.host.ip("link", "set", NAME, "up")
        lab.host.ip("addr", "add", f"{NATS_INSIDE}/24", "dev", NAME)
        yield lab, wire
        wire.close()


@each_mode
def test_we_initiate_from_behind_a_nat(behind_nat: tuple[Lab, Wire], mode: Mode) -> None:
    lab, wire = behind_nat
    suite = SUITES["3des"]
    child = f"mode = {mode.value}\n local_ts = {FAR_ADDRESS}/32\n remote_ts = 0.0.0.0/0"
    us, them = IPv4Address(BEHIND_NAT), IPv4Address(FAR_ADDRESS)
    traffic = Traffic(host(us), host(them), mode, (suite.quick,))
    engine = Engine(Configuration(us, them, Secret("Open-Sesame"), MainMode((suite.main,)), traffic))
    with open_charon(lab.far) as charon:
        charon.loads(nat_settings(FAR_ADDRESS, "%any", (FAR_ADDRESS, "%any"), child))
        start(engine)
        agreed = child_in(run(engine, Carried(wire), finished))
        charon.wait_for("CHILD_SA x.* established")
        assert agreed.path == Path(Endpoint(us, NAT_T_PORT), Endpoint(them, NAT_T_PORT))
        assert_echoes_pass(wire, agreed, (BEHIND_NAT, FAR_ADDRESS))
