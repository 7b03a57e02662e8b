"""Slow second opinions of what an emitted configuration does with one packet, for the tests of verification.

Each knows only what the emitter of its target writes, shares no code with the readers, and raises AssertionError,
ValueError or KeyError for anything else, as a mutation may make it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

from emit import charon_evaluator, nft_evaluator
from emit.nft_evaluator import Seen
from fates import Fate, Fates
from netsh_oracle import netsh_oracle
from strategies import SMALL_ADDRESSES

from ipsecmig.model.selectors import Family
from ipsecmig.model.site import Site
from ipsecmig.model.space import Direction, Link, Packet

Oracle = Callable[[Packet], Fates]

_GROUP: Final = int(ipaddress.IPv4Address("224.0.0.9"))
_PORTS: Final = ((1, 2), (2, 3), (3, 1), (4, 4), (88, 9), (500, 500))


def universe() -> Iterator[Packet]:
    """Yield packets that tell all filters of `small_policies`, the exemptions and what lies around them apart."""
    addresses = (*SMALL_ADDRESSES, SMALL_ADDRESSES[-1] + 1)
    for direction, link, local, remote in product(Direction, Link, addresses, (*addresses, _GROUP)):
        for protocol, ports in ((1, (0, 0)), (47, (0, 0)), (50, (0, 0)), *((6, p) for p in _PORTS), (17, (1, 2))):
            yield Packet(direction, Family.IPV4, link, local, remote, protocol, *ports)


class Guard:
    """A ruleset as it meets a packet in clear, and one that arrives or leaves under an SA."""

    def __init__(self, text: str) -> None:
        self._ruleset = nft_evaluator.parse(text)

    def clear(self, packet: Packet) -> bool:
        """Whether the packet passes in clear."""
        return self._ruleset.passes(Seen.of(packet))

    def covered(self, packet: Packet) -> bool:
        """Whether it passes under an SA."""
        arrived = packet.direction == Direction.IN
        return self._ruleset.passes(Seen.of(packet, arrived_protected=arrived, leaves_protected=not arrived))


def nftables_oracle(text: str) -> Oracle:
    """Return what the ruleset does by itself, which protects nothing: what passes in clear need not be protected."""
    guard = Guard(text)

    def fates(packet: Packet) -> Fates:
        clear = guard.clear(packet)
        return frozenset({Fate(clear, not clear and guard.covered(packet))})

    return fates


@dataclass(frozen=True)
class _KernelPolicy:
    direction: str
    source: ipaddress.IPv4Network | ipaddress.IPv6Network
    destination: ipaddress.IPv4Network | ipaddress.IPv6Network
    protocol: int
    ports: tuple[int, int]
    priority: int
    effect: str

    def holds(self, packet: Packet) -> bool:
        source, destination = (packet.local, packet.local_port), (packet.remote, packet.remote_port)
        if packet.direction == Direction.IN:
            source, destination = destination, source
        return (
            self.source.version == packet.family
            and _inside(self.source, source[0])
            and _inside(self.destination, destination[0])
            and self.protocol in {0, packet.protocol}
            and all(mine in {0, port} for mine, port in zip(self.ports, (source[1], destination[1]), strict=True))
        )


def _inside(network: ipaddress.IPv4Network | ipaddress.IPv6Network, address: int) -> bool:
    return int(network.network_address) <= address <= int(network.broadcast_address)


def xfrm_oracle(text: str) -> Oracle:
    """Return what the batch does."""
    policies = sorted(
        (_kernel_policy(line.split()) for line in text.splitlines() if line.startswith("xfrm")),
        key=lambda policy: policy.priority,
    )

    def check(direction: str, packet: Packet) -> str:
        return next((p.effect for p in policies if p.direction == direction and p.holds(packet)), "allow")

    def fates(packet: Packet) -> Fates:
        names = (["out"], ["in"], ["fwd", "out"])[packet.direction]
        checks = [check(name, packet) for name in names]
        if "block" in checks:
            return frozenset({Fate(clear=False, protected=False)})
        optional = [check for check, name in zip(checks, names, strict=True) if check == "use" and name != "fwd"]
        return frozenset({Fate("required" not in checks, "required" in checks or bool(optional))})

    return fates


_NUMBERS: Final = {"icmp": 1, "tcp": 6, "udp": 17}


def _kernel_policy(words: list[str]) -> _KernelPolicy:
    assert words[:3] == ["xfrm", "policy", "add"], words
    own, _, template = " ".join(words[3:]).partition(" tmpl ")
    said = dict(zip(own.split()[::2], own.split()[1::2], strict=True))
    assert not said.keys() - {"src", "dst", "proto", "sport", "dport", "dir", "priority", "action"}, said
    effect = said.get("action", "allow")
    if template:
        effect = "use" if template.endswith("level use") else "required"
    protocol = said.get("proto", "0")
    return _KernelPolicy(
        said["dir"],
        ipaddress.ip_network(said["src"], strict=False),
        ipaddress.ip_network(said["dst"], strict=False),
        _NUMBERS[protocol] if protocol in _NUMBERS else int(protocol),
        (int(said.get("sport", "0")), int(said.get("dport", "0"))),
        int(said.get("priority", "0")),
        effect,
    )


def strongswan_oracle(text: str) -> Oracle:
    """Return what charon's policies do."""
    children = charon_evaluator.installed(charon_evaluator.parse(text))
    assert not any(child.widened for child in children)
    meaning = {"pass": Fate(True, False), "drop": Fate(False, False), "protect": Fate(False, True)}
    return lambda packet: frozenset({meaning[charon_evaluator.verdict(children, packet)]})


def bundle_oracle(ruleset: Guard, kernel: Oracle) -> Oracle:
    """Return what becomes of a packet that meets a packet filter and the kernel's policies."""

    def fates(packet: Packet) -> Fates:
        (policy,) = kernel(packet)
        return frozenset({Fate(policy.clear and ruleset.clear(packet), policy.protected and ruleset.covered(packet))})

    return fates


def oracle(name: str, text: str, site: Site) -> Oracle:
    """Return what the configuration `text` of the target `name` does on the host that `site` describes."""
    if name == "netsh":
        return netsh_oracle(text, site)
    return {"nftables": nftables_oracle, "xfrm": xfrm_oracle, "strongswan": strongswan_oracle}[name](text)
