"""The emitted policies in a real kernel: they load, and each packet meets the policy that Windows would prefer."""

from __future__ import annotations

import pytest
from emit.test_nftables_target import BLOCK, PERMIT, REQUEST, SECURE, one, request
from hypothesis import HealthCheck, given, settings
from strategies import sites, small_policies, small_sites, stores

from ipsecmig.emit import xfrm
from ipsecmig.model.flatten import flatten
from ipsecmig.model.policy import Filter, FilterAction, PolicyStore, Rule
from ipsecmig.model.selectors import ANY, ANY_PORT, ME, TCP, UDP, AddressRange, PortRange
from ipsecmig.model.site import Site
from ipsecmig.model.space import Direction, Link, Packet
from ipsecmig.model.targets import EmissionRequest
from lab.harness import HOST_ADDRESS, HOST_ADDRESS6, PEER_ADDRESS, Lab, Probe
from lab.rulesets import read
from lab.test_lab_nftables import everything

pytestmark = pytest.mark.lab

SLOW_KERNEL = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)


def files(asked: EmissionRequest) -> tuple[str, str]:
    """Return the batch and its rollback."""
    batch, rollback = xfrm.TARGET.emit(asked).files
    return batch.content.decode(), rollback.content.decode()


def loaded(lab: Lab) -> int:
    """Return how many policies the host has; those of the kernel's own sockets are not listed."""
    return lab.host.ip("xfrm", "policy").count("priority")


def test_it_loads_and_goes_away_twice(lab: Lab) -> None:
    batch, rollback = files(everything())
    for _ in range(2):
        lab.host.batch(batch)
        assert loaded(lab) == sum(line.startswith("xfrm") for line in batch.splitlines())
        lab.host.batch(rollback)
        assert loaded(lab) == 0


def test_the_policies_of_others_survive_the_rollback(lab: Lab) -> None:
    lab.host.batch("xfrm policy add src 192.0.2.1/32 dst 192.0.2.2/32 dir out priority 7 action block\n")
    for text in files(everything()):
        lab.host.batch(text)
    assert loaded(lab) == 1


@given(stores(), sites())
@settings(max_examples=10, suppress_health_check=SLOW_KERNEL)
def test_the_kernel_takes_whatever_a_store_holds(lab: Lab, store: PolicyStore, site: Site) -> None:
    for policy in store.policies:
        for text in files(EmissionRequest(store, policy, flatten(store, policy, site), (policy.description,))):
            lab.host.batch(text)
        assert loaded(lab) == 0


@given(small_policies(), small_sites())
@settings(max_examples=10, suppress_health_check=SLOW_KERNEL)
def test_small_policies_load(lab: Lab, store: PolicyStore, site: Site) -> None:
    for text in files(EmissionRequest(store, store.policies[0], flatten(store, store.policies[0], site))):
        lab.host.batch(text)
    assert loaded(lab) == 0


def out(destination: str, port: int = 7) -> Probe:
    return Probe(UDP, HOST_ADDRESS, destination, 40000, port)


def test_a_permit_around_it_does_not_send_the_specific_in_clear(lab: Lab) -> None:
    """What strongSwan's own ranking (pass, protect, drop) leaks: permit 10/8, secure 10.1.1.1, block 10.2/16."""
    asked = request(
        (Rule("P", "A", "Permit"), [Filter(ME, AddressRange.parse("10.0.0.0/8"))], PERMIT),
        (Rule("S", "B", "Secure"), [Filter(ME, AddressRange.parse("10.1.1.1"))], SECURE),
        (Rule("B", "C", "Block"), [Filter(ME, AddressRange.parse("10.2.0.0/16"))], BLOCK),
    )
    lab.host.batch(files(asked)[0])
    probes = [out("10.3.0.1"), out("10.1.1.1"), out("10.2.3.4"), out(PEER_ADDRESS)]
    assert lab.outbound(probes, how="socket") == {probes[0], probes[3]}
    assert lab.acquires(probes) == [None, 1000, None, None]


