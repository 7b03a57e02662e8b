"""UDP sockets inside a machine of the lab, at the two ports of IKE, for engines that run in the test itself."""

from __future__ import annotations

import ctypes
import os
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address

from ipsecmig.udp import IKE_PORT, NAT_T_PORT, Datagram, Endpoint
from lab.harness import Machine

CLONE_NEWNET = 0x40000000


@contextmanager
def inside(machine: Machine) -> Iterator[None]:
    """Let what is opened meanwhile, such as a socket, be in the machine's network namespace."""
    own, theirs = (os.open(path, os.O_RDONLY) for path in ("/proc/self/ns/net", f"/run/netns/{machine.name}"))
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        if libc.setns(theirs, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        try:
            yield
        finally:
            libc.setns(own, CLONE_NEWNET)
    finally:
        os.close(own)
        os.close(theirs)


class IkeSockets:
    """The sockets at ports 500 and 4500 of one address."""

    def __init__(self, machine: Machine, address: str) -> None:
        self._sockets: dict[int, socket.socket] = {}
        with inside(machine):
            for port in (IKE_PORT, NAT_T_PORT):
                self._sockets[port] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                self._sockets[port].bind((address, port))
        self._address = IPv4Address(address)

    def send(self, datagram: Datagram) -> None:
        """Send a datagram from the socket that its source says."""
        destination = (str(datagram.destination.address), datagram.destination.port)
        self._sockets[datagram.source.port].sendto(datagram.data, destination)

    def receive(self, seconds: float) -> Datagram | None:
        """Return the next datagram, None if there is none for so long."""
        ready, _, _ = select.select(list(self._sockets.values()), [], [], max(0.0, seconds))
        if not ready:
            return None
        data, (address, port) = ready[0].recvfrom(65535)
        local = Endpoint(self._address, ready[0].getsockname()[1])
        return Datagram(data, Endpoint(IPv4Address(address), port), local)

    def close(self) -> None:
        """Close the sockets."""
        for each in self._sockets.values():
            each.close()


@contextmanager
def ike_sockets(machine: Machine, address: str) -> Iterator[IkeSockets]:
    """Give the sockets of an address of the machine; they are closed afterwards."""
    sockets = IkeSockets(machine, address)
    try:
        yield sockets
    finally:
        sockets.close()
