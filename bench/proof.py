"""Time and memory of the proof that a policy and a rewritten copy of it treat every packet alike.

    python bench/proof.py                 all sizes, and z3 on the same pairs at 1,000 and 2,000 filters
    python bench/proof.py --skip-z3       without z3
    python bench/proof.py --only host:10000
    python bench/proof.py --stages        parse, flatten, emit, read back and prove 10,000 filters, for every target

The copy says the same with every mirrored filter written as two, other names, and rules, lists and filters in another
order. All data are drawn at random, from usual services and sizes of networks. Host policies have `me` on one side of
every filter: some ports closed and published for any address, then peers from 89 blocks of the Internet (`host`) or
from 10.0.0.0/8 alone (`dense`, where they lie inside one another more often). Gateway policies vary both sides.

One process per line, so that the memory is that line's own. `proof` finds the foremost filters at every packet of both
policies, conflicts included, and compares them; what the two have in common is built once, and as the copy says the
same that is nearly all of the second. `one map` is what a policy costs alone, down to what its filters do. `flatten`
comes before both. z3 is asked for first match only. Times are processor time, so that other load matters less. A
machine's speed changes meanwhile: so what is compared takes turns, the quicker side several runs at a time, and of
times and of ratios within a round the median counts.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from statistics import median
from typing import NamedTuple

from ipsecmig.model import selectors
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.conflicts import decision_map, treat_alike
from ipsecmig.model.flatten import FlatPolicy, flatten
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
from ipsecmig.model.selectors import ANY, ANY_PORT, ME, Address, AddressRange, Family, PortRange
from ipsecmig.model.treatment import Conflict

ROUNDS = 9


class Side(NamedTuple):
    """One line of the answer: whose proof of which case, and how often it runs in each round."""

    engine: str
    case: str
    runs: int = 1


class Comparison(NamedTuple):
    """Two lines that take turns, and how many times as long the first may or should take."""

    slow: Side
    quick: Side
    wanted: str = ""


ALONE = Side("ipsecmig", "dense:10000")
COMPARISONS = (
    Comparison(Side("z3", "host:1000"), Side("ipsecmig", "host:1000", 10)),
    Comparison(Side("z3", "host:2000"), Side("ipsecmig", "host:2000", 10), "at least 20"),
    Comparison(Side("ipsecmig", "host:100000"), Side("ipsecmig", "host:10000", 10), "at most 12"),
    Comparison(Side("ipsecmig", "gateway:10000"), Side("ipsecmig", "gateway:1000", 10), "at most 15"),
)

WHOLE_WAY = "host:10000"
Z3_TIMEOUT_SECONDS = 900

PREFIXES = (32,) * 12 + (24,) * 5 + (28,) * 2 + (20, 16)

Template = tuple[int, str, int, int, bool]
"""Weight, action, protocol, port (0: any) and whether it is a service of the source side's peer: one rule each."""

TEMPLATES: tuple[Template, ...] = (
    (30, "block", 0, 0, False),
    (8, "permit", 0, 0, False),
    (8, "esp", 0, 0, False),
    (6, "permit", 6, 3389, False),
    (6, "permit", 6, 445, False),
    (6, "esp", 6, 1433, False),
    (5, "permit", 6, 443, True),
    (5, "permit", 6, 80, False),
    (4, "esp-null", 6, 445, False),
    (4, "permit", 17, 53, True),
    (4, "permit", 6, 22, False),
    (3, "block", 6, 25, True),
    (3, "permit", 6, 389, True),
    (3, "permit", 17, 389, True),
    (2, "permit", 17, 123, True),
    (2, "esp", 6, 5985, False),
    (1, "permit", 1, 0, False),
)
"""What the filters between named peers say."""

WIDE: tuple[Template, ...] = (
    *((1, "block", 6, port, False) for port in (23, 135, 139, 445, 593, 1025, 1433, 3389, 5900)),
    *((1, "block", 17, port, False) for port in (69, 135, 137, 138, 445, 1434)),
    *((1, "permit", 6, port, False) for port in (80, 443)),
    *((1, "permit", 6, port, True) for port in (80, 443)),
    (1, "permit", 17, 53, True),
    (1, "permit", 1, 0, False),
)
"""What the filters from or to any address say: ports closed and services published."""

ACTIONS = ("permit", "block", "esp", "esp-null")


