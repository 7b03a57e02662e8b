"""A machine whose only neighbour is the test: what it sends, the test reads, and what the test writes, it receives.

    kernel under test 10.9.0.2 ---- wire ---- 10.9.0.1 the test, for whatever addresses it likes

There is no second kernel, so nothing but the code under test answers. Packets are whole IP packets.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from esp_packets import HOSTS, INNER

from lab.harness import Machine, run
from lab.sockets import inside

TUNSETIFF: Final = 0x400454CA
IFF_TUN: Final = 0x0001
IFF_NO_PI: Final = 0x1000
NAME: Final = "wire"
QUIET: Final = ("rp_filter", "send_redirects")
LONGEST: Final = 0xFFFF
PATIENCE: Final = 20.0

OURS: Final = {family: ends[0] for family, ends in HOSTS.items()}
THEIRS: Final = {family: ends[1] for family, ends in HOSTS.items()}
OUR_INNER: Final = {family: ends[0] for family, ends in INNER.items()}
THEIR_INNER: Final = {family: ends[1] for family, ends in INNER.items()}
"""The kernel under test has `THEIRS` on the wire and `THEIR_INNER` behind itself."""


class Wire:
    """The test's end of the wire."""

    def __init__(self, machine: Machine) -> None:
        with inside(machine):
            self._tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(self._tun, TUNSETIFF, struct.pack("16sH22x", NAME.encode(), IFF_TUN | IFF_NO_PI))

    def close(self) -> None:
        """Cut the wire."""
        os.close(self._tun)

    def send(self, packet: bytes) -> None:
        """Give a packet to the kernel.

        On return it has dealt with it, except for what it took out of transport mode: that it does a little later, in
        the order of the packets.
        """
        os.write(self._tun, packet)

    def received(self) -> list[bytes]:
        """Return the packets that the kernel has sent since."""
        found = []
        while (packet := self.receive(0.0)) is not None:
            found.append(packet)
        return found

    def awaited(self) -> bytes:
        """Return the kernel's next packet; raise AssertionError if there is none."""
        packet = self.receive(PATIENCE)
        assert packet is not None, "the kernel sends nothing"
        return packet

    def receive(self, seconds: float) -> bytes | None:
        """Return the kernel's next packet, None if there is none for so long. What IPv6 says by itself is left out."""
        end = time.monotonic() + seconds
        while select.select([self._tun], [], [], max(0.0, end - time.monotonic()))[0]:
            packet = os.read(self._tun, LONGEST)
            if not _is_multicast(packet):
                return packet
        return None


def _is_multicast(packet: bytes) -> bool:
    return packet[0] >> 4 == 6 and packet[24] == 0xFF


@contextmanager
def open_wire(machine: Machine) -> Iterator[Wire]:
    """Make the machine, with addresses and everything routed to the wire; it is gone afterwards."""
    run("ip", "netns", "add", machine.name)
    wire = Wire(machine)
    try:
        machine.run("sysctl", "-qw", *(f"net.ipv4.conf.{name}.{what}=0" for name in ("all", NAME) for what in QUIET))
        for name in ("lo", NAME):
            machine.ip("link", "set", name, "up")
        for family, bits in ((4, 24), (6, 64)):
            machine.ip("addr", "add", f"{THEIRS[family]}/{bits}", "dev", NAME, *(("nodad",) if family == 6 else ()))
            machine.ip("addr", "add", THEIR_INNER[family], "dev", "lo")
            machine.ip(f"-{family}", "route", "add", "default", "dev", NAME)
        yield wire
    finally:
        wire.close()
        run("ip", "netns", "del", machine.name)
