"""What is written for the samples, where real SAs exist: what must be protected is, what may pass passes.

Each sample's host has the written nftables and XFRM files, and an SA for each template and each pair of hosts that
must protect its packets. Everything outside of the host is the test.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, product
from typing import Final, NamedTuple

import pytest
from esp_packets import association, packed
from ground_truth import Row, Sample, decided_samples
from handmade import store_text

from ipsecmig.emit import nftables, xfrm
from ipsecmig.esp.association import SecurityAssociation
from ipsecmig.esp.bundle import Receiver, Sender
from ipsecmig.model.algorithms import Encryption, Integrity
from ipsecmig.model.flatten import flatten
from ipsecmig.model.selectors import AH, ESP, TCP, UDP
from ipsecmig.model.site import Site
from ipsecmig.model.space import Direction
from ipsecmig.model.targets import EmissionRequest
from ipsecmig.model.treatment import Mode
from ipsecmig.model.windows import WindowsVersion
from lab import agent
from lab.guest.states import state
from lab.guest.wire import PATIENCE, THEIRS, Wire, open_wire
from lab.harness import Machine, Probe
from lab.sample_packets import own_ipv6, passes, rows_for_xfrm, texts_for
from lab.sockets import inside

pytestmark = pytest.mark.lab

TEMPLATE: Final = re.compile(r"tmpl (?:src (\S+) dst (\S+) )?proto (esp|ah) reqid (\d+) mode (transport|tunnel)")
PROTECTED: Final = {ESP, AH}
FIRST_SPI: Final = 0x1000


class Template(NamedTuple):
    """What one template of a policy asks for; addresses are empty in transport mode."""

    source: str
    destination: str
    protocol: str
    reqid: int
    mode: str

    def ends(self, source: str, destination: str) -> tuple[str, str]:
        """Return the ends of the SA for a packet with these addresses."""
        return self.source or source, self.destination or destination

    def association(self, ends: tuple[str, str], spi: int) -> SecurityAssociation:
        """Return an SA that fits the template."""
        fitting = association(
            Encryption.TRIPLE_DES if self.protocol == "esp" else None, Integrity.SHA1, Mode[self.mode.upper()], spi=spi
        )
        return replace(fitting, source=packed(ends[0]), destination=packed(ends[1]))


class Sighting(NamedTuple):
    """A packet that the host sent: whether it was protected, and what it is without that."""

    is_protected: bool
    probe: Probe


Policy = tuple[Template, ...]
"""The templates of one policy, innermost first."""


def is_protect(row: Row) -> bool:
    return row.expected.treatment == "protect"


SAMPLES: Final = [sample for sample in decided_samples() if any(map(is_protect, sample.rows()))]


def policies_in(batches: Sequence[str]) -> list[Policy]:
    """Return the different lists of templates in batches for `ip`."""
    lines = [line for text in batches for line in text.splitlines() if line.startswith("xfrm policy add")]
    return sorted({policy for line in lines if (policy := tuple(templates(line)))})


def templates(line: str) -> Iterator[Template]:
    for source, destination, protocol, reqid, mode in TEMPLATE.findall(line):
        yield Template(source, destination, protocol, int(reqid), mode)


@dataclass
class World:
    """The host under test, and all the others, which are the test: they hold the other ends of its SAs."""

    host: Machine
    wire: Wire
    sockets: agent.Agent
    policies: list[Policy]
    senders: dict[tuple[Template, str, str], Sender] = field(default_factory=dict)
    receivers: dict[int, Receiver] = field(default_factory=dict)

    def agree(self, source: str, destination: str) -> None:
        """Let there be SAs from one host to another for every template."""
        for template in chain.from_iterable(self.policies):
            ends = template.ends(source, destination)
            if (template, *ends) in self.senders:
                continue
            sa = template.association(ends, FIRST_SPI + len(self.senders))
            self.senders[template, *ends], self.receivers[sa.spi] = Sender(sa), Receiver(sa)
            self.host.batch(state(sa, template.reqid) + "\n")

    def protect(self, policy: Policy, probe: Probe) -> bytes:
        """Return a packet under the SAs that fit a policy."""
        packet = agent.packet(probe)
        for template in policy:
            sender = self.senders[template, *template.ends(probe.source, probe.destination)]
            packet = sender.protect(packet, os.urandom(sender.random_octets))
        return packet

    def sent(self) -> list[Sighting]:
        """Return what the host has sent since."""
        return [self.open(packet) for packet in self.wire.received()]

    def open(self, packet: bytes) -> Sighting:
        """Return what a packet of the host is, after opening it."""
        is_protected = False
        while (probe := agent.parse(packet)) is not None and probe[0] in PROTECTED:
            spi_at = header_octets(packet) + (4 if probe[0] == AH else 0)
            spi = int.from_bytes(packet[spi_at : spi_at + 4], "big")
            packet, is_protected = self.receivers[spi].unprotect(packet), True
        assert probe is not None
        return Sighting(is_protected, Probe(*probe))

    def leaving(self, probe: Probe) -> list[Sighting]:
        """Let the host send a packet; return what comes out."""
        with inside(self.host):
            self.sockets.send([probe], "socket")
        return self.sent()

    def forwarded(self, packet: bytes) -> list[Sighting]:
        """Send the host a packet for others, in clear; return what comes out."""
        self.wire.send(packet)
        return self.sent()

    def listen(self, probe: Probe) -> None:
        """Let raw sockets of the host take packets of the probe's protocol, from now on."""
        with inside(self.host):
            self.sockets.listen([(6 if ":" in probe.source else 4, probe.protocol)])

    def arrived(self) -> list[Probe]:
        """Return what the raw sockets got, and forget the answers to it."""
        found = [Probe(*each) for each in self.sockets.arrived()]
        self.wire.received()
        return found

    def arriving(self, probe: Probe) -> list[Probe]:
        """Return what the raw sockets get until the probe, which is under way to them, is there."""
        found: list[Probe] = []
        end = time.monotonic() + PATIENCE
        while probe not in found:
            assert time.monotonic() < end, f"{probe} does not arrive"
            found += self.arrived()
        return found


