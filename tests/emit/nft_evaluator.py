"""Runs the nftables files that ipsecmig writes over single packets, by reading no more of nft than they use.

Slow and plain on purpose: an oracle. Any word that it does not know raises, so that nothing is passed over.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ipsecmig.model.space import Direction, Link, Packet

_PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "esp": 50, "ah": 51, "ipv6-icmp": 58}
_HOOKS = {Direction.IN: "input", Direction.OUT: "output", Direction.FORWARD: "forward"}


class Seen(NamedTuple):
    """A packet as the ruleset sees it; `protected` means that it arrived, or leaves, under an SA."""

    hook: str
    version: int
    ppp: bool
    source: int
    destination: int
    protocol: int
    source_port: int
    destination_port: int
    arrived_protected: bool
    leaves_protected: bool

    @classmethod
    def of(cls, packet: Packet, *, arrived_protected: bool = False, leaves_protected: bool = False) -> Seen:
        """Return the packet of the model as seen in its hook."""
        ends = (packet.local, packet.remote, packet.local_port, packet.remote_port)
        if packet.direction == Direction.IN:
            ends = (packet.remote, packet.local, packet.remote_port, packet.local_port)
        source, destination, source_port, destination_port = ends
        hook, ppp = _HOOKS[Direction(packet.direction)], packet.link == Link.DIALUP
        protected = arrived_protected, leaves_protected
        fields = source, destination, packet.protocol, source_port, destination_port
        return cls(hook, packet.family, ppp, *fields, *protected)


_Range = tuple[int, int]
_Match = Callable[[Seen], bool]


@dataclass(slots=True)
class _Rule:
    matches: list[_Match]
    verdict: str
    key: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Ruleset:
    """A parsed file: the maps' elements, the chains' rules, and the base chains that drop what no rule decides."""

    maps: dict[str, list[tuple[list[_Range], str]]] = field(default_factory=dict)
    chains: dict[str, list[_Rule]] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)

    def passes(self, seen: Seen) -> bool:
        """Whether the packet passes."""
        return (self._run(seen.hook, seen) or ("drop" if seen.hook in self.closed else "accept")) != "drop"

    def _run(self, chain: str, seen: Seen) -> str:
        for rule in self.chains.get(chain, []):
            if all(match(seen) for match in rule.matches):
                verdict = self._look_up(rule, seen) if rule.verdict.startswith("@") else rule.verdict
                if verdict.startswith("goto "):
                    return self._run(verdict.removeprefix("goto "), seen)
                if verdict:
                    return verdict
        return ""

    def _look_up(self, rule: _Rule, seen: Seen) -> str:
        key = [_value(part, seen) for part in rule.key]
        found = [
            verdict
            for ranges, verdict in self.maps[rule.verdict[1:]]
            if all(low <= value <= high for (low, high), value in zip(ranges, key, strict=True))
        ]
        if len(found) > 1:
            raise ValueError(f"map {rule.verdict} holds {seen} twice")
        return found[0] if found else ""


def parse(text: str) -> Ruleset:
    """Return the ruleset in `text`."""
    lines = [line.strip() for line in text.splitlines() if not line.strip().startswith("#")]
    assert lines.count("table inet ipsecmig") == lines.count("delete table inet ipsecmig") == 1
    ruleset = Ruleset()
    block = ""
    for line in lines[lines.index("table inet ipsecmig {") + 1 :]:
        if line.startswith(("map ", "chain ")):
            block = line.removesuffix(" {")
            (ruleset.maps if block.startswith("map") else ruleset.chains)[block.split()[1]] = []
        elif block.startswith("map "):
            ruleset.maps[block.split()[1]].extend(_elements(line))
        elif line.startswith("type filter hook"):
            if line.endswith("policy drop;"):
                ruleset.closed.add(block.split()[1])
        elif line not in {"", "}"}:
            ruleset.chains[block.split()[1]].append(_rule(line))
    return ruleset


def _elements(line: str) -> Iterator[tuple[list[_Range], str]]:
    if line.startswith(("type ", "flags interval", "elements = {", "}")) or not line:
        return
    key, verdict = line.removesuffix(",").split(" : ")
    yield [_range(part) for part in key.split(" . ")], verdict


def _range(text: str) -> _Range:
    if text in _PROTOCOLS:
        return _PROTOCOLS[text], _PROTOCOLS[text]
    if text.isdigit():
        return int(text), int(text)
    if "/" in text:
        network = ipaddress.ip_network(text)
        return int(network.network_address), int(network.broadcast_address)
    low, _, high = text.partition("-")
    ends = [int(part) if part.isdigit() else int(ipaddress.ip_address(part)) for part in (low, high or low)]
    return ends[0], ends[1]


_FIELDS = {
    "saddr": "source",
    "daddr": "destination",
    "sport": "source_port",
    "dport": "destination_port",
}


def _value(part: str, seen: Seen) -> int:
    if part in {"meta l4proto", "ip protocol"}:
        return seen.protocol
    header, name = part.split()
    if header not in {"ip", "ip6", "th"}:
        raise ValueError(f"unknown key: {part}")
    value = getattr(seen, _FIELDS[name])
    return value if header == "th" or seen.version == (4 if header == "ip" else 6) else -1


def _rule(line: str) -> _Rule:
    line = re.sub(r' comment "[^"]*"$', "", line)
    lookup = re.fullmatch(r"((?:ip6? saddr \S+/0 )?meta [io]iftype (?:!= )?ppp )?(.*) vmap (@\S+)", line)
    if lookup:
        return _Rule(list(_matches((lookup[1] or "").split())), lookup[3], lookup[2].split(" . "))
    found = re.fullmatch(r"(.*?)\s*(accept|drop|goto \S+)", line)
    if found is None:
        raise ValueError(f"unknown rule: {line}")
    return _Rule(list(_matches(found[1].split())), found[2])


def _matches(words: list[str]) -> Iterator[_Match]:
    if words[:2] in (["iif", '"lo"'], ["oif", '"lo"']):
        yield lambda seen: False  # nothing here is about loopback
        return
    while words:
        head = words.pop(0), words.pop(0)
        if head == ("fib", "daddr"):
            assert words[:2] == ["type", "broadcast"], words
            del words[:2]
            yield lambda seen: False  # the model's packets never go to a broadcast address of the lab's own networks
            continue
        negated = words[0] == "!="
        values = _take_values(words[negated:])
        del words[: negated + len(values) + (2 if words[negated] == "{" else 0)]
        yield _match(head, [v.removesuffix(",") for v in values], negated=bool(negated))


def _take_values(words: list[str]) -> list[str]:
    return words[1 : words.index("}")] if words[0] == "{" else words[:1]


def _match(head: tuple[str, str], values: list[str], *, negated: bool) -> _Match:
    match head:
        case ("meta", "nfproto"):
            return lambda seen: values == [f"ipv{seen.version}"]
        case ("meta", "iiftype" | "oiftype" as name):
            assert values == ["ppp"]
            return lambda seen: seen.ppp != negated and (name == "oiftype") == (seen.hook != "input")
        case ("meta", "ipsec"):
            assert values == ["exists"]
            return lambda seen: seen.arrived_protected
        case ("rt", "ipsec"):
            assert values == ["exists"]
            return lambda seen: seen.leaves_protected
    ranges = [_range(v) for v in values]
    if head == ("meta", "l4proto"):
        return lambda seen: any(low <= seen.protocol <= high for low, high in ranges)
    if head[0] in {"tcp", "udp"}:
        number = _PROTOCOLS[head[0]]
        part = f"th {head[1]}"
        return lambda s: s.protocol == number and any(low <= _value(part, s) <= high for low, high in ranges)
    return lambda seen: any(low <= _value(" ".join(head), seen) <= high for low, high in ranges)
