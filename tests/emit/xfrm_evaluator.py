"""Runs the `ip -batch` files that ipsecmig writes over single packets: the first policy by priority at each check.

Slow and plain on purpose: an oracle.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from ipsecmig.model.space import Direction, Packet

_PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17}
_CHECKS = {Direction.OUT: ("out",), Direction.IN: ("in",), Direction.FORWARD: ("fwd", "out")}


@dataclass(frozen=True)
class Line:
    """One `xfrm policy add`."""

    source: ipaddress.IPv4Network | ipaddress.IPv6Network
    destination: ipaddress.IPv4Network | ipaddress.IPv6Network
    protocol: int | None
    source_port: int | None
    destination_port: int | None
    direction: str
    priority: int
    effect: str

    def selects(self, packet: Packet) -> bool:
        """Whether the selector holds the packet of the model."""
        ends = (packet.local, packet.remote, packet.local_port, packet.remote_port)
        if packet.direction == Direction.IN:
            ends = (packet.remote, packet.local, packet.remote_port, packet.local_port)
        pairs = ((self.protocol, packet.protocol), (self.source_port, ends[2]), (self.destination_port, ends[3]))
        return (
            self.source.version == packet.family
            and ipaddress.ip_address(ends[0]) in self.source
            and ipaddress.ip_address(ends[1]) in self.destination
            and all(wanted is None or wanted == value for wanted, value in pairs)
        )


def parse(text: str) -> list[Line]:
    """Return the policies of a batch in the order in which the kernel asks them."""
    found = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        assert line.startswith("xfrm policy add ")
        words = line.split()[3:]
        values: dict[str, str] = {}
        while words[0] not in {"action", "tmpl"}:
            values[words[0]] = words[1]
            del words[:2]
        source_port, destination_port = (int(values[p]) if p in values else None for p in ("sport", "dport"))
        protocol = values.get("proto")
        found.append(
            Line(
                ipaddress.ip_network(values["src"]),
                ipaddress.ip_network(values["dst"]),
                None if protocol is None else _PROTOCOLS.get(protocol) or int(protocol),
                source_port,
                destination_port,
                values["dir"],
                int(values["priority"]),
                " ".join(words),
            )
        )
    identities = [(p.source, p.destination, p.protocol, p.source_port, p.destination_port, p.direction) for p in found]
    assert len(set(identities)) == len(identities), "File exists"
    return sorted(found, key=lambda p: p.priority)


def passes(policies: Sequence[Line], packet: Packet, *, protected: bool) -> bool:
    """Whether the packet passes every check; `protected` is about whichever check wants protection."""
    for check in _CHECKS[Direction(packet.direction)]:
        first = next((p for p in policies if p.direction == check and p.selects(packet)), None)
        if first is None or first.effect == "action allow":
            continue
        if first.effect == "action block" or not (protected or "level required" not in first.effect):
            return False
    return True
