"""One echo request under the SA that was negotiated, and the wait for its reply."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, Protocol

from ipsecmig.errors import UsageError
from ipsecmig.esp.association import SecurityProtocol
from ipsecmig.esp.bundle import InboundBundle, OutboundBundle
from ipsecmig.esp.errors import PacketRejected
from ipsecmig.esp.udp import Contents, classify
from ipsecmig.ike.events import ChildEstablished
from ipsecmig.model.policy import AhTransform
from ipsecmig.model.selectors import AddressRange, Family
from ipsecmig.model.space import Direction, box
from ipsecmig.model.treatment import Mode
from ipsecmig.probe.packets import ECHO_PROTOCOL, echo_request, is_reply, udp_packet, udp_payload
from ipsecmig.probe.region import Plan
from ipsecmig.probe.session import Session
from ipsecmig.probe.transport import Arrived, RawWire
from ipsecmig.udp import NAT_T_PORT, Datagram, Path
from ipsecmig.verify.negotiation.associations import associations, ordered

Address = IPv4Address | IPv6Address

DATA: Final = b"ipsecmig probe"
PATIENCE: Final = 3.0
"""For how many seconds the reply is waited for."""


@dataclass(frozen=True, slots=True)
class Echo:
    """What came of the echo request: after how many seconds the reply came, None for none, and what there is to say."""

    seconds: float | None
    reason: str


class Carrier(Protocol):
    """What carries protected packets."""

    async def send(self, packet: bytes) -> None:
        """Send a packet."""

    async def receive(self, seconds: float) -> bytes | None:
        """Return a packet that may be protected, None if there is none in time."""


async def ping(session: Session, plan: Plan, child: ChildEstablished) -> Echo:
    """Send one echo request under the child, and wait for the reply."""
    ends = _inner_ends(plan)
    if child.local.protocol not in (0, ECHO_PROTOCOL[ends[0].version]):
        return Echo(None, "not sent: the SA is not for ICMP; --packet chooses traffic that is")
    if child.path is not None:
        return await _exchange(_InUdp(session, child.path), child, ends, child.path)
    local, remote = plan.configuration.local, plan.configuration.remote
    outermost = ordered(child)[0][1]
    protocol = SecurityProtocol.AH if isinstance(outermost, AhTransform) else SecurityProtocol.ESP
    try:
        raw = RawWire(local, remote, protocol)
    except UsageError as problem:
        return Echo(None, f"not sent: {problem}")
    try:
        return await _exchange(_Raw(session, raw), child, ends, session.path)
    finally:
        raw.close()


def _inner_ends(plan: Plan) -> tuple[Address, Address]:
    """Return from where to where the echo request goes: the two hosts, or two hosts of the networks behind a tunnel."""
    configuration, region = plan.configuration, plan.region
    if configuration.traffic.mode is Mode.TRANSPORT:
        return configuration.local, configuration.remote
    octets = Family(region.packet.family).bits // 8
    near, far = (ip_address(number.to_bytes(octets, "big")) for number in (region.packet.local, region.packet.remote))
    return (configuration.local if region.filter.source.me else near), far


async def _exchange(carrier: Carrier, child: ChildEstablished, ends: tuple[Address, Address], path: Path) -> Echo:
    selected = box(Direction.OUT, _one(ends[0]), _one(ends[1]), ECHO_PROTOCOL[ends[0].version])
    outbound = OutboundBundle(associations(child, path, child.suite.mode, outbound=True), (selected,))
    inbound = InboundBundle(associations(child, path, child.suite.mode, outbound=False), (selected,))
    identifier, began, problem = int.from_bytes(os.urandom(2), "big"), time.monotonic(), ""
    await carrier.send(outbound.protect(echo_request(*ends, identifier, DATA), os.urandom(outbound.random_octets)))
    while (left := began + PATIENCE - time.monotonic()) > 0:
        packet = await carrier.receive(left)
        if packet is None:
            continue
        try:
            if is_reply(inbound.unprotect(packet), identifier, DATA):
                return Echo(time.monotonic() - began, f"{ends[1]} answered under protection")
        except PacketRejected as rejected:
            problem = f"; of what came, the last was rejected: {rejected}"
    return Echo(None, f"no reply from {ends[1]} in {PATIENCE:.0f} s{problem}")


def _one(address: Address) -> AddressRange:
    return AddressRange(Family(address.version), int(address), int(address))


class _InUdp:
    """ESP in UDP, through the sockets of IKE."""

    def __init__(self, session: Session, path: Path) -> None:
        self._session, self._path = session, path

    async def send(self, packet: bytes) -> None:
        await self._session.send(Datagram(udp_payload(packet), *self._path))

    async def receive(self, seconds: float) -> bytes | None:
        arrived = await self._session.receive(seconds)
        if not isinstance(arrived, Arrived) or arrived.datagram.destination.port != NAT_T_PORT:
            return None
        try:
            contents = classify(arrived.datagram.data)
        except PacketRejected:
            return None
        return udp_packet(arrived.datagram) if contents is Contents.ESP else None


class _Raw:
    """ESP or AH in IP, through raw sockets."""

    def __init__(self, session: Session, wire: RawWire) -> None:
        self._session, self._wire = session, wire

    async def send(self, packet: bytes) -> None:
        self._wire.send(packet)
        self._session.note(packet)

    async def receive(self, seconds: float) -> bytes | None:
        packet = await self._wire.receive(seconds)
        if packet is not None:
            self._session.note(packet)
        return packet
