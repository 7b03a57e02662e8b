"""A peer on loopback for probes: engines that respond behind a UDP socket, in a thread of its own."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address

from ipsecmig.ike.configuration import Configuration
from ipsecmig.ike.engine import Engine
from ipsecmig.ike.exchange import RANDOM_OCTETS
from ipsecmig.udp import Datagram, Endpoint

PROBE, PEER = ip_address("127.0.0.1"), ip_address("127.0.0.2")

Fate = Callable[[bytes, int], bytes | None]
"""What becomes of a datagram that arrives, by its octets and how many came before; None is lost."""


def arrives(datagram: bytes, number: int) -> bytes | None:
    return datagram


@dataclass
class Peer:
    """Responds with an engine for each first message, and remembers what came and went.

    The engines see both ends at port 500, wherever the sockets are.
    """

    configuration: Configuration
    udp: socket.socket
    fate: Fate = arrives
    received: list[bytes] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    engines: dict[bytes, Engine] = field(default_factory=dict)
    initiate: bool = False
    _stop: threading.Event = field(default_factory=threading.Event)

    @property
    def port(self) -> int:
        port: int = self.udp.getsockname()[1]
        return port

    def run(self) -> None:
        """Answer until it is stopped and all that came is read."""
        self.udp.settimeout(0.02)
        while True:
            try:
                data, source = self.udp.recvfrom(65535)
            except TimeoutError:
                if self._stop.is_set():
                    return
                for engine in self.engines.values():
                    engine.on_timer(time.monotonic())
                continue
            fated = self.fate(data, len(self.received))
            self.received.append(data)
            if fated is not None:
                self._answer(fated, source)

    def _answer(self, data: bytes, source: tuple[str, int]) -> None:
        engine = self.engines.setdefault(data[:8], Engine(self.configuration))
        ends = Endpoint(self.configuration.remote), Endpoint(self.configuration.local)
        engine.receive(Datagram(data, *ends), time.monotonic(), os.urandom(RANDOM_OCTETS))
        for datagram in engine.to_send():
            self.sent.append(datagram.data)
            self.udp.sendto(datagram.data, source)

    def stop(self) -> None:
        self._stop.set()


@contextmanager
def open_peer(configuration: Configuration, fate: Fate = arrives) -> Iterator[Peer]:
    """Give a peer with a socket on any port of the configuration's local address."""
    with bound(configuration.local) as udp:
        peer = Peer(configuration, udp, fate)
        thread = threading.Thread(target=peer.run)
        thread.start()
        try:
            yield peer
        finally:
            peer.stop()
            thread.join()


def bound(address: IPv4Address | IPv6Address, port: int = 0) -> socket.socket:
    udp = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
    udp.bind((str(address), port))
    return udp
