"""UDP sockets for one negotiation with one peer: the only place of the project that has sockets.

The engine speaks of ports 500 and 4500. Where this host cannot have those, or the peer listens elsewhere, other ports
take their places on the wire (`Ports`), and what the engine sees stays the same.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, NamedTuple

from ipsecmig.errors import UsageError
from ipsecmig.probe.packets import ip_packet
from ipsecmig.udp import IKE_PORT, Datagram, Endpoint

Address = IPv4Address | IPv6Address

MAX_WAITING: Final = 256
"""How many datagrams may wait to be read; the socket's owner drops what comes on top."""

_LARGEST: Final = 65_535
_FAMILIES: Final = {4: socket.AF_INET, 6: socket.AF_INET6}


class Ports(NamedTuple):
    """The port of each end that takes the place of 500; 0 at the local end is any that is free."""

    local: int = IKE_PORT
    remote: int = IKE_PORT


USUAL_PORTS: Final = Ports()


@dataclass(frozen=True, slots=True)
class Arrived:
    """A datagram of the peer: as the engine is to see it, and as it was on the wire."""

    datagram: Datagram
    on_wire: Datagram


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The network said that the peer cannot be reached; `reason` is in words."""

    reason: str


def resolve(name: str) -> Address:
    """Return the address of a host, the first that the system gives. Raises UsageError if there is none."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except OSError as failure:
        raise UsageError(f"{name}: no address can be found for this name ({failure.strerror})") from None
    except UnicodeError:
        raise UsageError(f"{name}: not a host name") from None
    return ip_address(str(found[0][4][0]).partition("%")[0])


def source_address(remote: Address) -> Address:
    """Return the address that this host uses towards `remote`; nothing is sent.

    Raises UsageError where there is no way to it.
    """
    with socket.socket(_FAMILIES[remote.version], socket.SOCK_DGRAM) as udp:
        try:
            udp.connect((str(remote), IKE_PORT))
        except OSError as failure:
            raise UsageError(f"{remote}: cannot be reached from here ({failure.strerror})") from None
        return ip_address(str(udp.getsockname()[0]).partition("%")[0])


class _Arrivals(asyncio.DatagramProtocol):
    """Hands what comes to a socket over to a queue."""

    def __init__(self, queue: asyncio.Queue[Arrived | Unreachable], arrived: Callable[..., Arrived | None]) -> None:
        self._queue = queue
        self._arrived = arrived

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take in a datagram; those of others than the peer are left lying."""
        found = self._arrived(data, Endpoint(ip_address(addr[0].partition("%")[0]), addr[1]))
        if found is not None and self._queue.qsize() < MAX_WAITING:
            self._queue.put_nowait(found)

    def error_received(self, exc: Exception) -> None:
        """Take in what the network said about a datagram that was sent."""
        self._queue.put_nowait(Unreachable(_network_error(exc)))


_NETWORK_ERRORS: Final = {
    errno.ECONNREFUSED: "the host answers that nothing listens at this UDP port (ICMP port unreachable)",
    errno.EHOSTUNREACH: "the host cannot be reached (ICMP host unreachable, or no answer to ARP)",
    errno.ENETUNREACH: "there is no way to the host's network",
    errno.EACCES: "a firewall forbids it (ICMP administratively prohibited, or a rule of this host)",
    errno.EPERM: "a firewall of this host forbids it",
}


def _network_error(failure: Exception) -> str:
    number = failure.errno if isinstance(failure, OSError) else None
    return _NETWORK_ERRORS.get(number or 0, str(failure))


class Wire:
    """The sockets towards one peer; close it at the end. With `listen` the peer may come from any port."""

    def __init__(self, local: Address, remote: Address, ports: Ports = USUAL_PORTS, *, listen: bool = False) -> None:
        self._local, self._remote, self._ports, self._listen = local, remote, ports, listen
        self._queue: asyncio.Queue[Arrived | Unreachable] = asyncio.Queue()
        self._transports: dict[int, asyncio.DatagramTransport] = {}

    async def open(self, port: int = IKE_PORT) -> None:
        """Open the socket that the engine knows as `port`, unless it is open. Raises UsageError if it cannot be had."""
        if port in self._transports:
            return
        udp = self._bound(self._number(port))
        try:
            if not self._listen:
                udp.connect((str(self._remote), self._there(port)))
        except OSError as failure:
            udp.close()
            raise UsageError(f"{self._remote}: cannot be reached from here ({failure.strerror})") from None
        arrived = _Translation(port, Endpoint(self._local, udp.getsockname()[1]), self._remote, self._ports).arrived
        loop = asyncio.get_running_loop()
        self._transports[port], _ = await loop.create_datagram_endpoint(
            lambda: _Arrivals(self._queue, arrived), sock=udp
        )

    def _number(self, port: int) -> int:
        """Return the local port for what the engine knows as `port`: that itself unless another was asked for."""
        if port == IKE_PORT:
            return self._ports.local
        return port if self._ports.local == IKE_PORT else 0

    def _there(self, port: int) -> int:
        return self._ports.remote if port == IKE_PORT else port

    def _bound(self, port: int) -> socket.socket:
        udp = socket.socket(_FAMILIES[self._local.version], socket.SOCK_DGRAM)
        udp.setblocking(False)
        try:
            udp.bind((str(self._local), port))
        except OSError as failure:
            udp.close()
            raise UsageError(_bind_problem(self._local, port, failure)) from None
        return udp

    def send(self, datagram: Datagram) -> Datagram:
        """Send a datagram of the engine from the port that it names, and return it as it is on the wire."""
        transport = self._transports[datagram.source.port]
        own = Endpoint(self._local, transport.get_extra_info("sockname")[1])
        theirs = Endpoint(self._remote, self._there(datagram.destination.port))
        transport.sendto(datagram.data, (str(theirs.address), theirs.port) if self._listen else None)
        return Datagram(datagram.data, own, theirs)

    async def receive(self, seconds: float) -> Arrived | Unreachable | None:
        """Return the next datagram of the peer or word of the network; None if there is none in time."""
        try:
            return await asyncio.wait_for(self._queue.get(), max(seconds, 0.0))
        except TimeoutError:
            return None

    def close(self) -> None:
        """Close the sockets."""
        for transport in self._transports.values():
            transport.close()


class _Translation(NamedTuple):
    """What a socket knows of itself: the engine's name of its port, its own endpoint, and its peer."""

    port: int
    own: Endpoint
    remote: Address
    ports: Ports

    def arrived(self, data: bytes, source: Endpoint) -> Arrived | None:
        """Return a datagram to the socket as the engine is to see it; None if it is not the peer's."""
        if source.address != self.remote:
            return None
        port = IKE_PORT if source.port == self.ports.remote else source.port
        seen = Datagram(data, Endpoint(source.address, port), Endpoint(self.own.address, self.port))
        return Arrived(seen, Datagram(data, source, self.own))


