"""Traffic selectors that charon installs exactly as written.

charon widens what its kernel interface cannot say: a range of addresses to the smallest CIDR block around it, a range
of ports to the smallest aligned power of two (observed on 5.9.8). IKEv1 names a single port or none (RFC 2407 4.6.2).
So ranges are taken apart; what would fall into too many parts is not said at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Final

from ipsecmig.emit.common import prefixes, with_protocol_stated
from ipsecmig.model.selectors import ICMP, TCP, UDP, Family, format_address
from ipsecmig.model.space import ALL_PORTS, ALL_PROTOCOLS, Box, Span

MOST_PARTS: Final = 1024
"""The most children that one filter may become."""

MOST_PORTS: Final = 64
"""The most single ports that a range may become where IKE negotiates it."""

_PORT_BITS: Final = 16
_NAMES: Final = {ICMP: "icmp", TCP: "tcp", UDP: "udp"}


def parts(box: Box, *, negotiated: bool) -> tuple[Box, ...]:
    """Return boxes that together are exactly `box`, each of CIDR blocks and of ports that charon installs as they are.

    `negotiated` asks for single ports. Returns nothing where that would be too many.
    """
    family = Family(box.family[0])
    found: list[Box] = []
    for stated in with_protocol_stated(box):
        ports = (stated.local_port, stated.remote_port)
        if negotiated and any(high - low >= MOST_PORTS for low, high in ports if (low, high) != ALL_PORTS):
            return ()
        sides = [list(_blocks(family, span)) for span in (stated.local, stated.remote)]
        sides += [list(_ports(span, negotiated=negotiated)) for span in ports]
        if len(found) + prod(len(side) for side in sides) > MOST_PARTS:
            return ()
        found.extend(
            stated._replace(local=local, remote=remote, local_port=local_port, remote_port=remote_port)
            for local, remote, local_port, remote_port in product(*sides)
        )
    return tuple(found)


def _blocks(family: Family, span: Span) -> Iterator[Span]:
    for base, length in prefixes(family, span):
        yield base, base + (1 << family.bits - length) - 1


def _ports(span: Span, *, negotiated: bool) -> Iterator[Span]:
    if span == ALL_PORTS:
        yield span
    elif negotiated:
        yield from ((port, port) for port in range(span[0], span[1] + 1))
    else:
        first, last = span
        while first <= last:
            size = min(first & -first or 1 << _PORT_BITS, 1 << (last - first + 1).bit_length() - 1)
            yield first, first + size - 1
            first += size


def around(box: Box) -> Box:
    """Return the smallest selector that charon can install and that holds all of `box`."""
    return box._replace(
        local=_around(box.local),
        remote=_around(box.remote),
        protocol=box.protocol if box.protocol[0] == box.protocol[1] else ALL_PROTOCOLS,
        local_port=ALL_PORTS,
        remote_port=ALL_PORTS,
    )


def _around(span: Span) -> Span:
    bits = (span[0] ^ span[1]).bit_length()
    first = span[0] >> bits << bits
    return first, first + (1 << bits) - 1


def local_ts(box: Box, *, dynamic: bool) -> str:
    """Return the local side of `box`, one of `parts`, as swanctl.conf(5) writes it.

    `dynamic` writes every address as `dynamic`: IKE then names this host's own address to the peer.
    """
    family = Family(box.family[0])
    where = "dynamic" if dynamic and is_whole(family, box.local) else block_text(family, box.local)
    return where + _protocol_and_port(box, box.local_port)


def remote_ts(box: Box) -> str:
    """Return the remote side of `box`, one of `parts`."""
    return block_text(Family(box.family[0]), box.remote) + _protocol_and_port(box, box.remote_port)


def is_whole(family: Family, span: Span) -> bool:
    """Whether `span` is every address of `family`."""
    return span == (0, family.last)


def block_text(family: Family, span: Span) -> str:
    """Return the CIDR block `span` with its prefix length, also for a single address."""
    length = family.bits - (span[0] ^ span[1]).bit_length()
    return f"{format_address(family, span[0])}/{length}"


def _protocol_and_port(box: Box, port: Span) -> str:
    if box.protocol == ALL_PROTOCOLS:
        return ""
    protocol = _NAMES.get(box.protocol[0], str(box.protocol[0]))
    if port == ALL_PORTS:
        return f"[{protocol}]"
    return f"[{protocol}/{port[0]}]" if port[0] == port[1] else f"[{protocol}/{port[0]}-{port[1]}]"
