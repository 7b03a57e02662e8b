"""Loads an emitted ruleset of 10,000 filters, beside one interval verdict map with as many entries.

Both go into a network namespace of their own, in turns, each the best of several runs; needs root and nft.
Run: python bench/nft_load.py [FILTERS]
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from ipsecmig.emit import nftables
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.flatten import flatten
from ipsecmig.model.policy import (
    Action,
    EspTransform,
    Filter,
    FilterAction,
    FilterList,
    MainMode,
    MainModeOffer,
    Policy,
    PolicyStore,
    QuickModeOffer,
    Rule,
)
from ipsecmig.model.selectors import ANY, ANY_PORT, ME, TCP, UDP, Address, AddressRange, Family, PortRange
from ipsecmig.model.targets import EmissionRequest

RUNS = 7
LIMIT = 3.0
"""The ruleset must load in less than this many times the time of the map."""


def policy_store(count: int, random: Random) -> PolicyStore:
    """Return a policy of `count` mirrored filters: hosts, subnets and services under permit, block and negotiate."""
    offers = (QuickModeOffer((EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1),)),)
    actions = (
        FilterAction("Permit", Action.PERMIT),
        FilterAction("Block", Action.BLOCK),
        FilterAction("Secure", Action.NEGOTIATE, offers),
    )
    lists = tuple(FilterList(f"List {n}", tuple(_filters(count // 20 + (n < count % 20), random))) for n in range(20))
    rules = tuple(Rule(f"Rule {n}", made.name, actions[n % 3].name) for n, made in enumerate(lists))
    main_mode = MainMode((MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024),))
    return PolicyStore((Policy("Bench", main_mode, rules, assigned=True),), lists, actions)


def _filters(count: int, random: Random) -> Iterator[Filter]:
    for _ in range(count):
        length = random.choice((32, 32, 32, 24, 24, 16))
        base = random.getrandbits(32) >> (32 - length) << (32 - length)
        remote = AddressRange(Family.IPV4, base, base + (1 << (32 - length)) - 1)
        local: Address = random.choice((ME, ME, ME, ANY))
        port = random.randrange(1, 50000)
        ports = random.choice((ANY_PORT, PortRange(port, port), PortRange(port, port), PortRange(port, port + 9)))
        yield Filter(local, remote, random.choice((TCP, UDP)), ANY_PORT, ports)


def interval_map(count: int) -> str:
    """Return a table of one interval verdict map with `count` entries, looked up once."""
    entries = ",\n".join(
        f"    10.{n >> 8 & 255}.{n & 255}.0/24 . tcp . {1024 + n}-{1033 + n} : {'drop' if n % 2 else 'accept'}"
        for n in range(count)
    )
    return (
        "table inet bench\ndelete table inet bench\ntable inet bench {\n  map m {\n"
        "    type ipv4_addr . inet_proto . inet_service : verdict\n    flags interval\n"
        f"    elements = {{\n{entries}\n    }}\n  }}\n"
        "  chain in {\n    type filter hook input priority 0; policy accept;\n"
        "    ip saddr . meta l4proto . th dport vmap @m\n  }\n}\n"
    )


@contextmanager
def namespace() -> Iterator[str]:
    """Give a network namespace."""
    name = f"ipsecmig-bench{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        yield name
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


def load(name: str, text: bytes) -> float:
    """Load `text` in the namespace and return the seconds that it took."""
    start = time.perf_counter()
    subprocess.run(["ip", "netns", "exec", name, "nft", "-f", "-"], input=text, check=True)
    return time.perf_counter() - start


def main() -> int:
    """Measure, print, and return 0 when the ruleset loads fast enough."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    store = policy_store(count, Random(1))
    request = EmissionRequest(store, store.policies[0], flatten(store, store.policies[0]))
    start = time.perf_counter()
    ruleset = nftables.TARGET.emit(request).files[0].content
    emitting = time.perf_counter() - start
    elements = sum(b" : " in line and line.startswith(b"            ") for line in ruleset.splitlines())
    plain = interval_map(count).encode()
    with namespace() as name:
        times = [(load(name, ruleset), load(name, plain)) for _ in range(RUNS)]
    ours, theirs = (min(column) for column in zip(*times, strict=True))
    maps = ruleset.count(b" map ")
    print(f"{count} filters: {elements} elements in {maps} maps, {len(ruleset)} bytes, emitted in {emitting:.2f} s")
    print(f"the emitted ruleset loads in {ours:.3f} s")
    print(f"one interval verdict map of {count} entries, {len(plain)} bytes, loads in {theirs:.3f} s")
    print(f"ratio {ours / theirs:.2f} (limit {LIMIT})")
    return 0 if ours / theirs < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