class RawWire:
    """IP packets of ESP or AH to and from one peer; close it at the end. Raises UsageError where that is denied."""

    def __init__(self, local: Address, remote: Address, protocol: int) -> None:
        self._local, self._remote, self._protocol = local, remote, protocol
        family = _FAMILIES[local.version]
        opened: list[socket.socket] = []
        try:
            opened.append(socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW))
            opened.append(socket.socket(family, socket.SOCK_RAW, protocol))
            opened[1].setblocking(False)
            opened[1].bind((str(local), 0))
        except OSError as failure:
            for one in opened:
                one.close()
            raise UsageError(f"ESP and AH without UDP need raw sockets ({failure.strerror}): run as root") from None
        self._out, self._in = opened

    def send(self, packet: bytes) -> None:
        """Send a packet with its own header."""
        self._out.sendto(packet, (str(self._remote), 0))

    async def receive(self, seconds: float) -> bytes | None:
        """Return the next packet of the peer, None if there is none in time or it is another's."""
        loop = asyncio.get_running_loop()
        try:
            data, source = await asyncio.wait_for(loop.sock_recvfrom(self._in, _LARGEST), max(seconds, 0.0))
        except TimeoutError:
            return None
        if ip_address(str(source[0]).partition("%")[0]) != self._remote:
            return None
        # The header of IPv6 does not come along.
        return data if self._local.version == 4 else ip_packet(self._remote, self._local, self._protocol, data)

    def close(self) -> None:
        """Close the sockets."""
        self._out.close()
        self._in.close()


_ELSEWHERE: Final = (
    "--source-port 0 takes any free port, but peers that insist on port 500 do not answer there, and others take it"
    " for a NAT"
)


def _bind_problem(address: Address, port: int, failure: OSError) -> str:
    if failure.errno == errno.EADDRINUSE:
        return f"UDP port {port} of this host is taken, by an IKE daemon for example: stop that, or {_ELSEWHERE}"
    if failure.errno in {errno.EACCES, errno.EPERM}:
        return f"UDP port {port} needs root (or CAP_NET_BIND_SERVICE): run as root, or {_ELSEWHERE}"
    return f"UDP port {port} of {address} cannot be had ({failure.strerror})"
