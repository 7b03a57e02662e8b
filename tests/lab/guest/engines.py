"""An engine, with our ESP and AH, as a whole host at the end of a wire: no kernel stands between it and its peer."""

from __future__ import annotations

import os
import socket
import time
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from esp_packets import everything, ip
from esp_packets import udp as udp_datagram

from ipsecmig.esp.bundle import InboundBundle, OutboundBundle
from ipsecmig.ike.events import ChildEstablished, Event
from ipsecmig.ike.wire.identification import Identification, host, subnet
from ipsecmig.model.selectors import UDP
from ipsecmig.model.treatment import Mode
from ipsecmig.udp import Datagram, Endpoint, Path
from ipsecmig.verify.negotiation.associations import associations
from lab import agent
from lab.guest.echoes import echo, reply_number
from lab.guest.wire import OUR_INNER, OURS, PATIENCE, THEIR_INNER, THEIRS, Wire
from lab.harness import Machine
from lab.sockets import inside

Ends = tuple[str, str]
Pair = tuple[OutboundBundle, InboundBundle]

US, THEM = IPv4Address(OURS[4]), IPv4Address(THEIRS[4])
BEHIND: Final = {Mode.TRANSPORT: (OURS[4], THEIRS[4]), Mode.TUNNEL: (OUR_INNER[4], THEIR_INNER[4])}
"""The ends of what is protected, by mode: ours and the kernel's."""


def network(address: str) -> IPv4Network:
    return IPv4Network(f"{address}/24", strict=False)


def identification(address: str, mode: Mode) -> Identification:
    return host(IPv4Address(address)) if mode is Mode.TRANSPORT else subnet(network(address))


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


def bundles(child: ChildEstablished) -> Pair:
    """Return the two directions of what was agreed on; their sequence numbers begin here."""
    way = child.path or Path(Endpoint(US), Endpoint(THEM))
    out, back = (associations(child, way, child.suite.mode, outbound=outbound) for outbound in (True, False))
    return OutboundBundle(out, everything()), InboundBundle(back, everything())


def assert_echoes_pass(wire: Wire, pair: Pair, ends: Ends) -> None:
    """Check that the kernel answers two echo requests, under what the engine agreed on."""
    out, back = pair
    outermost = out.senders[0].sa
    for number in (1, 2):
        wire.send(out.protect(echo(4, ends, number), os.urandom(out.random_octets)))
        packet = wire.awaited()
        assert packet[9] == (outermost.protocol if outermost.udp is None else UDP)
        assert reply_number(4, ends, back.unprotect(packet)) == number


def assert_datagrams_pass(machine: Machine, wire: Wire, pair: Pair, kernels: str, seen: Ends) -> None:
    """Check that a program of the machine gets a datagram of ours and we its answer, with the checksums right for us.

    `kernels` is the address of the machine itself, `seen` are the two ends as we know them: ours and the machine's.
    """
    out, back = pair
    ours, theirs = seen
    asked, answered = (UDP, ours, theirs, 2000, 3000), (UDP, theirs, ours, 3000, 2000)
    with inside(machine):
        program = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with program:
        program.settimeout(PATIENCE)
        program.bind((kernels, 3000))
        wire.send(out.protect(agent.packet(asked), os.urandom(out.random_octets)))
        data, peer = program.recvfrom(100)
        program.sendto(data, peer)
        received = back.unprotect(wire.awaited())
    assert agent.parse(received) == answered
    assert received[20:] == agent.packet(answered)[20:]
