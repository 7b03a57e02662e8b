"""The check of a packet against what its association was negotiated for, RFC 2401 section 5.2.1."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from ipsecmig.esp.errors import PacketRejected, Reason
from ipsecmig.esp.headers import upper_layer, whole_packet
from ipsecmig.model.space import ALL_PORTS, WITH_PORTS, Box

_PORTS: Final = struct.Struct("!HH")
_PLAIN_OCTETS: Final = 24
"""An IPv4 header without options and the ports, or what stands there."""


class Flow(NamedTuple):
    """What selectors see of a packet. `ports` are source and destination; None when hidden in another fragment."""

    family: int
    source: int
    destination: int
    protocol: int
    ports: tuple[int, int] | None


def flow_of(packet: bytes) -> Flow:
    """Return what selectors see of an IP packet; a protocol without ports has 0 for both. Raises PacketRejected."""
    packet = whole_packet(packet)
    protocol, at, is_start = upper_layer(packet)
    version = packet[0] >> 4
    first, second, third = (12, 16, 20) if version == 4 else (8, 24, 40)
    source, destination = int.from_bytes(packet[first:second], "big"), int.from_bytes(packet[second:third], "big")
    ports: tuple[int, int] | None = (0, 0)
    if not is_start:
        ports = None
    elif protocol in WITH_PORTS:
        if len(packet) < at + 4:
            raise PacketRejected(Reason.TRUNCATED, "ports")
        source_port, destination_port = _PORTS.unpack_from(packet, at)
        ports = source_port, destination_port
    return Flow(version, source, destination, protocol, ports)


class Admission:
    """The check against `boxes`, for the packets of one direction.

    Boxes are seen from this end of the association, which is their local side, whatever their direction and link,
    which are not looked at. Ports that cannot be seen are only in a box of all ports (RFC 2401 section 4.4.2: opaque).
    """

    __slots__ = ("_boxes", "_last", "_outbound")

    def __init__(self, boxes: tuple[Box, ...], *, outbound: bool) -> None:
        self._boxes = boxes
        self._outbound = outbound
        self._last = b""

    def check(self, packet: bytes) -> None:
        """Raise PacketRejected(SELECTOR_MISMATCH) unless the packet is in one of the boxes.

        Raises it for another reason when the packet is too damaged to tell.
        """
        # Packets come in runs of one flow, so the last that passed is known by its protocol, addresses and ports.
        key = _flow_octets(packet)
        if key and key == self._last:
            return
        flow = flow_of(packet)
        if not any(_contains(box, flow, outbound=self._outbound) for box in self._boxes):
            raise PacketRejected(Reason.SELECTOR_MISMATCH)
        self._last = key


def _flow_octets(packet: bytes) -> bytes:
    """Return the octets of protocol, addresses and ports; empty where they are not all in their usual places."""
    if packet[:1] != b"\x45" or len(packet) < _PLAIN_OCTETS or packet[6] & 0x1F or packet[7]:
        return b""
    ends_early = not packet[2] and packet[3] < _PLAIN_OCTETS
    return b"" if ends_early else packet[9:10] + packet[12:_PLAIN_OCTETS]


def _contains(box: Box, flow: Flow, *, outbound: bool) -> bool:
    source, destination = (box.local, box.remote) if outbound else (box.remote, box.local)
    return (
        box.family[0] <= flow.family <= box.family[1]
        and source[0] <= flow.source <= source[1]
        and destination[0] <= flow.destination <= destination[1]
        and box.protocol[0] <= flow.protocol <= box.protocol[1]
        and _contains_ports(box, flow.ports, outbound=outbound)
    )


def _contains_ports(box: Box, ports: tuple[int, int] | None, *, outbound: bool) -> bool:
    source, destination = (box.local_port, box.remote_port) if outbound else (box.remote_port, box.local_port)
    if ports is None:
        return source == ALL_PORTS and destination == ALL_PORTS
    return source[0] <= ports[0] <= source[1] and destination[0] <= ports[1] <= destination[1]
