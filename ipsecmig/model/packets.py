"""The notation of packets on the command line, and the packets that stand for a box in messages."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Final

from ipsecmig.errors import UsageError
from ipsecmig.model.selectors import (
    ICMP,
    ICMPV6,
    PROTOCOL_NAMES,
    TCP,
    UDP,
    AddressRange,
    Family,
)
from ipsecmig.model.space import ALL_PORTS, WITH_PORTS, Box, Direction, Link, Packet, Span

_NUMBERS: Final = {name: number for number, name in PROTOCOL_NAMES.items()}

_PACKET: Final = re.compile(
    r"(?P<direction>\S+)\s+(?P<protocol>\S+)\s+(?P<source>[^\s>]+)\s*>\s*(?P<destination>[^\s>]+)(?:\s+(?P<link>\S+))?"
)
_WITH_PORT: Final = re.compile(r"(?:\[(?P<v6>[^\]]+)\]|(?P<v4>[^:\[\]]+)):(?P<port>\d{1,5})")

EXAMPLE: Final = "out tcp 10.0.0.5:49152 > 10.1.0.9:445"


def parse_packet(text: str) -> Packet:
    """Return the packet written as `DIRECTION PROTOCOL SOURCE > DESTINATION`, optionally followed by `dialup`.

    Addresses carry `:PORT` exactly where the protocol has ports; IPv6 addresses with a port stand in brackets. This is
    the reverse of `Packet.text`. Raises UsageError that says what was expected.
    """
    match = _PACKET.fullmatch(text.strip())
    if match is None:
        raise _expected(text, "DIRECTION PROTOCOL SOURCE > DESTINATION")
    direction = _direction(text, match["direction"])
    protocol = _protocol(text, match["protocol"])
    family, source, source_port = _endpoint(text, match["source"], protocol)
    other_family, destination, destination_port = _endpoint(text, match["destination"], protocol)
    if family is not other_family:
        raise _expected(text, "two addresses of one IP version")
    if match["link"] not in (None, "dialup"):
        raise _expected(text, f'nothing or "dialup" at the end, not "{match["link"]}"')
    link = Link.LAN if match["link"] is None else Link.DIALUP
    if direction is Direction.IN:
        return Packet(direction, family, link, destination, source, protocol, source_port, destination_port)
    return Packet(direction, family, link, source, destination, protocol, destination_port, source_port)


def _expected(text: str, what: str) -> UsageError:
    return UsageError(f'not a packet: "{text}"; expected {what}, as in "{EXAMPLE}"')


def _direction(text: str, word: str) -> Direction:
    for direction in Direction:
        if direction.label == word.lower():
            return direction
    raise _expected(text, f'"out", "in" or "forward" first, not "{word}"')


def _protocol(text: str, word: str) -> int:
    number = _NUMBERS.get(word.lower(), -1)
    if word.isascii() and word.isdigit():
        number = int(word)
    if word.lower() == "any" or not 0 <= number <= 255:
        names = ", ".join(name for name in _NUMBERS if name != "any")
        raise _expected(text, f'a protocol ({names}, or a number up to 255), not "{word}"')
    return number


def _endpoint(text: str, word: str, protocol: int) -> tuple[Family, int, int]:
    """Return family, address and port of one end."""
    if protocol not in WITH_PORTS:
        return (*_address(text, word, "an IP address (without a port, for this protocol)"), 0)
    match = _WITH_PORT.fullmatch(word)
    if match is None or int(match["port"]) > ALL_PORTS[1]:
        raise _expected(text, f'ADDRESS:PORT ([ADDRESS]:PORT for IPv6), not "{word}"')
    family, address = _address(text, match["v6"] or match["v4"], "an IP address")
    if (family is Family.IPV6) != (match["v6"] is not None):
        raise _expected(text, f'brackets around an IPv6 address only, not "{word}"')
    return family, address, int(match["port"])


def _address(text: str, word: str, what: str) -> tuple[Family, int]:
    try:
        address = ipaddress.ip_address("" if "%" in word else word)
    except ValueError:
        raise _expected(text, f'{what}, not "{word}"') from None
    return Family(address.version), int(address)


_PROTOCOL_PREFERENCE: Final = {Family.IPV4: (TCP, UDP, ICMP), Family.IPV6: (TCP, UDP, ICMPV6)}
_EPHEMERAL: Final = 49152
_LISTENING: Final = 80

_LOCAL_EXAMPLES: Final = ("192.0.2.10", "10.0.0.5", "192.168.0.10", "172.16.0.10", "1.0.0.1", "2001:db8::10")
_REMOTE_EXAMPLES: Final = ("198.51.100.9", "10.1.0.9", "192.168.1.9", "172.16.1.9", "1.0.0.2", "2001:db8:1::9")


def witness(box: Box) -> Packet:
    """Return a packet of `box` that a person reads easily; which one is fixed by the box.

    Where the box leaves a choice: TCP, else UDP, else ICMP; ports that a client and a server would have; the addresses
    kept for documentation (RFC 5737, RFC 3849), else a host of the lowest network, not the network's own address.
    """
    family = Family(box.family[0])
    direction = box.direction[0]
    protocol = next((p for p in _PROTOCOL_PREFERENCE[family] if box.protocol[0] <= p <= box.protocol[1]), None)
    if protocol is None:
        protocol = min(max(box.protocol[0], 1), box.protocol[1])
    local_port, remote_port = 0, 0
    if protocol in WITH_PORTS:
        usual = (_LISTENING, _EPHEMERAL) if direction == Direction.IN else (_EPHEMERAL, _LISTENING)
        local_port, remote_port = _port(box.local_port, usual[0]), _port(box.remote_port, usual[1])
    return Packet(
        direction,
        family,
        box.link[0],
        _host(family, box.local, _LOCAL_EXAMPLES),
        _host(family, box.remote, _REMOTE_EXAMPLES),
        protocol,
        remote_port,
        local_port,
    )


def _port(span: Span, usual: int) -> int:
    low, high = span
    return usual if low <= usual <= high else min(max(low, 1), high)


def _host(family: Family, span: Span, examples: Iterable[str]) -> int:
    low, high = span
    if low >> (family.bits - 8) == 0:
        for example in examples:
            address = AddressRange.parse(example)
            if address.family is family and low <= address.first <= high:
                return address.first
    return low + 1 if low & 255 == 0 and low < high else low
