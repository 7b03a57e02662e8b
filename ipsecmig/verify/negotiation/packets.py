"""Real packets through the SAs that were negotiated."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from ipsecmig.esp.bundle import InboundBundle, OutboundBundle
from ipsecmig.esp.errors import PacketRejected
from ipsecmig.esp.headers import checksum
from ipsecmig.ike.events import ChildEstablished
from ipsecmig.model.selectors import ICMP, ICMPV6, TCP, UDP, Family
from ipsecmig.model.space import Packet
from ipsecmig.model.treatment import Mode
from ipsecmig.udp import Endpoint, Path
from ipsecmig.verify.negotiation.associations import associations
from ipsecmig.verify.negotiation.conversation import RandomOctets
from ipsecmig.verify.negotiation.traffic import IpAddress, Selector, as_seen_by_peer

_DATA: Final = b"ipsecmig verify --negotiate"


@dataclass(frozen=True, slots=True)
class Ends:
    """The addresses between which packets travel protected: those of the hosts, or of the ends of a tunnel."""

    local: IpAddress
    remote: IpAddress


def why_not_passed(
    children: tuple[ChildEstablished, ChildEstablished],
    selector: Selector,
    ends: Ends,
    mode: Mode,
    packet: Packet,
    random: RandomOctets,
) -> str | None:
    """Return why a packet, or its answer, did not pass between the host and its peer; None if both passed.

    `children` are those of the host and of the peer; `packet` is one that goes out from the host.
    """
    host, peer = children
    here = Path(Endpoint(ends.local), Endpoint(ends.remote))
    there = Path(here.remote, here.local)
    ways = (
        (host, here, selector, peer, there, as_seen_by_peer(selector), plain_packet(packet)),
        (peer, there, as_seen_by_peer(selector), host, here, selector, plain_packet(_answer(packet))),
    )
    for sender, out_ends, out_selector, receiver, in_ends, in_selector, octets in ways:
        outbound = OutboundBundle(associations(sender, out_ends, mode, outbound=True), (out_selector.box(),))
        inbound = InboundBundle(associations(receiver, in_ends, mode, outbound=False), (in_selector.box(),))
        try:
            arrived = inbound.unprotect(outbound.protect(octets, random(outbound.random_octets)))
        except PacketRejected as rejected:
            return str(rejected)
        if arrived != octets:
            return "the packet that arrived is not the one that was sent"
    return None


def _answer(packet: Packet) -> Packet:
    return packet._replace(
        local=packet.remote, remote=packet.local, local_port=packet.remote_port, remote_port=packet.local_port
    )


def plain_packet(packet: Packet) -> bytes:
    """Return an IP packet that goes from the local to the remote end of `packet`, with a few octets of data."""
    payload = _payload(packet)
    octets = 4 if packet.family == Family.IPV4 else 16
    ends = packet.local.to_bytes(octets, "big") + packet.remote.to_bytes(octets, "big")
    if packet.family == Family.IPV6:
        return struct.pack("!IHBB", 0x60000000, len(payload), packet.protocol, 64) + ends + payload
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, packet.protocol, 0)
    return head[:10] + checksum(head + ends).to_bytes(2, "big") + ends + payload


def _payload(packet: Packet) -> bytes:
    ports = struct.pack("!HH", packet.local_port, packet.remote_port)
    if packet.protocol == TCP:
        return ports + struct.pack("!IIBBHHH", 0, 0, 0x50, 0x02, 65535, 0, 0) + _DATA
    if packet.protocol == UDP:
        return ports + struct.pack("!HH", 8 + len(_DATA), 0) + _DATA
    if packet.protocol in {ICMP, ICMPV6}:
        return struct.pack("!BBHHH", 8 if packet.protocol == ICMP else 128, 0, 0, 1, 1) + _DATA
    return ports + _DATA
