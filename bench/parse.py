"""Reads 100,000 `add filter` lines to the IR, beside sqlglot parsing short statements.

Each side runs in a process of its own, so that its peak memory is its own; seconds are those of the processor. sqlglot
gets a sample, as its rate does not depend on the number of statements.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

LINES = 100_000
SAMPLE = 20_000
ROUNDS = 3

SHAPES = (
    "netsh ipsec static add filter filterlist=Banned srcaddr={host} dstaddr=me",
    'netsh ipsec static add filter filterlist="Banned hosts" srcaddr={host} dstaddr=Me protocol=TCP dstport={port}',
    "netsh ipsec static add filter filterlist=Closed srcaddr=any dstaddr=me protocol=UDP dstport={serial} mirrored=yes",
    "netsh ipsec static add filter filterlist=Nets srcaddr={net} srcmask=255.255.255.0 dstaddr=me protocol=ANY",
    "netsh ipsec static add filter filterlist = Nets srcaddr = {net} srcmask = 24 dstaddr = me mirror = no",
    'netsh ipsec static add filter filterlist=Out srcaddr=me dstaddr={host} protocol=tcp desc="to {host}"',
)


def lines() -> Iterator[str]:
    """Yield a mix of lines as block lists and server scripts have them."""
    choose = random.Random(1)
    for number in range(LINES):
        octets = [choose.randrange(1, 255) for _ in range(4)]
        host, net = ".".join(map(str, octets)), ".".join(map(str, octets[:3])) + ".0"
        yield SHAPES[number % len(SHAPES)].format(
            host=host, net=net, port=choose.randrange(1, 65536), serial=number // 6
        )


def statements() -> Iterator[str]:
    """Yield short one-line statements of SQL."""
    choose = random.Random(1)
    for number in range(SAMPLE):
        yield f"SELECT a{number}, b FROM t WHERE c = {choose.randrange(1 << 16)} AND d = 'x{number}'"


def _ours() -> float:
    from ipsecmig.dialects.base import ReadOptions, Source
    from ipsecmig.dialects.netsh_static.convert import read

    source = Source("policy.bat", "\n".join([*lines(), ""]).encode())
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        reading = read(source, ReadOptions())
        best = min(best, time.process_time() - start)
        filters = sum(len(filter_list.filters) for filter_list in reading.store.filter_lists)
        if filters + len(reading.diagnostics) < LINES:
            raise SystemExit(f"only {filters} filters were read")
        del reading
    return LINES / best


def _theirs() -> float:
    import sqlglot

    sample = list(statements())
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        parsed = [sqlglot.parse_one(statement) for statement in sample]
        best = min(best, time.process_time() - start)
        del parsed
    return SAMPLE / best


_SIDES: dict[str, Callable[[], float]] = {"ipsecmig": _ours, "sqlglot": _theirs}


def _measure(side: str) -> tuple[float, float]:
    """Return statements per second and the peak memory in MiB of `side`, run in a process of its own."""
    result = subprocess.run([sys.executable, __file__, side], check=True, capture_output=True, text=True)
    rate, memory = result.stdout.split()
    return float(rate), float(memory)


def main() -> None:
    """Measure one side, named by the argument, or both."""
    if len(sys.argv) > 1:
        rate = _SIDES[sys.argv[1]]()
        print(rate, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    (ours, our_memory), (theirs, their_memory) = _measure("ipsecmig"), _measure("sqlglot")
    print(
        f"parse: {LINES:,} add filter lines to the IR at {ours:,.0f}/s ({our_memory:.0f} MiB); "
        f"sqlglot at {theirs:,.0f}/s ({their_memory:.0f} MiB, {SAMPLE:,} statements); ratio {ours / theirs:.1f}"
    )


if __name__ == "__main__":
    main()
