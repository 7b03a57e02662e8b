"""What an nftables ruleset makes of packets in clear and under an SA, against a slow interpreter of the same rules.

Chains that ask about protection or connections are mixed with chains that do not, directly and through others: a
reader may look once at what is alike in all states, and must see every state where it is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Final, NamedTuple

from hypothesis import event, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from ipsecmig.model.selectors import Family
from ipsecmig.model.space import Direction, Link, Packet
from ipsecmig.verify.readback.nft_text import read_text
from ipsecmig.verify.readback.nftables import read_ruleset


class State(NamedTuple):
    """What is not in the packet itself: whether it arrived, and will leave, under an SA, and its connection."""

    arrived_protected: bool = False
    leaves_protected: bool = False
    connection: str = "new"


class Verdict(NamedTuple):
    """`accept`, `drop`, `return`, or `jump` and `goto` with the number of a chain."""

    word: str
    chain: int = 0

    def text(self) -> str:
        """Return the verdict as nft writes it."""
        return f"{self.word} side{self.chain}" if self.word in {"jump", "goto"} else self.word


class Rule(NamedTuple):
    """Matches by their text, then a verdict, or one for each port."""

    matches: tuple[str, ...]
    verdict: Verdict
    by_port: tuple[tuple[int, Verdict], ...] = ()

    def text(self) -> str:
        """Return the rule as nft writes it."""
        elements = ", ".join(f"{port} : {verdict.text()}" for port, verdict in self.by_port)
        end = f"tcp dport vmap {{ {elements} }}" if elements else self.verdict.text()
        return " ".join((*self.matches, end))


class Base(NamedTuple):
    """A base chain in a table of its own, with the chains that its rules may lead to."""

    family: str
    hook: str
    policy: str
    rules: tuple[Rule, ...]
    sides: tuple[tuple[Rule, ...], ...]

    def text(self, number: int) -> str:
        """Return the table as nft writes it."""
        chains = [f"chain side{n} {{\n{_lines(rules)}\n}}" for n, rules in enumerate(self.sides)]
        head = f"type filter hook {self.hook} priority {number}; policy {self.policy};"
        chains.append(f"chain base {{\n{head}\n{_lines(self.rules)}\n}}")
        return f"table {self.family} t{number} {{\n" + "\n".join(chains) + "\n}\n"


def _lines(rules: Sequence[Rule]) -> str:
    return "\n".join(rule.text() for rule in rules)


def _destination(packet: Packet) -> tuple[int, int]:
    incoming = packet.direction == Direction.IN
    return (packet.local, packet.local_port) if incoming else (packet.remote, packet.remote_port)


HERE, THERE = 0x0A000007, 0xC0000209
MATCHES: Final[dict[str, Callable[[Packet, State], bool]]] = {
    "ip daddr 10.0.0.0/8": lambda p, s: p.family == Family.IPV4 and _destination(p)[0] == HERE,
    "tcp dport 80": lambda p, s: p.protocol == 6 and _destination(p)[1] == 80,
    "meta nfproto ipv6": lambda p, s: p.family == Family.IPV6,
    "meta ipsec exists": lambda p, s: s.arrived_protected,
    "meta ipsec missing": lambda p, s: not s.arrived_protected,
    "rt ipsec exists": lambda p, s: s.leaves_protected,
    "rt ipsec missing": lambda p, s: not s.leaves_protected,
    "ct state new": lambda p, s: s.connection == "new",
    "ct state established,related": lambda p, s: s.connection == "established",
    "ct state != { established, invalid }": lambda p, s: s.connection == "new",
}
PLAIN: Final = tuple(list(MATCHES)[:3])
HOOKS: Final = {
    "input": (Direction.IN,),
    "output": (Direction.OUT,),
    "forward": (Direction.FORWARD,),
    "prerouting": (Direction.IN, Direction.FORWARD),
    "postrouting": (Direction.OUT, Direction.FORWARD),
}
PACKETS: Final = tuple(
    Packet(direction, family, Link.LAN, *ends, protocol, *ports)
    for direction, family, ends, (protocol, ports) in product(
        Direction,
        Family,
        ((HERE, THERE), (THERE, HERE)),
        ((1, (0, 0)), (17, (80, 80)), *((6, ports) for ports in product((79, 80, 81), repeat=2))),
    )
)


def passes(bases: Sequence[Base], packet: Packet, state: State) -> bool:
    """Whether the packet passes every base chain."""
    return all(
        _run(base, base.rules, packet, state) in ({"accept", "end"} if base.policy == "accept" else {"accept"})
        for base in bases
        if Direction(packet.direction) in HOOKS[base.hook] and (base.family == "inet" or packet.family == Family.IPV4)
    )


def _run(base: Base, rules: Sequence[Rule], packet: Packet, state: State) -> str:
    """Return `accept` or `drop`, or `end` where no rule of `rules` decides."""
    for rule in rules:
        if not all(MATCHES[match](packet, state) for match in rule.matches):
            continue
        verdict: Verdict | None = rule.verdict
        if rule.by_port:
            verdict = dict(rule.by_port).get(_destination(packet)[1]) if packet.protocol == 6 else None
        if verdict is None:
            continue
        if verdict.word in {"accept", "drop"}:
            return verdict.word
        if verdict.word == "return":
            return "end"
        inside = _run(base, base.sides[verdict.chain], packet, state)
        if inside != "end" or verdict.word == "goto":
            return inside
    return "end"


@st.composite
def rules(draw: DrawFn, sides: int, matches: Sequence[str]) -> tuple[Rule, ...]:
    """Draw a few rules that ask for `matches` and lead to chains below `sides`."""
    words = ("accept", "drop", "return", *(("jump", "goto") * 2 if sides else ()))

    def verdict() -> Verdict:
        word = draw(st.sampled_from(words))
        return Verdict(word, draw(st.integers(0, sides - 1)) if word in {"jump", "goto"} else 0)

    found = []
    for _ in range(draw(st.integers(1, 3))):
        asked = tuple(draw(st.lists(st.sampled_from(matches), max_size=2, unique=True)))
        ports = draw(st.sampled_from(((), (), (80,), (81, 80), (79, 80, 81))))
        found.append(Rule(asked, verdict(), tuple((port, verdict()) for port in ports)))
    return tuple(found)


@st.composite
def bases(draw: DrawFn) -> tuple[Base, ...]:
    """Draw one or two tables with a base chain each; each of their chains asks about states or does not."""
    found = []
    for _ in range(draw(st.integers(1, 2))):
        asking = draw(st.lists(st.sampled_from((PLAIN, tuple(MATCHES))), min_size=4, max_size=4))
        sides = tuple(draw(rules(number, asking[number])) for number in range(3))
        hook, family = draw(st.sampled_from(tuple(HOOKS))), draw(st.sampled_from(("inet", "ip")))
        policy = draw(st.sampled_from(("accept", "drop")))
        found.append(Base(family, hook, policy, draw(rules(3, asking[3])), sides))
    return tuple(found)


def _protected(direction: Direction) -> Iterator[State]:
    if direction is not Direction.IN:
        yield State(leaves_protected=True)
    if direction is not Direction.OUT:
        yield State(arrived_protected=True)


CLEAR_ONLY: Final = "packets that pass in clear but not under an SA are not modelled"
STRAYS: Final = "packets that belong to no connection"


@given(bases())
@settings(max_examples=40, deadline=None)
def test_every_state_of_a_packet_is_told_as_the_rules_say(tables: tuple[Base, ...]) -> None:
    text = "".join(table.text(number) for number, table in enumerate(tables))
    target = read_ruleset(*read_text(text, "rules.nft"))
    only_in_clear = strays = False
    for packet in PACKETS:
        clear, *protected = [passes(tables, packet, s) for s in (State(), *_protected(Direction(packet.direction)))]
        observed = target.observed(Direction(packet.direction)).at(packet)
        assert observed.clear == clear, (text, packet.text())
        assert clear or (observed.protection is not None) == any(protected), (text, packet.text())
        only_in_clear |= clear and not all(protected)
        for state in (State(), *_protected(Direction(packet.direction))):
            stray = passes(tables, packet, state._replace(connection="invalid"))
            strays |= stray and not passes(tables, packet, state)
    doubts = {doubt.reason.split(" (")[0] for doubt in target.not_understood}
    expected = {CLEAR_ONLY: only_in_clear, STRAYS: strays}
    assert doubts == {reason for reason, found in expected.items() if found}, text
    event(f"asks about states: {'ipsec' in text or 'ct state' in text}, doubts: {len(doubts)}")
