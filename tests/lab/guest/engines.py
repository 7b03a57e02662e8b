"""An engine, with our ESP and AH, as a whole host at the end of a wire: no kernel stands between it and its peer."""

from __future__ import annotations

import os
import time
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from esp_packets import everything, ip
from esp_packets import udp as udp_datagram

from ipsecmig.esp.bundle import InboundBundle, OutboundBundle
from ipsecmig.ike.events import ChildEstablished, Event
from ipsecmig.ike.wire.identification import Identification, host, subnet
from ipsecmig.model.policy import EspTransform
from ipsecmig.model.selectors import AH, ESP, UDP
from ipsecmig.model.treatment import Mode
from ipsecmig.udp import Datagram, Endpoint, Path
from ipsecmig.verify.negotiation.associations import associations
from lab.guest.echoes import echo, reply_number
from lab.guest.wire import OUR_INNER, OURS, THEIR_INNER, THEIRS, Wire

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


def bundles(child: ChildEstablished) -> tuple[OutboundBundle, InboundBundle]:
    """Return the two directions of what was agreed on."""
    way = child.path or Path(Endpoint(US), Endpoint(THEM))
    out, back = (associations(child, way, child.suite.mode, outbound=outbound) for outbound in (True, False))
    return OutboundBundle(out, everything()), InboundBundle(back, everything())


def assert_echoes_pass(wire: Wire, child: ChildEstablished, ends: tuple[str, str]) -> None:
    """Check that the kernel answers two echo requests, under what the engine agreed on."""
    out, back = bundles(child)
    bare = ESP if isinstance(child.suite.transforms[0], EspTransform) else AH
    for number in (1, 2):
        wire.send(out.protect(echo(4, ends, number), os.urandom(out.random_octets)))
        packet = wire.awaited()
        assert packet[9] == (bare if child.path is None else UDP)
        assert reply_number(4, ends, back.unprotect(packet)) == number
