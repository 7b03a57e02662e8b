"""The space of packets, and boxes in it.

A packet is a point with eight coordinates. Local and remote are seen from the host that holds the policy: a packet
that goes out has its source as local end, one that comes in its destination; of a forwarded packet the source is
called local. A packet of a protocol without ports has port 0 at both ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from functools import lru_cache
from typing import Final, NamedTuple

from ipsecmig.model.selectors import (
    ANY_PORT,
    ANY_PROTOCOL,
    AddressRange,
    Family,
    PortRange,
    format_address,
    format_protocol,
)


class Direction(IntEnum):
    """How a packet meets the host."""

    OUT = 0
    IN = 1
    FORWARD = 2

    @property
    def label(self) -> str:
        """The word used in output: `out`, `in` or `forward`."""
        return self.name.lower()


class Link(IntEnum):
    """The kind of interface that a packet passes: Windows tells dial-up (PPP) from everything else."""

    LAN = 0
    DIALUP = 1


Span = tuple[int, int]
"""An interval of integers, both ends included."""

ALL_LINKS: Final[Span] = (Link.LAN, Link.DIALUP)
ALL_PROTOCOLS: Final[Span] = (0, 255)
ALL_PORTS: Final[Span] = (0, 65535)

WITH_PORTS: Final = frozenset({6, 17, 33, 132, 136})
"""The protocols whose packets have ports: TCP, UDP, DCCP (RFC 4340), SCTP (RFC 9260) and UDP-Lite (RFC 3828)."""


class Box(NamedTuple):
    """A product of intervals: the packets whose every coordinate lies in the interval of that name.

    `direction` and `family` are single values written as intervals of one, so that every field is a `Span`; the
    order of the fields is the order in which the decision diagram asks.
    """

    direction: Span
    family: Span
    link: Span
    local: Span
    remote: Span
    protocol: Span
    remote_port: Span
    local_port: Span

    def intersection(self, other: Box) -> Box | None:
        """Return the packets in both boxes, or None when there are none."""
        spans = [(max(a, c), min(b, d)) for (a, b), (c, d) in zip(self, other, strict=True)]
        return None if any(low > high for low, high in spans) else Box(*spans)

    def contains(self, other: Box) -> bool:
        """Whether every packet of `other` is in this box."""
        return all(a <= c and d <= b for (a, b), (c, d) in zip(self, other, strict=True))

    def text(self) -> str:
        """Return the box in the notation of packets, with ranges: `out tcp any > 10.1.0.0/16:445`."""
        family = Family(self.family[0])
        local = _range_text(family, self.local, self.local_port)
        remote = _range_text(family, self.remote, self.remote_port)
        source, destination = (remote, local) if self.direction[0] == Direction.IN else (local, remote)
        link = "" if self.link == ALL_LINKS else f" {Link(self.link[0]).name.lower()}"
        protocol = _protocol_text(self.protocol)
        return f"{Direction(self.direction[0]).label} {protocol} {source} > {destination}{link}"


class Packet(NamedTuple):
    """One point of the space; the fields are those of `Box`."""

    direction: int
    family: int
    link: int
    local: int
    remote: int
    protocol: int
    remote_port: int
    local_port: int

    def text(self) -> str:
        """Return the packet in the notation of the command line, `out tcp 10.0.0.5:49152 > 10.1.0.9:445`.

        The left side is the source. Packets on a dial-up interface end in ` dialup`.
        """
        family = Family(self.family)
        local = _endpoint(family, self.local, self.protocol, self.local_port)
        remote = _endpoint(family, self.remote, self.protocol, self.remote_port)
        source, destination = (remote, local) if self.direction == Direction.IN else (local, remote)
        link = " dialup" if self.link == Link.DIALUP else ""
        name = format_protocol(self.protocol) if self.protocol != ANY_PROTOCOL else "0"
        return f"{Direction(self.direction).label} {name} {source} > {destination}{link}"


def _range_text(family: Family, addresses: Span, ports: Span) -> str:
    whole = addresses == (0, family.last)
    text = ("any" if family is Family.IPV4 else "::/0") if whole else AddressRange(family, *addresses).text()
    if ports == ALL_PORTS:
        return text
    bracketed = f"[{text}]" if family is Family.IPV6 else text
    return f"{bracketed}:{PortRange(*ports).text()}"


def _protocol_text(protocols: Span) -> str:
    if protocols == ALL_PROTOCOLS:
        return "any"
    first, last = protocols
    if first != last:
        return f"protocols {first}-{last}"
    name = format_protocol(first) if first else "0"
    return f"protocol {name}" if name.isdecimal() else name


def _endpoint(family: Family, address: int, protocol: int, port: int) -> str:
    text = format_address(family, address)
    if protocol not in WITH_PORTS:
        return text
    return f"{text}:{port}" if family is Family.IPV4 else f"[{text}]:{port}"


def box(
    direction: Direction,
    local: AddressRange,
    remote: AddressRange,
    protocol: int = ANY_PROTOCOL,
    local_port: PortRange | None = None,
    remote_port: PortRange | None = None,
    link: Span = ALL_LINKS,
) -> Box:
    """Return the box of what a filter selects. `local` and `remote` must be of one family."""
    return Box(
        _DIRECTIONS[direction],
        _FAMILIES[local.family],
        link,
        _addresses(local),
        _addresses(remote),
        _PROTOCOLS[protocol],
        _ports(remote_port),
        _ports(local_port),
    )


def _addresses(addresses: AddressRange) -> Span:
    family = addresses.family
    return _ALL_ADDRESSES[family] if addresses is AddressRange.whole(family) else (addresses.first, addresses.last)


def _ports(ports: PortRange | None) -> Span:
    return ALL_PORTS if ports is None or ports is ANY_PORT else _port_span(ports.first, ports.last)


@lru_cache(maxsize=4096)
def _port_span(first: int, last: int) -> Span:
    return (first, last)


_DIRECTIONS: Final = {direction: (direction, direction) for direction in Direction}
_FAMILIES: Final = {family: (family, family) for family in Family}
_ALL_ADDRESSES: Final = {family: (0, family.last) for family in Family}
_PROTOCOLS: Final = (ALL_PROTOCOLS, *((number, number) for number in range(1, ALL_PROTOCOLS[1] + 1)))
"""These spans are made once each: a large policy has hundreds of thousands of boxes."""


def whole_space() -> Iterator[Box]:
    """Yield the boxes, one for each direction and family, that together are all packets."""
    for direction in Direction:
        for family in Family:
            everything = AddressRange.whole(family)
            yield box(direction, everything, everything)
