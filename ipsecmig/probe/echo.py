"""One echo request under the SA that was negotiated, and the wait for its reply."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, Protocol

from ipsecmig.errors import UsageError
from ipsecmig.esp.association import OriginalAddresses, SecurityAssociation, SecurityProtocol, UdpEncapsulation
from ipsecmig.esp.bundle import InboundBundle, OutboundBundle
from ipsecmig.esp.errors import PacketRejected
from ipsecmig.esp.udp import Contents, classify
from ipsecmig.ike.events import ChildEstablished, ProtocolSa
from ipsecmig.model.algorithms import ENCRYPTION
from ipsecmig.model.policy import AhTransform, EspTransform
from ipsecmig.model.selectors import AddressRange, Family
from ipsecmig.model.space import Direction, box
from ipsecmig.model.treatment import Mode
from ipsecmig.probe.packets import ECHO_PROTOCOL, echo_request, is_reply, udp_packet, udp_payload
from ipsecmig.probe.region import Plan
from ipsecmig.probe.session import Session
from ipsecmig.probe.transport import Arrived, RawWire
from ipsecmig.udp import NAT_T_PORT, Datagram, Path

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
    outermost = _ordered(child)[0][1]
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
    outbound = OutboundBundle(associations(child, path, outbound=True), (selected,))
    inbound = InboundBundle(associations(child, path, outbound=False), (selected,))
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


def _ordered(child: ChildEstablished) -> list[tuple[ProtocolSa, AhTransform | EspTransform]]:
    """Return the SAs with their transforms, outermost first: AH goes around ESP."""
    pairs = zip(child.associations, child.suite.transforms, strict=True)
    return sorted(pairs, key=lambda pair: isinstance(pair[1], EspTransform))


def associations(child: ChildEstablished, path: Path, *, outbound: bool) -> tuple[SecurityAssociation, ...]:
    """Return the SAs of one direction between the ends of the path, outermost first; AH around ESP is no tunnel."""
    pairs = _ordered(child)
    modes = [child.suite.mode] if len(pairs) == 1 else [Mode.TRANSPORT, child.suite.mode]
    return tuple(
        _association(child, pair, mode, path if outbound else Path(path.remote, path.local), outbound=outbound)
        for pair, mode in zip(pairs, modes, strict=True)
    )


def _association(
    child: ChildEstablished,
    pair: tuple[ProtocolSa, AhTransform | EspTransform],
    mode: Mode,
    way: Path,
    *,
    outbound: bool,
) -> SecurityAssociation:
    """Return one SA; `way` leads from the sender of its packets to their receiver."""
    sa, transform = pair
    spi, key = (sa.outbound_spi, sa.outbound_key) if outbound else (sa.inbound_spi, sa.inbound_key)
    cipher = transform.encryption if isinstance(transform, EspTransform) else None
    cut = 0 if cipher is None else ENCRYPTION[cipher].key_bits // 8
    encapsulated = child.path is not None and cipher is not None
    return SecurityAssociation(
        int.from_bytes(spi, "big"),
        SecurityProtocol.AH if cipher is None else SecurityProtocol.ESP,
        mode,
        way.local.address.packed,
        way.remote.address.packed,
        transform.integrity,
        key[cut:],
        cipher,
        key[:cut],
        UdpEncapsulation(way.local.port, way.remote.port) if encapsulated else None,
        _originals(child, mode) if encapsulated and not outbound else None,
    )


def _originals(child: ChildEstablished, mode: Mode) -> OriginalAddresses | None:
    found = child.originals
    if found is None or found.remote is None or found.local is None or mode is Mode.TUNNEL:
        # What is not told cannot be repaired; an ICMP echo, whose checksum covers no addresses, needs no repair.
        return None
    return OriginalAddresses(found.remote.packed, found.local.packed)