def network(rng: random.Random, first_octet: int) -> AddressRange:
    """Return a host or subnet, drawn as policies have them."""
    prefix = rng.choice(PREFIXES)
    bits = 32 - prefix
    low = (first_octet << 24 | rng.getrandbits(24)) >> bits << bits
    return AddressRange(Family.IPV4, low, low | (1 << bits) - 1)


Drawn = tuple[str, Filter]


def filter_of(template: Template, client: Address, server: Address) -> Drawn:
    """Return the template's action and its filter for packets from `client` to the service of `server`."""
    _, action, protocol, port, reverse = template
    if reverse:
        client, server = server, client
    return action, Filter(client, server, protocol, destination_port=PortRange(port, port) if port else ANY_PORT)


def drawn_template(rng: random.Random) -> Template:
    """Return one of the usual templates, or now and then a service of its own."""
    if rng.random() < 0.9:
        return rng.choices(TEMPLATES, [template[0] for template in TEMPLATES])[0]
    return 1, rng.choice(ACTIONS), rng.choice((6, 17)), rng.randint(1, 65535), rng.random() < 0.3


def host_filters(first_octets: range, count: int, rng: random.Random) -> Iterator[Drawn]:
    """Yield filters of a server: ports closed and published for any address, then peers from the given blocks."""
    for template in WIDE:
        yield filter_of(template, ANY, ME)
    for _ in range(count - len(WIDE)):
        yield filter_of(drawn_template(rng), network(rng, rng.choice(first_octets)), ME)


def gateway_filters(count: int, rng: random.Random) -> Iterator[Drawn]:
    """Yield filters between the hosts and networks of two sides, some to or from any address (at most 100 each)."""
    wide = min(100, count // 50)
    for number in range(count):
        client: Address = ANY if number < wide else network(rng, 10)
        server: Address = ANY if wide <= number < 2 * wide else network(rng, 172)
        yield filter_of(drawn_template(rng), client, server)


Figures = dict[str, float | str]

KINDS: dict[str, Callable[[int, random.Random], Iterator[Drawn]]] = {
    "host": partial(host_filters, range(11, 100)),
    "dense": partial(host_filters, range(10, 11)),
    "gateway": gateway_filters,
}


def filter_action(name: str) -> FilterAction:
    """Return one of the four actions."""
    if name in ("permit", "block"):
        return FilterAction(name, Action(name))
    cipher = Encryption.TRIPLE_DES if name == "esp" else Encryption.NULL
    return FilterAction(
        name, Action.NEGOTIATE, (QuickModeOffer((EspTransform(cipher, Integrity.SHA1),), 3600, 100000),)
    )


def store_of(groups: list[tuple[str, list[Filter]]]) -> PolicyStore:
    """Return a store whose one policy has a rule for each (action, filters)."""
    lists = tuple(FilterList(f"list {n}", tuple(filters)) for n, (_, filters) in enumerate(groups))
    rules = tuple(Rule(f"rule {n}", f"list {n}", action) for n, (action, _) in enumerate(groups))
    main_mode = MainMode((MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP2048),))
    policy = Policy("bench", main_mode, rules, assigned=True)
    return PolicyStore((policy,), lists, tuple(filter_action(name) for name in ACTIONS))


def policy_pair(kind: str, count: int) -> tuple[PolicyStore, PolicyStore, PolicyStore]:
    """Return a policy, its rewritten copy, and a copy in which one filter does something else."""
    rng = random.Random(count)
    drawn = list(KINDS[kind](count, rng))
    halves = [(name, half) for name, filter_ in drawn for half in one_way(filter_)]
    rng.shuffle(halves)
    rewritten = [group for part in range(7) for group in by_action(halves[part::7])]
    outside = AddressRange.parse("203.0.113.77")
    planted = Filter(ME, outside, selectors.TCP, destination_port=PortRange(8443, 8443))
    groups = by_action(drawn)
    return store_of(groups), store_of(rewritten), store_of([*groups, ("esp", [planted])])


def by_action(drawn: list[Drawn]) -> list[tuple[str, list[Filter]]]:
    """Return one group of filters for each action."""
    return [(name, [filter_ for action, filter_ in drawn if action == name]) for name in ACTIONS]


def one_way(mirrored: Filter) -> tuple[Filter, Filter]:
    """Return the two filters without mirror that say what `mirrored` does."""
    going = replace(mirrored, mirrored=False)
    return going, going.reversed()


