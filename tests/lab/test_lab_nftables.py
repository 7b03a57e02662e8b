"""The emitted ruleset in a real kernel: it loads as often as wanted, and packets meet what the policy says."""

from __future__ import annotations

from random import Random

import pytest
from emit.test_nftables_target import (
    BLOCK,
    FAR,
    HOST,
    NETWORK,
    PERMIT,
    REQUEST,
    SECURE,
    TUNNEL,
    may_pass,
    one,
    request,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import SMALL_BASE, sites, small_policies, small_sites, stores

from ipsecmig.emit import nftables
from ipsecmig.model.flatten import flatten
from ipsecmig.model.policy import ConnectionType, Filter, FilterAction, PolicyStore, Rule
from ipsecmig.model.selectors import ANY, ANY_PORT, ICMP, ME, TCP, UDP, AddressRange, Family, PortRange
from ipsecmig.model.site import Site
from ipsecmig.model.space import Direction, Link, Packet
from ipsecmig.model.targets import EmissionRequest
from ipsecmig.model.windows import WindowsVersion
from lab.harness import FAR_ADDRESS, HOST_ADDRESS, PEER_ADDRESS, Lab, Probe

pytestmark = pytest.mark.lab

SLOW_KERNEL = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)


def files(asked: EmissionRequest) -> tuple[str, str]:
    """Return the ruleset and the rollback."""
    ruleset, rollback = nftables.TARGET.emit(asked).files
    return ruleset.content.decode(), rollback.content.decode()


def everything() -> EmissionRequest:
    """Return a policy that needs every construct: both IP versions, ranges, links, guards, maps and single rules."""
    ranges = AddressRange.parse("10.7.0.5-10.7.0.77"), AddressRange.parse("fd07::5-fd07::77")
    ports = PortRange(1000, 1020), PortRange(1010, 1030), PortRange(80, 80)
    mixed = [Filter(ME, r, TCP, a, b) for r in (*ranges, NETWORK) for a in (ANY_PORT, ports[2]) for b in ports]
    others = [Filter(ANY, ANY, p) for p in (1, 255)]
    site = Site(addresses=(HOST,), windows=WindowsVersion.VISTA, exemptions=0, broadcasts=(FAR,))
    return request(
        *TUNNEL,
        (Rule("R1", "L1", "Permit", connection_type=ConnectionType.LAN), mixed, PERMIT),
        (Rule("R2", "L2", "Request"), [Filter(ANY, ME, p) for p in (132, 47, 0)], REQUEST),
        (Rule('"}\\', "L3", "Block", connection_type=ConnectionType.DIALUP), others, BLOCK),
        (Rule("R4", "L4", "Block"), [Filter(ANY, ANY, 0, ANY_PORT, PortRange(0, 9))], BLOCK),
        site=site,
    )


def test_it_loads_again_and_again_and_goes_away_again_and_again(lab: Lab) -> None:
    ruleset, rollback = files(everything())
    lab.host.nft(ruleset)
    once = lab.host.run("nft", "list", "ruleset")
    lab.host.nft(ruleset)
    assert lab.host.run("nft", "list", "ruleset") == once
    for _ in range(2):
        lab.host.nft(rollback)
        assert lab.host.run("nft", "list", "ruleset") == ""


def test_a_table_of_others_is_left_alone(lab: Lab) -> None:
    other = "table inet other {\n\tchain c {\n\t\ttcp dport 22 accept\n\t}\n}\n"
    lab.host.nft(other)
    for text in files(everything()):
        lab.host.nft(text)
        assert other in lab.host.run("nft", "list", "ruleset")


@given(stores(), sites())
@settings(max_examples=20, suppress_health_check=SLOW_KERNEL)
def test_the_kernel_takes_whatever_a_store_holds(lab: Lab, store: PolicyStore, site: Site) -> None:
    for policy in store.policies:
        ruleset, _ = files(EmissionRequest(store, policy, flatten(store, policy, site), (policy.description,)))
        lab.host.nft(ruleset)


# --- packets ---------------------------------------------------------------------------------------------------------

OWN = tuple(SMALL_BASE + n for n in (1, 2))
OTHERS = tuple(SMALL_BASE + n for n in (0, 3, 4))


