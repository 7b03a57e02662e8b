"""The engine and our ESP and AH against charon with the kernel's: they negotiate, and an echo goes there and back.

The test is a whole host at the end of a wire: it has no kernel between its engine and charon.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Final

import pytest
from esp_packets import everything, ip
from esp_packets import udp as udp_datagram

from ipsecmig.esp.association import SecurityAssociation, SecurityProtocol
from ipsecmig.esp.bundle import InboundBundle, OutboundBundle
from ipsecmig.ike.configuration import Configuration, Traffic
from ipsecmig.ike.engine import Engine
from ipsecmig.ike.events import ChildEstablished, Event
from ipsecmig.ike.exchange import RANDOM_OCTETS
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
from ipsecmig.udp import IKE_PORT, Datagram, Endpoint
from lab.charon import Charon, missing_charon, open_charon
from lab.guest.echoes import echo, reply_number
from lab.guest.wire import OUR_INNER, OURS, THEIR_INNER, THEIRS, Wire, open_wire
from lab.harness import Machine

pytestmark = pytest.mark.lab

PATIENCE: Final = 20.0
US, THEM = IPv4Address(OURS[4]), IPv4Address(THEIRS[4])


@dataclass
class Host:
    """The test as a host: an engine, and what it agreed on."""

    wire: Wire
    engine: Engine
    events: list[Event] = field(default_factory=list)
    passed_over: list[bytes] = field(default_factory=list)

    def run(self, until: Callable[[], object]) -> None:
        """Let the engine talk until something holds; raise AssertionError if it takes too long."""
        end = time.monotonic() + PATIENCE
        self._send()
        while not until():
            assert time.monotonic() < end, self.events
            packet = self.wire.receive(min(self.engine.timer() or end, end) - time.monotonic())
            if packet is None:
                self.engine.on_timer(time.monotonic())
            elif (datagram := carried(packet)) is not None:
                self.engine.receive(datagram, time.monotonic(), os.urandom(RANDOM_OCTETS))
            else:
                self.passed_over.append(packet)
            self._send()

    def _send(self) -> None:
        for datagram in self.engine.to_send():
            payload = udp_datagram(datagram.data, datagram.source.port, datagram.destination.port)
            self.wire.send(ip(str(datagram.source.address), str(datagram.destination.address), UDP, payload))
        while (event := self.engine.next_event()) is not None:
            self.events.append(event)

    def child(self) -> ChildEstablished | None:
        """Return what quick mode agreed on, None before."""
        return next((event for event in self.events if isinstance(event, ChildEstablished)), None)


def carried(packet: bytes) -> Datagram | None:
    """Return the IKE datagram that a packet carries, None if it is something else."""
    if packet[0] != 0x45 or packet[9] != UDP:
        return None
    ports = int.from_bytes(packet[20:22], "big"), int.from_bytes(packet[22:24], "big")
    ends = [Endpoint(IPv4Address(packet[at : at + 4]), port) for at, port in zip((12, 16), ports, strict=True)]
    return Datagram(packet[28:], *ends) if ports[1] == IKE_PORT else None


def bundles(child: ChildEstablished) -> tuple[OutboundBundle, InboundBundle]:
    """Return the two directions of what was agreed on."""
    out, back = [], []
    for transform, agreed in zip(child.suite.transforms, child.associations, strict=True):
        mode = child.suite.mode if transform is child.suite.transforms[-1] else Mode.TRANSPORT
        out.append(association(transform, mode, agreed.outbound_spi, agreed.outbound_key, (US, THEM)))
        back.append(association(transform, mode, agreed.inbound_spi, agreed.inbound_key, (THEM, US)))
    return OutboundBundle(tuple(out), everything()), InboundBundle(tuple(back), everything())


def association(
    transform: Transform, mode: Mode, spi: bytes, key: bytes, ends: tuple[IPv4Address, IPv4Address]
) -> SecurityAssociation:
    encryption = transform.encryption if isinstance(transform, EspTransform) else None
    cut = 0 if encryption is None else ENCRYPTION[encryption].key_bits // 8
    return SecurityAssociation(
        spi=int.from_bytes(spi, "big"),
        protocol=SecurityProtocol.AH if encryption is None else SecurityProtocol.ESP,
        mode=mode,
        source=ends[0].packed,
        destination=ends[1].packed,
        integrity=transform.integrity,
        integrity_key=key[cut:],
        encryption=encryption,
        encryption_key=key[:cut],
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


def assert_echoes_pass(host: Host, ends: tuple[str, str]) -> None:
    """Check that the kernel answers two echo requests, under what the engine agreed on."""
    child = host.child()
    assert child is not None
    out, back = bundles(child)
    for number in (1, 2):
        host.wire.send(out.protect(echo(4, ends, number), os.urandom(out.random_octets)))
        packet = host.wire.receive(PATIENCE)
        assert packet is not None
        assert packet[9] == (ESP if isinstance(child.suite.transforms[0], EspTransform) else AH)
        assert reply_number(4, ends, back.unprotect(packet)) == number


@each_suite
@each_mode
def test_we_initiate(machine_and_wire: tuple[Machine, Wire], charon: Charon, suite: Suite, mode: Mode) -> None:
    charon.loads([settings(suite, mode)])
    ours = Host(machine_and_wire[1], Engine(configuration(suite, mode)))
    ours.engine.start(time.monotonic(), os.urandom(RANDOM_OCTETS))
    ours.run(ours.child)
    charon.wait_for("CHILD_SA x.* established")
    assert_echoes_pass(ours, BEHIND[mode])


@each_suite
@each_mode
def test_charon_initiates(machine_and_wire: tuple[Machine, Wire], charon: Charon, suite: Suite, mode: Mode) -> None:
    charon.loads([settings(suite, mode)])
    charon.run("swanctl", "--initiate", "--child", "x", "--timeout", "-1", "--uri", charon.socket)
    ours = Host(machine_and_wire[1], Engine(configuration(suite, mode)))
    ours.run(ours.child)
    charon.wait_for("CHILD_SA x.* established")
    assert_echoes_pass(ours, BEHIND[mode])