def test_each_packet_asks_for_the_sa_of_the_most_specific_filter(lab: Lab) -> None:
    network, host = AddressRange.parse("10.9.0.0/24"), AddressRange.parse(PEER_ADDRESS)
    filters = [
        Filter(ME, network, mirrored=False),
        Filter(ME, network, UDP, ANY_PORT, PortRange(53, 55), mirrored=False),
        Filter(ME, host, UDP, ANY_PORT, PortRange(53, 53), mirrored=False),
        Filter(ME, host, mirrored=False),
    ]
    asked = one(*filters, action=SECURE)
    ranks = {specific.filter: 1000 + 10 * rank for rank, specific in enumerate(asked.flat.filters)}
    lab.host.batch(files(asked)[0])
    probes = [out("10.9.0.2", 53), out("10.9.0.2", 54), out("10.9.0.3", 54), out("10.9.0.3", 56), out("10.8.8.8", 53)]
    expected = [ranks[filters[n]] for n in (2, 3, 1, 0)]
    assert lab.acquires(probes) == [*expected, None]
    assert lab.outbound(probes, how="socket") == {probes[-1]}


@pytest.mark.parametrize(
    ("source", "wide", "narrow", "destinations"),
    [
        (HOST_ADDRESS6, "fd09::/64", "fd09::2/128", ("fd09::2", "fd09::3", "fd07::1")),
        (HOST_ADDRESS6, "ff00::/8", "ff0e::1/128", ("ff0e::1", "ff0e::2", "fd09::2")),
        (HOST_ADDRESS, "224.0.0.0/4", "224.0.0.9/32", ("224.0.0.9", "224.0.0.10", PEER_ADDRESS)),
    ],
    ids=["IPv6", "IPv6 multicast", "IPv4 multicast"],
)
def test_the_policy_that_the_reader_names_asks_for_the_sa(
    lab: Lab, source: str, wide: str, narrow: str, destinations: tuple[str, str, str]
) -> None:
    """A packet for each of two policies and one for none; what would need an SA does not leave."""
    anyone = "::/0" if ":" in source else "0.0.0.0/0"
    line = f"xfrm policy add src {anyone} dst {{}} dir out priority {{}} tmpl proto esp reqid 1 mode transport\n"
    batch = line.format(wide, 9) + line.format(narrow, 7)
    target = read("batch", batch)
    lab.host.batch(batch)
    probes = [Probe(UDP, source, to, 40000, 7) for to in destinations]
    packets = [packet_of(probe) for probe in probes]
    said = [found.text for p in packets if (found := target.responsible(p)) is not None]
    assert lab.acquires(probes) == [7, 9, None]
    assert said == batch.splitlines()[::-1]
    assert lab.outbound(probes, how="socket") == {
        p for p, q in zip(probes, packets, strict=True) if target.map.at(q).clear
    }


def packet_of(probe: Probe) -> Packet:
    """Return what the lab sends for `probe`, as the model says it."""
    own, peer = (AddressRange.parse(end) for end in (probe.source, probe.destination))
    ports = probe.source_port, probe.destination_port
    return Packet(Direction.OUT, own.family, Link.LAN, own.first, peer.first, probe.protocol, *ports)


@pytest.mark.parametrize(
    ("action", "inward", "outward"),
    [(PERMIT, True, True), (BLOCK, False, False), (SECURE, False, False), (REQUEST, True, False)],
)
def test_without_an_sa_a_protected_region_is_closed(
    lab: Lab, action: FilterAction, *, inward: bool, outward: bool
) -> None:
    lab.host.batch(files(one(Filter(ANY, ME, TCP, ANY_PORT, PortRange(80, 80)), action=action))[0])
    inbound = [Probe(TCP, PEER_ADDRESS, HOST_ADDRESS, 1024, port) for port in (80, 81)]
    assert lab.inbound(inbound) == set(inbound if inward else inbound[1:])
    sent = Probe(TCP, HOST_ADDRESS, PEER_ADDRESS, 80, 1024)
    assert lab.outbound([sent], how="socket") == ({sent} if outward else set())


def test_a_forwarding_host_with_known_addresses_filters_what_it_forwards(lab: Lab) -> None:
    net, far = AddressRange.parse("10.1.0.0/16"), AddressRange.parse("10.2.0.0/16")
    site = Site(addresses=(AddressRange.parse(HOST_ADDRESS),))
    asked = request(
        (Rule("B", "A", "Block"), [Filter(net, ANY)], BLOCK),
        (Rule("P", "B", "Permit"), [Filter(net, far)], PERMIT),
        (Rule("S", "C", "Secure"), [Filter(ME, ANY)], SECURE),
        site=site,
    )
    lab.host.batch(files(asked)[0])
    pairs = (("10.1.0.1", "10.2.0.1"), ("10.1.0.1", "10.3.0.1"), ("10.3.0.1", "10.1.0.1"), ("10.3.0.1", "10.4.0.1"))
    probes = [Probe(UDP, source, destination, 1, 2) for source, destination in pairs]
    assert lab.forwarded(probes) == {probes[0], probes[3]}