def packets(random: Random, direction: Direction, count: int) -> list[Packet]:
    """Return packets that can be sent in the lab in `direction`: the host is `OWN`, `OTHERS` are elsewhere."""
    locals_ = {Direction.OUT: OWN + OTHERS, Direction.IN: OWN, Direction.FORWARD: OTHERS}[direction]
    found = []
    for _ in range(count):
        protocol = random.choice((ICMP, TCP, UDP, 47))
        ports = [random.choice((1, 2, 3, 4, 88, 500)) if protocol in {TCP, UDP} else 0 for _ in range(2)]
        ends = random.choice(locals_), random.choice(OTHERS)
        found.append(Packet(direction, Family.IPV4, Link.LAN, *ends, protocol, *ports))
    return found


def arrivals(lab: Lab, direction: Direction, sent: list[Probe]) -> set[Probe]:
    """Send probes in `direction` and return those that got through."""
    if direction is Direction.OUT:
        return lab.outbound(sent)
    return lab.inbound(sent) if direction is Direction.IN else lab.forwarded(sent)


@given(small_policies(), small_sites(), st.randoms(use_true_random=False))
@settings(max_examples=25, suppress_health_check=SLOW_KERNEL)
def test_clear_packets_meet_what_the_policy_says(lab: Lab, store: PolicyStore, site: Site, random: Random) -> None:
    held = lab.host.ip("addr", "show", "dev", "lo")
    lab.add_addresses(a for a in (f"10.0.0.{n - SMALL_BASE}/32" for n in OWN) if a not in held)
    flat = flatten(store, store.policies[0], site)
    lab.host.nft(files(EmissionRequest(store, store.policies[0], flat))[0])
    for direction in Direction:
        sent = packets(random, direction, 40)
        got = arrivals(lab, direction, [Probe.of(p) for p in sent])
        wanted = {Probe.of(p) for p in sent if may_pass(flat, p, arrived=False, leaves=False)}
        assert got == wanted


WEB = Filter(ANY, ME, TCP, ANY_PORT, PortRange(80, 80))
IN_80, OUT_80 = Probe(TCP, PEER_ADDRESS, HOST_ADDRESS, 1024, 80), Probe(TCP, HOST_ADDRESS, PEER_ADDRESS, 80, 1024)
IN_81 = Probe(TCP, PEER_ADDRESS, HOST_ADDRESS, 1024, 81)


@pytest.mark.parametrize(
    ("action", "inward", "outward"),
    [(PERMIT, True, True), (BLOCK, False, False), (SECURE, False, False), (REQUEST, True, False)],
)
def test_without_an_sa_a_protected_region_is_closed(
    lab: Lab, action: FilterAction, *, inward: bool, outward: bool
) -> None:
    lab.host.nft(files(one(WEB, action=action))[0])
    assert lab.inbound([IN_80, IN_81]) == ({IN_80, IN_81} if inward else {IN_81})
    assert lab.outbound([OUT_80]) == ({OUT_80} if outward else set())


def test_a_policy_without_an_sa_does_not_open_the_guard(lab: Lab) -> None:
    """`rt ipsec` speaks of a transform on the route; a policy alone is none."""
    lab.host.nft(files(one(WEB, action=SECURE))[0])
    lab.host.batch("xfrm policy add dir out src 10.9.0.1/32 dst 10.9.0.2/32 tmpl proto esp reqid 1 mode transport\n")
    assert lab.outbound([OUT_80._replace(protocol=UDP)], how="socket") == set()


def test_a_gateway_forwards_nothing_in_clear_through_a_tunnel_region(lab: Lab) -> None:
    lab.host.nft(files(request(*TUNNEL, site=Site(addresses=(HOST,))))[0])
    there, back = Probe(TCP, "10.1.0.7", "10.2.0.7", 1024, 80), Probe(TCP, "10.2.0.7", "10.1.0.7", 80, 1024)
    elsewhere = Probe(TCP, FAR_ADDRESS, PEER_ADDRESS, 1024, 80)
    assert lab.forwarded([there, back, elsewhere]) == {elsewhere}


def test_directed_broadcasts_of_own_networks_are_exempt(lab: Lab) -> None:
    sent = [Probe(UDP, PEER_ADDRESS, to, 137, 137) for to in ("10.9.0.255", "255.255.255.255", HOST_ADDRESS)]
    lab.host.nft(files(one(Filter(ANY, ANY), action=BLOCK, site=Site(exemptions=1)))[0])
    assert lab.inbound(sent) == set(sent[:2])


def test_loopback_is_not_filtered(lab: Lab) -> None:
    lab.host.nft(files(one(Filter(ANY, ANY), action=BLOCK))[0])
    lab.host.run("ping", "-c1", "-W5", "127.0.0.1")
    lab.host.run("ping", "-c1", "-W5", HOST_ADDRESS)