def megabytes() -> float:
    """Return the peak memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


Proof = tuple[Callable[[], Figures], Callable[[], Figures]]
"""What proves one pair and returns the answer, and what measures the rest of that line afterwards."""


def our_proof(kind: str, count: int) -> Proof:
    """Flatten one pair; afterwards the planted difference is found."""
    stores = policy_pair(kind, count)
    base = megabytes()
    start = time.process_time()
    left, right = (flatten(store, store.policies[0]) for store in stores[:2])
    flat = time.process_time() - start

    def the_rest() -> Figures:
        memory = megabytes()
        start = time.process_time()
        ours = decision_map(left)
        alone = time.process_time() - start
        planted = decision_map(flatten(stores[2], stores[2].policies[0]))
        searched = time.process_time()
        found = ours.differences(planted, lambda a, b: a == b, 10)
        return {
            "flatten": flat,
            "alone": alone,
            "memory": memory,
            "before": base,
            "difference": time.process_time() - searched,
            "found": bool(found.differences),
            "conflicts": any(isinstance(leaf, Conflict) for leaf in ours.leaves()),
        }

    return lambda: {"equal": treat_alike(left, right)}, the_rest


def z3_proof(left: FlatPolicy, right: FlatPolicy) -> str:
    """Return z3's verdict on the same question, asked as two chains of if-then-else over bit-vectors."""
    import z3

    names = ("direction", "family", "link", "local", "remote", "protocol", "remote_port", "local_port")
    widths = (2, 3, 1, 32, 32, 8, 16, 16)
    tops = (2, 6, 1, (1 << 32) - 1, (1 << 32) - 1, 255, 65535, 65535)
    point = [z3.BitVec(name, width) for name, width in zip(names, widths, strict=True)]
    numbers: dict[object, int] = {}

    def inside(spans: tuple[tuple[int, int], ...]) -> z3.BoolRef:
        bounds = []
        for value, top, (low, high) in zip(point, tops, spans, strict=True):
            if low == high:
                bounds.append(value == low)
            elif (low, high) != (0, top):
                bounds += [z3.UGE(value, low), z3.ULE(value, high)]
        return z3.And(bounds)

    def chain(flat: FlatPolicy) -> z3.BitVecRef:
        result = z3.BitVecVal(0, 8)
        for box, treatment in reversed(list(flat.layers())):
            number = numbers.setdefault(treatment, len(numbers) + 1)
            result = z3.If(inside(box), z3.BitVecVal(number, 8), result)
        return result

    solver = z3.Solver()
    solver.set("timeout", Z3_TIMEOUT_SECONDS * 1000)
    solver.add(point[1] == 4, z3.ULE(point[0], 2), chain(left) != chain(right))
    return str(solver.check())


def their_proof(kind: str, count: int) -> Proof:
    """Flatten one pair for z3."""
    left, right = (flatten(store, store.policies[0]) for store in policy_pair(kind, count)[:2])
    return lambda: {"verdict": z3_proof(left, right)}, lambda: {"memory": megabytes()}


def measure_stages(kind: str, count: int) -> Figures:
    """Take a script of one policy the whole way to each target and back, and return the time of each stage."""
    from ipsecmig.dialects.base import ReadOptions, Source
    from ipsecmig.dialects.registry import read
    from ipsecmig.emit.registry import TARGETS
    from ipsecmig.model.targets import EmissionRequest
    from ipsecmig.verify.compare import compare
    from ipsecmig.verify.readback.registry import is_configuration, read_targets

    base = policy_pair(kind, count)[0]
    emitters = {target.name: target.emit for target in TARGETS}
    script = emitters["netsh"](EmissionRequest(base, base.policies[0], flatten(base, base.policies[0]))).files[0]
    figures: Figures = {}
    clock = time.process_time()

    def done(stage: str) -> None:
        nonlocal clock
        figures[stage] = time.process_time() - clock
        clock = time.process_time()

    store = read(Source(script.path, script.content), ReadOptions(), None).store
    done("parse")
    flat = flatten(store, store.policies[0])
    done("flatten")
    for name, emit in emitters.items():
        emission = emit(EmissionRequest(store, store.policies[0], flat))
        done(f"{name}: emit")
        files = [Source(f.path, f.content) for f in emission.files if is_configuration(f.path)]
        targets = read_targets(files, flat.site, ReadOptions(encoding="utf-8"))
        done(f"{name}: read back")
        figures[f"{name}: is"] = compare(flat, targets, [emission.losses]).result.value
        done(f"{name}: prove")
    return figures | {"memory": megabytes()}


