"""Connection tracking, overlapping elements and kinds of destination in a real nft, and what the reader says."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from ipsecmig.model.packets import parse_packet
from ipsecmig.model.space import Direction
from lab.harness import Lab, Probe, missing, open_lab
from lab.rulesets import read, ruleset

pytestmark = pytest.mark.lab

Send = Callable[[list[Probe]], set[Probe]]


@pytest.fixture(scope="module")
def machines() -> Iterator[Lab]:
    """Give one lab for all tests; each cleans up after itself by loading over what was there."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    with open_lab() as lab:
        yield lab


GROUPS = {
    "by kind": ruleset("fib daddr type multicast accept", "drop", out="fib daddr type multicast drop"),
    "by address": ruleset("ip daddr 224.0.0.0/4 drop", "ip6 daddr ff00::/8 drop", out="ip daddr 224.0.0.0/4 accept"),
    "broadcast": ruleset("fib daddr type broadcast drop", out="ip daddr 255.255.255.255 udp dport 67 drop"),
}
TO_GROUPS = (
    "in udp 10.9.0.2:1042 > 224.0.0.1:5353",
    "in udp 10.9.0.2:1042 > 255.255.255.255:67",
    "in udp [fd09::2]:1042 > [ff02::1]:5353",
    "out udp 10.9.0.1:1042 > 224.0.0.1:5353",
    "out udp 10.9.0.1:1042 > 255.255.255.255:67",
)


@pytest.mark.parametrize("text", GROUPS.values(), ids=GROUPS)
def test_multicast_and_broadcast_meet_what_the_reader_says(machines: Lab, text: str) -> None:
    target = read("rules.nft", text)
    assert target.not_understood == ()
    machines.host.nft("flush ruleset\n" + text)
    senders: dict[Direction, Send] = {Direction.IN: machines.inbound, Direction.OUT: machines.outbound}
    for direction, send in senders.items():
        packets = [p for p in map(parse_packet, TO_GROUPS) if p.direction == direction]
        passed = {p.text() for p in packets if Probe.of(p) in send([Probe.of(p)])}
        assert passed == {p.text() for p in packets if target.map.at(p).clear}
    machines.host.run("nft", "flush", "ruleset")


STRAYS = {"SYN": 2, "ACK": 16, "SYN ACK": 18, "RST": 4, "FIN": 1}


def test_what_belongs_to_no_connection_is_not_new(machines: Lab) -> None:
    """Connection tracking picks up a bare ACK as new; what else begins without a SYN passes a rule about new ones."""
    text = ruleset("ct state new tcp dport 80 drop")
    assert [doubt.text for doubt in read("rules.nft", text).not_understood] == ["ct state new tcp dport 80 drop"]
    machines.host.nft("flush ruleset\n" + text)
    probes = {name: Probe(6, "10.9.0.2", "10.9.0.1", 2000 + flags, 80) for name, flags in STRAYS.items()}
    passed = {name for name, probe in probes.items() if machines.inbound([probe], flags=STRAYS[name])}
    machines.host.run("nft", "flush", "ruleset")
    assert passed == {"SYN ACK", "RST", "FIN"}


@pytest.mark.parametrize(
    ("elements", "is_taken"),
    [
        ("10.0.0.0/8 . 1-100 : accept, 10.1.0.0/16 . 80 : drop", False),
        ("10.1.0.0/16 . 80 : drop, 10.0.0.0/8 . 1-100 : accept", True),
        ("10.0.0.0/8 . 80 : drop, 10.1.0.0/16 . 1-100 : accept", True),
        ("10.0.0.0/8 . 80 : drop, 10.0.0.0/8 . 80 : accept", False),
    ],
)
def test_overlapping_elements_are_undecided_whether_nft_takes_them_or_not(
    machines: Lab, elements: str, *, is_taken: bool
) -> None:
    text = ruleset(f"ip saddr . tcp dport vmap {{ {elements} }}")
    assert read("rules.nft", text).not_understood
    if is_taken:
        machines.host.nft("flush ruleset\n" + text)
        machines.host.run("nft", "flush", "ruleset")
    else:
        with pytest.raises(RuntimeError, match="File exists"):
            machines.host.nft("flush ruleset\n" + text)
