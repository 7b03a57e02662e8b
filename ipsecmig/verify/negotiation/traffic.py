"""What traffic a negotiation is about: selectors as quick mode identifies them (RFC 2407 section 4.6.2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address, summarize_address_range

from ipsecmig.ike.wire.identification import Identification, host, subnet
from ipsecmig.ike.wire.numbers import IdNumber
from ipsecmig.model.selectors import AddressRange, Family, format_protocol
from ipsecmig.model.space import ALL_PORTS, ALL_PROTOCOLS, Box, Direction, Packet, Span
from ipsecmig.model.treatment import Mode

IpAddress = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Selector:
    """The traffic that one end means, seen from the host: addresses, a protocol (0: any) and ports (0: any)."""

    local: AddressRange
    remote: AddressRange
    protocol: int
    local_port: int
    remote_port: int

    def box(self) -> Box:
        """Return the packets meant, as those that go out."""
        return Box(
            (Direction.OUT, Direction.OUT),
            (self.local.family, self.local.family),
            (0, 1),
            (self.local.first, self.local.last),
            (self.remote.first, self.remote.last),
            ALL_PROTOCOLS if not self.protocol else (self.protocol, self.protocol),
            ALL_PORTS if not self.remote_port else (self.remote_port, self.remote_port),
            ALL_PORTS if not self.local_port else (self.local_port, self.local_port),
        )

    def identifications(self) -> tuple[Identification, Identification]:
        """Return the identifications of the local and of the remote side."""
        return (
            _identification(self.local, self.protocol, self.local_port),
            _identification(self.remote, self.protocol, self.remote_port),
        )

    def text(self) -> str:
        """Return it as reports write it: `tcp 10.0.0.5 - 10.1.0.9:445`."""
        ends = ((self.local, self.local_port), (self.remote, self.remote_port))
        local, remote = (f"{addresses.text()}:{port}" if port else addresses.text() for addresses, port in ends)
        return f"{format_protocol(self.protocol)} {local} - {remote}"


def selector_for(box: Box, packet: Packet, mode: Mode) -> Selector | None:
    """Return what quick mode is about when `packet` of `box` needs an SA; None where IKEv1 cannot say it.

    In transport mode the addresses are those of the two hosts, as Windows and charon both have it; in tunnel mode
    those of the selector. A range of ports has no form in IKEv1.
    """
    if any(_is_range(span) for span in (box.local_port, box.remote_port)) or _is_some(box.protocol):
        return None
    family = Family(packet.family)
    wide = mode is Mode.TUNNEL
    return Selector(
        AddressRange(family, *(box.local if wide else (packet.local, packet.local))),
        AddressRange(family, *(box.remote if wide else (packet.remote, packet.remote))),
        0 if box.protocol == ALL_PROTOCOLS else box.protocol[0],
        0 if box.local_port == ALL_PORTS else box.local_port[0],
        0 if box.remote_port == ALL_PORTS else box.remote_port[0],
    )


def _is_range(span: Span) -> bool:
    return span != ALL_PORTS and (span[0] != span[1] or not span[0])


def _is_some(span: Span) -> bool:
    return span != ALL_PROTOCOLS and span[0] != span[1]


def turned(packet: Packet) -> Packet:
    """Return the answer to a packet of this host: what comes in for what goes out, and the other way round."""
    if packet.direction == Direction.FORWARD:
        return packet._replace(
            local=packet.remote, remote=packet.local, local_port=packet.remote_port, remote_port=packet.local_port
        )
    return packet._replace(direction=Direction.IN if packet.direction == Direction.OUT else Direction.OUT)


def address(number: int, family: int) -> IpAddress:
    """Return an address by its number."""
    return ip_address(number.to_bytes(4 if family == Family.IPV4 else 16, "big"))


def _identification(addresses: AddressRange, protocol: int, port: int) -> Identification:
    first, last = (address(number, addresses.family) for number in (addresses.first, addresses.last))
    if addresses.is_host:
        return host(first, protocol, port)
    if addresses.prefix_length is not None:
        (network,) = summarize_address_range(first, last)
        return subnet(network, protocol, port)
    kind = IdNumber.IPV4_RANGE if addresses.family is Family.IPV4 else IdNumber.IPV6_RANGE
    return Identification(kind, protocol, port, first.packed + last.packed)


def as_seen_by_peer(selector: Selector) -> Selector:
    """Return the selector with its sides exchanged."""
    return replace(
        selector,
        local=selector.remote,
        remote=selector.local,
        local_port=selector.remote_port,
        remote_port=selector.local_port,
    )
