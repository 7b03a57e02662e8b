"""What a filter selects by: addresses, protocols and ports, as the policy writes them.

Source: Microsoft's netsh ipsec reference and [MS-GPIPSEC] 2.2.1.5 for the kinds of address.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final


class Family(IntEnum):
    """The IP version."""

    IPV4 = 4
    IPV6 = 6

    @property
    def bits(self) -> int:
        """The length of an address in bits."""
        return 32 if self is Family.IPV4 else 128

    @property
    def last(self) -> int:
        """The highest address, as a number."""
        return (1 << self.bits) - 1


class ServerRole(Enum):
    """The keywords that stand for servers which this host is configured with (Windows Server 2003 and later)."""

    WINS = "wins"
    DNS = "dns"
    DHCP = "dhcp"
    GATEWAY = "gateway"


@dataclass(frozen=True, slots=True)
class AnyAddress:
    """`any`: every address."""


@dataclass(frozen=True, slots=True)
class Me:
    """`me`: every address of the host that the policy is assigned to."""


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """`wins`, `dns`, `dhcp` or `gateway`: the servers that the host uses at the time."""

    role: ServerRole


_OCTET: Final = r"(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_PLAIN: Final = re.compile(rf"{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}(?:/(3[0-2]|[12]?[0-9]))?")
"""IPv4 addresses and blocks as nearly all are written; `ipaddress` takes ten times as long."""


@dataclass(frozen=True, slots=True)
class AddressRange:
    """A host, a subnet or a range: the addresses `first` to `last`, both included, as numbers."""

    family: Family
    first: int
    last: int

    @classmethod
    def parse(cls, text: str) -> AddressRange:
        """Return the range written as `a`, `a/prefix` (host bits are cleared) or `a-b`.

        Raises ValueError for anything else.
        """
        plain = _PLAIN.fullmatch(text)
        if plain is not None:
            a, b, c, d, prefix = (int(number or 32) for number in plain.groups())
            rest = (1 << 32 - prefix) - 1
            first = (a << 24 | b << 16 | c << 8 | d) & ~rest
            return cls(Family.IPV4, first, first | rest)
        if "-" in text:
            low, high = (ipaddress.ip_address(part.strip()) for part in text.split("-", 1))
            if low.version != high.version or int(high) < int(low):
                raise ValueError(f"not an ascending range of one family: {text}")
            return cls(Family(low.version), int(low), int(high))
        network = ipaddress.ip_network(text, strict=False)
        return cls(Family(network.version), int(network.network_address), int(network.broadcast_address))

    @classmethod
    def whole(cls, family: Family) -> AddressRange:
        """Return all addresses of `family`: always the same object."""
        return _WHOLE[family]

    @property
    def is_host(self) -> bool:
        """Whether it is a single address."""
        return self.first == self.last

    @property
    def prefix_length(self) -> int | None:
        """The prefix length when the range is a CIDR block, else None."""
        size = self.last - self.first + 1
        if size & (size - 1) or self.first & (size - 1):
            return None
        return self.family.bits - (size.bit_length() - 1)

    def text(self) -> str:
        """Return the shortest usual notation: `a`, `a/prefix` or `a-b`."""
        prefix = self.prefix_length
        if self.is_host:
            return format_address(self.family, self.first)
        if prefix is not None:
            return f"{format_address(self.family, self.first)}/{prefix}"
        return f"{format_address(self.family, self.first)}-{format_address(self.family, self.last)}"


_WHOLE: Final = {family: AddressRange(family, 0, family.last) for family in Family}


@dataclass(frozen=True, slots=True)
class DnsName:
    """A host name. Windows resolves it once, when the filter is created; `resolved` holds the result if known."""

    name: str
    resolved: tuple[AddressRange, ...] = ()


Address = AnyAddress | Me | ServerAddress | AddressRange | DnsName


def format_address(family: Family, number: int) -> str:
    """Return `number` as an address of `family` in its usual notation."""
    if family is Family.IPV4:
        return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return str(ipaddress.IPv6Address(number))


@dataclass(frozen=True, slots=True)
class PortRange:
    """The ports `first` to `last`, both included. A policy's port 0 means any port and is stored as `ANY_PORT`."""

    first: int
    last: int

    @property
    def is_any(self) -> bool:
        """Whether every port is in it."""
        return self.first == 0 and self.last == 65535

    def text(self) -> str:
        """Return `any`, the port, or `first-last`."""
        if self.is_any:
            return "any"
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"

    @classmethod
    def parse(cls, text: str) -> PortRange:
        """Return what `text` (as of the method above) says; raises ValueError for anything else."""
        if text == "any":
            return ANY_PORT
        first, _, last = text.partition("-")
        ports = cls(int(first), int(last or first))
        if not 0 <= ports.first <= ports.last <= ANY_PORT.last:
            raise ValueError(f"not a port or an ascending range of ports: {text}")
        return ports


ANY_PORT: Final = PortRange(0, 65535)

ANY_PROTOCOL: Final = 0
"""A policy's protocol 0: every protocol. Otherwise a protocol is its IANA number."""

ICMP: Final = 1
TCP: Final = 6
UDP: Final = 17
RSVP: Final = 46
ESP: Final = 50
AH: Final = 51
ICMPV6: Final = 58
RAW: Final = 255

PROTOCOL_NAMES: Final = {
    ANY_PROTOCOL: "any",
    ICMP: "icmp",
    TCP: "tcp",
    UDP: "udp",
    RAW: "raw",
    ICMPV6: "icmpv6",
}

PORT_PROTOCOLS: Final = frozenset({TCP, UDP})
"""The protocols whose ports a Windows filter can select."""


def format_protocol(protocol: int) -> str:
    """Return the protocol's name, or its number where it has none here."""
    return PROTOCOL_NAMES.get(protocol, str(protocol))


def parse_protocol(text: str) -> int:
    """Return the protocol of a name or number; raises ValueError for anything else."""
    for number, name in PROTOCOL_NAMES.items():
        if name == text.lower():
            return number
    if not 0 <= int(text) <= 255:
        raise ValueError(f"not a protocol: {text}")
    return int(text)


ANY: Final = AnyAddress()
ME: Final = Me()
