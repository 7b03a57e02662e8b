"""How charon turns traffic selectors into kernel policies: ranks, widening and directions.

Observed on charon 5.9.8 with `ip xfrm policy`; the ranks follow its kernel-netlink plugin. Selectors are widened: a
range of ports to the smallest aligned block of a power of two, a range of addresses to the smallest CIDR block.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache
from typing import Final

from ipsecmig.model import selectors
from ipsecmig.model.selectors import AddressRange, Family, PortRange

_BASE: Final = 200_000
_PREFIX_WEIGHT: Final = 512
_PROTOCOL_WEIGHT: Final = 256
_PORT_BIT_WEIGHT: Final = 4
_PORT_BITS: Final = 16

_PROTOCOLS: Final = {"tcp": 6, "udp": 17, "icmp": 1, "ipv6-icmp": 58, "esp": 50, "ah": 51, "gre": 47, "sctp": 132}


class Band(Enum):
    """The three bands of charon's own ranking; a smaller base always wins, whatever the selectors."""

    PASS = _BASE
    PROTECT = 2 * _BASE
    DROP = 3 * _BASE


@dataclass(frozen=True, slots=True)
class TrafficSelector:
    """One traffic selector as the kernel gets it, already widened."""

    addresses: AddressRange
    protocol: int
    ports: PortRange

    @property
    def port_mask_bits(self) -> int:
        """How many bits of the port the kernel compares."""
        return _PORT_BITS - (self.ports.last - self.ports.first).bit_length()


def parse_selector(text: str, dynamic: AddressRange | None) -> TrafficSelector:
    """Return the selector written as `addresses[protocol/port]`, swanctl.conf(5) `local_ts`.

    `dynamic` is what the keyword stands for. Raises ValueError for what is not modelled.
    """
    match = re.fullmatch(r"\s*([^\[\]\s]+)\s*(?:\[([^\]]*)\])?\s*", text)
    if match is None:
        raise ValueError(f'"{text}" is not a traffic selector')
    addresses = dynamic if match[1] == "dynamic" and dynamic is not None else AddressRange.parse(match[1])
    protocol, ports = _protocol_and_ports(match[2] or "")
    return TrafficSelector(covering_block(addresses), protocol, widened_ports(ports))


def _protocol_and_ports(text: str) -> tuple[int, PortRange]:
    name, _, port = text.partition("/")
    name = name.strip().lower()
    if name in {"", "any"}:
        protocol = selectors.ANY_PROTOCOL
    elif name in _PROTOCOLS or name.isdecimal():
        protocol = _PROTOCOLS[name] if name in _PROTOCOLS else int(name)
    else:
        raise ValueError(f'the protocol "{name}" is not known here; write its number')
    port = port.strip().lower()
    if port in {"", "any"}:
        return protocol, selectors.ANY_PORT
    if protocol not in selectors.PORT_PROTOCOLS:
        raise ValueError("a type, code or port of this protocol is not modelled")
    first, _, last = port.partition("-")
    return protocol, PortRange(int(first), int(last or first))


def widened_ports(ports: PortRange) -> PortRange:
    """Return the smallest aligned block of a power of two that holds `ports`."""
    bits = (ports.first ^ ports.last).bit_length()
    first = ports.first >> bits << bits
    return PortRange(first, first + (1 << bits) - 1)


def covering_block(addresses: AddressRange) -> AddressRange:
    """Return the smallest CIDR block that holds `addresses`."""
    bits = (addresses.first ^ addresses.last).bit_length()
    first = addresses.first >> bits << bits
    return replace(addresses, first=first, last=first + (1 << bits) - 1)


def automatic_priority(band: Band, local: TrafficSelector, remote: TrafficSelector, *, interface: bool) -> int:
    """Return the priority that charon gives a policy without an explicit one; the smaller number wins."""
    priority = band.value
    for side in (local, remote):
        priority -= (side.addresses.prefix_length or 0) * _PREFIX_WEIGHT + side.port_mask_bits * _PORT_BIT_WEIGHT
    priority -= _PROTOCOL_WEIGHT if local.protocol or remote.protocol else 0
    priority -= 2 if interface else 0
    return priority if band is Band.PROTECT else priority - 1


@lru_cache(maxsize=1 << 10)
def single_address(text: str) -> AddressRange | None:
    """Return the address when `text` is a single one, else None: `%any`, a subnet, a list or a name."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    return AddressRange(Family(address.version), int(address), int(address))
