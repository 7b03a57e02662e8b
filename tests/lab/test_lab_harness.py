"""The lab's own behaviour: what is sent arrives, and what a policy stops does not."""

from __future__ import annotations

import pytest

from lab.harness import (
    FAR_ADDRESS,
    FAR_ADDRESS6,
    HOST_ADDRESS,
    HOST_ADDRESS6,
    PEER_ADDRESS,
    PEER_ADDRESS6,
    Lab,
    Probe,
)

pytestmark = pytest.mark.lab

TCP, UDP, ICMP, GRE, ICMPV6 = 6, 17, 1, 47, 58

OUTBOUND = [
    Probe(UDP, HOST_ADDRESS, PEER_ADDRESS, 1024, 53),
    Probe(TCP, "192.0.2.7", "198.51.100.1", 80, 40000),
    Probe(ICMP, HOST_ADDRESS, PEER_ADDRESS),
    Probe(GRE, HOST_ADDRESS, "203.0.113.9"),
    Probe(UDP, HOST_ADDRESS6, PEER_ADDRESS6, 1024, 53),
]
INBOUND = [
    Probe(UDP, PEER_ADDRESS, HOST_ADDRESS, 1024, 53),
    Probe(TCP, "198.51.100.1", HOST_ADDRESS, 40000, 80),
    Probe(ICMP, PEER_ADDRESS, HOST_ADDRESS),
    Probe(GRE, "203.0.113.9", HOST_ADDRESS),
    Probe(TCP, PEER_ADDRESS6, HOST_ADDRESS6, 1024, 443),
]
FORWARDED = [
    Probe(UDP, FAR_ADDRESS, PEER_ADDRESS, 1024, 53),
    Probe(TCP, "192.0.2.7", "198.51.100.1", 80, 40000),
    Probe(UDP, FAR_ADDRESS6, PEER_ADDRESS6, 1024, 53),
]


def test_everything_passes_a_host_without_policy(lab: Lab) -> None:
    assert lab.outbound(OUTBOUND) == set(OUTBOUND)
    assert lab.inbound(INBOUND) == set(INBOUND)
    assert lab.forwarded(FORWARDED) == set(FORWARDED)


@pytest.mark.parametrize("hook", ["input", "output", "forward"])
def test_each_hook_stops_its_own_direction_only(lab: Lab, hook: str) -> None:
    lab.host.nft(
        f"table inet t {{\n chain c {{\n type filter hook {hook} priority 0; policy drop;\n iif lo accept\n }}\n}}\n"
    )
    assert (lab.outbound(OUTBOUND) == set()) == (hook == "output")
    assert (lab.inbound(INBOUND) == set()) == (hook == "input")
    assert (lab.forwarded(FORWARDED) == set()) == (hook == "forward")


def test_xfrm_policies_see_what_sockets_send(lab: Lab) -> None:
    lab.host.batch("xfrm policy add src 0.0.0.0/0 dst 10.9.0.2/32 proto udp dport 53 dir out priority 5 action block\n")
    probes = [Probe(UDP, HOST_ADDRESS, PEER_ADDRESS, 1024, 53), Probe(UDP, HOST_ADDRESS, PEER_ADDRESS, 1024, 54)]
    assert lab.outbound(probes, how="socket") == {probes[1]}


def test_an_acquire_names_the_policy_that_matched(lab: Lab) -> None:
    template = "tmpl proto esp reqid 1 mode transport"
    lab.host.batch(
        f"xfrm policy add src 0.0.0.0/0 dst 10.9.0.2/32 proto udp dport 53 dir out priority 11 {template}\n"
        f"xfrm policy add src 0.0.0.0/0 dst 10.9.0.2/32 dir out priority 22 {template}\n"
    )
    probes = [
        Probe(UDP, HOST_ADDRESS, PEER_ADDRESS, 1024, 53),
        Probe(UDP, HOST_ADDRESS, PEER_ADDRESS, 1024, 54),
        Probe(TCP, HOST_ADDRESS, PEER_ADDRESS, 1024, 53),
        Probe(UDP, HOST_ADDRESS, "10.9.0.3", 1024, 53),
    ]
    assert lab.acquires(probes) == [11, 22, 22, None]