def header_octets(packet: bytes) -> int:
    return 20 if packet[0] >> 4 == 4 else 40


@pytest.fixture(scope="module", params=SAMPLES, ids=lambda sample: sample.name)
def sample(request: pytest.FixtureRequest) -> Sample:
    """Give each sample in turn that protects something."""
    given: Sample = request.param
    return given


@pytest.fixture(scope="module")
def world(sample: Sample) -> Iterator[World]:
    """Give the sample's host with what is written for it, and SAs for each packet that must be protected."""
    host = Machine("host")
    with open_wire(host) as wire:
        host.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        for address in {*(address.text() for address in sample.site.addresses), *own_ipv6(sample)}:
            host.ip("addr", "add", address, "dev", "lo", *(("nodad",) if ":" in address else ()))
        batches = texts_for(sample, xfrm.TARGET)
        for text in batches:
            host.batch(text)
        for text in texts_for(sample, nftables.TARGET):
            host.nft(text)
        with inside(host):
            sockets = agent.Agent()
        opened = World(host, wire, sockets, policies_in(batches))
        for probe in (Probe.of(row.packet) for row in sample.rows() if is_protect(row)):
            opened.agree(probe.source, probe.destination)
        wire.received()
        yield opened
        sockets.close()


def probes(sample: Sample, direction: Direction) -> list[tuple[Row, Probe]]:
    return [(row, Probe.of(row.packet)) for row in rows_for_xfrm(sample, direction)]


def test_what_leaves_is_protected_as_the_policy_says(sample: Sample, world: World) -> None:
    for row, probe in probes(sample, Direction.OUT):
        expected = {"permit": [Sighting(False, probe)], "block": [], "protect": [Sighting(True, probe)]}
        assert world.leaving(probe) == expected[row.expected.treatment], row


def test_what_arrives_in_clear_must_be_allowed_to(sample: Sample, world: World) -> None:
    for row, probe in probes(sample, Direction.IN):
        world.listen(probe)
        world.wire.send(agent.packet(probe))
        assert (probe in world.arrived()) is passes(row), row


def test_what_arrives_protected_is_taken_where_the_policy_protects(sample: Sample, world: World) -> None:
    rows = probes(sample, Direction.IN)
    blocked = [probe for row, probe in rows if row.expected.treatment == "block"]
    for probe in (probe for row, probe in rows if is_protect(row)):
        world.listen(probe)
        alike = [
            other for other in blocked if (other.protocol, ":" in other.source) == (probe.protocol, ":" in probe.source)
        ]
        for each in (*alike, probe):
            world.agree(each.source, each.destination)
            for policy in world.policies:
                world.wire.send(world.protect(policy, each))
        # The kernel keeps the order: what comes after the blocked ones comes after they would have.
        assert set(world.arriving(probe)) == {probe}


def test_what_is_forwarded_is_protected_on_one_side(sample: Sample, world: World) -> None:
    for row, probe in probes(sample, Direction.FORWARD):
        in_clear = world.forwarded(agent.packet(probe))
        if not is_protect(row):
            assert in_clear == ([Sighting(False, probe)] if passes(row) else []), row
        elif in_clear:
            assert in_clear == [Sighting(True, probe)], row
        else:
            for policy in world.policies:
                world.wire.send(world.protect(policy, probe))
            assert world.open(world.wire.awaited()) == Sighting(False, probe), row


CLOSED: Final = ((1, TCP, 80), (2, TCP, 443), (1, UDP, 53), (2, UDP, 123))
"""Network, protocol and port of what the policy below blocks."""

FILTER: Final = "add filter filterlist=L srcaddr=2001:db8:{}::/64 dstaddr=me protocol={} dstport={}\n"
POLICY: Final = f"""pushd ipsec static
{"".join(FILTER.format(*each) for each in CLOSED)}add filteraction name=B action=block
add policy name=P assign=yes
add rule name=R policy=P filterlist=L filteraction=B
popd
"""


def test_networks_and_protocols_of_ipv6_in_one_ruleset() -> None:
    store = store_text(POLICY, "policy.netsh")
    (policy,) = store.policies
    flat = flatten(store, policy, Site(windows=WindowsVersion.VISTA))
    ruleset = nftables.TARGET.emit(EmissionRequest(store, policy, flat)).files[0].content.decode()
    host = Machine("networks")
    with open_wire(host) as wire:
        host.nft(ruleset)
        with inside(host):
            world = World(host, wire, agent.Agent(), [])
        for network, protocol, port in product((1, 2), (TCP, UDP), (53, 80, 123, 443)):
            probe = Probe(protocol, f"2001:db8:{network}::7", str(THEIRS[6]), 49152, port)
            world.listen(probe)
            wire.send(agent.packet(probe))
            assert (probe in world.arrived()) is ((network, protocol, port) not in CLOSED), probe
        world.sockets.close()
