"""Slow second opinions of what an emitted configuration does with one packet, for the tests of verification.

Each knows only what the emitter of its target writes, shares no code with the readers, and raises AssertionError,
ValueError or KeyError for anything else, as a mutation may make it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final, NamedTuple

from emit import charon_evaluator, nft_evaluator
from emit.nft_evaluator import Seen
from strategies import SMALL_ADDRESSES

from ipsecmig.model.selectors import Family
from ipsecmig.model.space import Direction, Link, Packet


class Fate(NamedTuple):
    """Whether a packet passes in clear, and whether it passes (or tries to) under an SA."""

    clear: bool
    protected: bool


Oracle = Callable[[Packet], Fate]

_GROUP: Final = int(ipaddress.IPv4Address("224.0.0.9"))
_PORTS: Final = ((1, 2), (2, 3), (3, 1), (4, 4), (88, 9), (500, 500))


def universe() -> Iterator[Packet]:
    """Yield packets that tell all filters of `small_policies`, the exemptions and what lies around them apart."""
    addresses = (*SMALL_ADDRESSES, SMALL_ADDRESSES[-1] + 1)
    for direction, link, local, remote in product(Direction, Link, addresses, (*addresses, _GROUP)):
        for protocol, ports in ((1, (0, 0)), (47, (0, 0)), (50, (0, 0)), *((6, p) for p in _PORTS), (17, (1, 2))):
            yield Packet(direction, Family.IPV4, link, local, remote, protocol, *ports)


def nftables_oracle(text: str) -> Oracle:
    """Return what the ruleset does."""
    ruleset = nft_evaluator.parse(text)

    def fate(packet: Packet) -> Fate:
        clear = ruleset.passes(Seen.of(packet))
        arrived = packet.direction == Direction.IN
        covered = Seen.of(packet, arrived_protected=arrived, leaves_protected=not arrived)
        return Fate(clear, not clear and ruleset.passes(covered))

    return fate


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

    def fate(packet: Packet) -> Fate:
        names = (["out"], ["in"], ["fwd", "out"])[packet.direction]
        checks = [check(name, packet) for name in names]
        if "block" in checks:
            return Fate(clear=False, protected=False)
        optional = [check for check, name in zip(checks, names, strict=True) if check == "use" and name == "out"]
        return Fate("required" not in checks, "required" in checks or bool(optional))

    return fate


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
    return lambda packet: meaning[charon_evaluator.verdict(children, packet)]


ORACLES: Final[dict[str, Callable[[str], Oracle]]] = {
    "nftables": nftables_oracle,
    "xfrm": xfrm_oracle,
    "strongswan": strongswan_oracle,
}


# --- mutations -------------------------------------------------------------------------------------------------------

_SWAPS: Final = {
    "accept": "drop", "drop": "accept", "allow": "block", "block": "allow", "pass": "drop",
    "required": "use", "use": "required", "trap": "none", "exists": "missing",
    "arrived_protected": "leaves_protected", "saddr": "daddr", "daddr": "saddr", "sport": "dport", "dport": "sport",
    "tcp": "udp", "out": "in", "in": "out", "fwd": "out",
}  # fmt: skip
_MUTABLE: Final = re.compile(
    r"^(?:\s*(?:ip6? |meta |tcp |udp |rt |th |[\d.]+|drop$|(?:mode|priority|local_ts|remote_ts|start_action) = )"
    r"|xfrm policy add )"
)


def mutations(text: str) -> list[str]:
    """Return `text` with one change each: a line left out, a word turned round, a number or prefix moved."""
    lines = text.split("\n")
    found = []
    for number, line in enumerate(lines):
        if _MUTABLE.match(line):
            found += ["\n".join([*lines[:number], *other, *lines[number + 1 :]]) for other in _mutated(line)]
    return found


def _mutated(line: str) -> Iterator[list[str]]:
    if " = " not in line:
        yield []
    code, sign, comment = line.partition(" comment ")
    for match in re.finditer(r"[\w./]+", code):
        word = match[0]
        for other in _other_words(word):
            yield [code[: match.start()] + other + code[match.end() :] + sign + comment]


def _other_words(word: str) -> Iterator[str]:
    if word in _SWAPS:
        yield _SWAPS[word]
    network = re.fullmatch(r"([\d.]+)/(\d+)", word)
    if network and int(network[2]) > 0:
        yield f"{ipaddress.ip_network(f'{network[1]}/{int(network[2]) - 1}', strict=False)}"
    elif re.fullmatch(r"\d+\.\d+\.\d+\.\d+", word):
        yield str(ipaddress.IPv4Address(int(ipaddress.IPv4Address(word)) ^ 1))
    elif word.isdecimal() and int(word) < 60000:
        yield str(int(word) + 1)
        yield str(int(word) + 1000)