def lines_of_stages(figures: Figures) -> Iterator[str]:
    """Yield a line for each stage."""
    for stage, figure in figures.items():
        unit = "MB" if stage == "memory" else "s"
        yield f"{WHOLE_WAY} {stage:22} " + (f"{figure:>8}" if isinstance(figure, str) else f"{figure:8.2f} {unit}")


ENGINES: dict[str, Callable[[str, int], Proof]] = {"ipsecmig": our_proof, "z3": their_proof}


def serve(engine: str, case: str) -> None:
    """Run the proof as often as each line of standard input says and print its mean time; at the end all figures."""
    kind, count = case.split(":")
    prove, the_rest = ENGINES[engine](kind, int(count))
    print("ready", flush=True)
    answer: Figures = {}
    for line in sys.stdin:
        runs, start = int(line), time.process_time()
        for _ in range(runs):
            answer = prove()
        print((time.process_time() - start) / runs, flush=True)
    print(json.dumps(answer | the_rest()))


class Process:
    """A process of its own that runs one proof whenever it is asked."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.times: list[float] = []
        command = [sys.executable, __file__, "--measure", side.engine, "--only", side.case]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._read()

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.side.engine} {self.side.case} ended with exit code {self._process.wait()}")
        return line

    def turn(self) -> None:
        """Let it run the proof, and keep the time of one run in seconds."""
        assert self._process.stdin is not None
        print(self.side.runs, file=self._process.stdin, flush=True)
        self.times.append(float(self._read()))

    def figures(self) -> Figures:
        """End it and return all figures."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        figures: Figures = json.loads(self._read())
        self._process.wait()
        return {"proof": median(self.times)} | figures


def take_turns(*sides: Side) -> list[Process]:
    """Return the processes of the sides after all rounds."""
    processes = [Process(side) for side in sides]
    for _ in range(ROUNDS):
        for process in processes:
            process.turn()
    return processes


def line_of(side: Side, figures: Figures) -> str:
    """Return the summary line of one side."""
    line = f"{side.engine:8} {side.case:15} proof {float(figures['proof']):8.3f} s  {float(figures['memory']):7.0f} MB"
    if side.engine == "z3":
        return f"{line}  {figures['verdict']}"
    found = f"planted difference found: {bool(figures['found'])} in {float(figures['difference']):.3f} s"
    flat, alone = float(figures["flatten"]), float(figures["alone"])
    return f"{line}  one map {alone:.2f} s  equal: {bool(figures['equal'])}  flatten {flat:.2f} s  {found}"


def compare(comparison: Comparison) -> Iterator[str]:
    """Yield the line of each side, and how many times as long one takes as the other."""
    quick, slow = take_turns(comparison.quick, comparison.slow)
    for process in (quick, slow):
        yield line_of(process.side, process.figures())
    ratio = median(more / less for more, less in zip(slow.times, quick.times, strict=True))
    names = [f"{side.engine} {side.case}" for side in (slow.side, quick.side)]
    wanted = f" (wanted: {comparison.wanted})" if comparison.wanted else ""
    yield f"{names[0]} takes {ratio:.1f} times as long as {names[1]}{wanted}"


def line_alone(side: Side) -> str:
    """Return the line of one side that nothing is compared with."""
    (process,) = take_turns(side)
    return line_of(side, process.figures())


def main() -> None:
    """Run the cases and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--skip-z3", action="store_true", help="leave z3 out")
    parser.add_argument("--stages", action="store_true", help="only the whole way of one policy, stage by stage")
    parser.add_argument("--only", metavar="KIND:COUNT", help="one case instead of all, without z3")
    parser.add_argument("--measure", choices=tuple(ENGINES), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        serve(options.measure, options.only)
    elif options.stages:
        kind, count = WHOLE_WAY.split(":")
        print("\n".join(lines_of_stages(measure_stages(kind, int(count)))))
    elif options.only:
        print(line_alone(Side("ipsecmig", options.only)))
    else:
        for comparison in COMPARISONS:
            if not (options.skip_z3 and comparison.slow.engine == "z3"):
                for line in compare(comparison):
                    print(line, flush=True)
        print(line_alone(ALONE))


if __name__ == "__main__":
    main()
