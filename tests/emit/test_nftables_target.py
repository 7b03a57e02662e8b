"""nftables: what the emitted ruleset does with packets, what it looks like, and what it says that it cannot say."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import SMALL_ADDRESSES, sites, small_policies, small_sites, stores

from emit import nft_evaluator
from emit.nft_evaluator import Seen
from ipsecmig.emit import nftables
from ipsecmig.emit.nftables.target import CAPABILITIES
from ipsecmig.model import selectors
from ipsecmig.model.accounting import attributes
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.attributes import AttributeKind
from ipsecmig.model.flatten import FlatPolicy, flatten
from ipsecmig.model.policy import (
    Action,
    ConnectionType,
    DefaultResponseRule,
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
    StoreKind,
    StoreLocation,
)
from ipsecmig.model.selectors import (
    ANY,
    ANY_PORT,
    ME,
    TCP,
    UDP,
    AddressRange,
    DnsName,
    Family,
    PortRange,
    ServerAddress,
    ServerRole,
)
from ipsecmig.model.site import UNKNOWN_SITE, Site
from ipsecmig.model.space import WITH_PORTS, Box, Direction, Link, Packet
from ipsecmig.model.targets import Emission, EmissionRequest, LossKind, SecurityDirection
from ipsecmig.model.treatment import Block, Permit, Protect, TunnelSense
from ipsecmig.model.windows import WindowsVersion

MAIN_MODE = MainMode((MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024),))
OFFERS = (QuickModeOffer((EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1),)),)
HOST = AddressRange.parse("10.9.0.1")
NETWORK = AddressRange.parse("10.1.0.0/24")


def request(
    *rules: tuple[Rule, Sequence[Filter], FilterAction], site: Site = UNKNOWN_SITE, policy: Policy | None = None
) -> EmissionRequest:
    """Return the request for a policy of `rules`, each with its filters and its action, named after the rule."""
    made = policy or Policy("P", MAIN_MODE, tuple(rule for rule, _, _ in rules), assigned=True)
    lists = tuple(FilterList(rule.filter_list, tuple(filters)) for rule, filters, _ in rules)
    actions = {action.name: action for _, _, action in rules}
    store = PolicyStore((made,), lists, tuple(actions.values()))
    return EmissionRequest(store, made, flatten(store, made, site), ("ipsecmig", "source: test"))


def one(*filters: Filter, action: FilterAction, site: Site = UNKNOWN_SITE) -> EmissionRequest:
    return request((Rule("R", "L", action.name), filters, action), site=site)


PERMIT = FilterAction("Permit", Action.PERMIT)
BLOCK = FilterAction("Block", Action.BLOCK)
SECURE = FilterAction("Secure", Action.NEGOTIATE, OFFERS)
REQUEST = FilterAction("Request", Action.NEGOTIATE, OFFERS, inbound_passthrough=True)


def ruleset(emission: Emission) -> str:
    return emission.files[0].content.decode()


def emitted(asked: EmissionRequest) -> str:
    return ruleset(nftables.TARGET.emit(asked))


# --- what packets meet -----------------------------------------------------------------------------------------------


def decided(flat: FlatPolicy, packet: Packet) -> Permit | Block | Protect | None:
    point = Box(*((value, value) for value in packet))
    return next((treatment for box, treatment in flat.layers() if box.contains(point)), None)


def may_pass(flat: FlatPolicy, packet: Packet, *, arrived: bool, leaves: bool) -> bool:
    """Say it as the policy does; a forwarded packet is judged by the end at which the policy protects it."""
    treatment = decided(flat, packet)
    if not isinstance(treatment, Protect):
        return not isinstance(treatment, Block)
    unwraps = treatment.tunnel is not None and treatment.tunnel.sense is TunnelSense.DECAPSULATE
    if packet.direction == Direction.IN or (packet.direction == Direction.FORWARD and unwraps):
        return arrived or treatment.accept_clear_inbound
    return leaves


def some_packets(random: Random, addresses: Sequence[int], count: int, family: Family = Family.IPV4) -> list[Packet]:
    protocols = (1, 6, 17, 33, 46, 47, 50)
    ports = (0, 1, 2, 3, 4, 88, 500, 4500)
    packets = []
    for _ in range(count):
        protocol = random.choice(protocols)
        near = [random.choice(ports) if protocol in WITH_PORTS else 0 for _ in range(2)]
        ends = random.choice(addresses), random.choice(addresses)
        packets.append(
            Packet(random.choice(list(Direction)), family, random.choice(list(Link)), *ends, protocol, *near)
        )
    return packets


ADDRESSES = (*SMALL_ADDRESSES, SMALL_ADDRESSES[0] - 1, SMALL_ADDRESSES[-1] + 1, (224 << 24) + 1, (1 << 32) - 1)


@given(small_policies(), small_sites(), st.randoms(use_true_random=False))
@settings(max_examples=150)
def test_a_packet_meets_what_the_first_filter_says(store: PolicyStore, site: Site, random: Random) -> None:
    policy = store.policies[0]
    flat = flatten(store, policy, site)
    rules = nft_evaluator.parse(emitted(EmissionRequest(store, policy, flat)))
    for packet in some_packets(random, ADDRESSES, 60):
        for arrived in (False, True):
            for leaves in (False, True):
                seen = Seen.of(packet, arrived_protected=arrived, leaves_protected=leaves)
                assert rules.passes(seen) == may_pass(flat, packet, arrived=arrived, leaves=leaves), packet.text()


def test_ipv6_passes_where_windows_does_not_filter_it() -> None:
    rules = nft_evaluator.parse(emitted(one(Filter(ANY, ANY), action=BLOCK)))
    for direction in Direction:
        packet = Packet(direction, Family.IPV6, Link.LAN, 1, 2, TCP, 80, 80)
        assert rules.passes(Seen.of(packet))
        assert not rules.passes(Seen.of(packet._replace(family=Family.IPV4)))


def test_ipv6_is_filtered_where_windows_does() -> None:
    subnet = AddressRange.parse("fd00::/64")
    site = Site(windows=WindowsVersion.VISTA)
    rules = nft_evaluator.parse(emitted(one(Filter(ME, subnet), action=BLOCK, site=site)))
    inside = Packet(Direction.OUT, Family.IPV6, Link.LAN, 1, subnet.first + 5, TCP, 80, 80)
    assert not rules.passes(Seen.of(inside))
    assert rules.passes(Seen.of(inside._replace(remote=subnet.last + 1)))
    assert rules.passes(Seen.of(inside._replace(protocol=selectors.ICMPV6, remote_port=0, local_port=0)))


FAR = AddressRange.parse("10.2.0.0/24")
GATEWAY = AddressRange.parse("203.0.113.9")
TUNNEL = (
    (Rule("Out", "Out", "Secure", tunnel_endpoint=GATEWAY), [Filter(NETWORK, FAR, mirrored=False)], SECURE),
    (Rule("In", "In", "Secure", tunnel_endpoint=HOST), [Filter(FAR, NETWORK, mirrored=False)], SECURE),
)


@pytest.mark.parametrize(
    ("arrived", "leaves", "to_far", "to_near"),
    [(False, False, False, False), (True, False, False, True), (False, True, True, False), (True, True, True, True)],
)
def test_a_gateway_forwards_only_through_the_tunnel(
    *, arrived: bool, leaves: bool, to_far: bool, to_near: bool
) -> None:
    rules = nft_evaluator.parse(emitted(request(*TUNNEL, site=Site(addresses=(HOST,)))))
    packet = Packet(Direction.FORWARD, Family.IPV4, Link.LAN, NETWORK.first + 1, FAR.first + 1, TCP, 80, 1024)
    back = packet._replace(local=packet.remote, remote=packet.local)
    assert rules.passes(Seen.of(packet, arrived_protected=arrived, leaves_protected=leaves)) == to_far
    assert rules.passes(Seen.of(back, arrived_protected=arrived, leaves_protected=leaves)) == to_near


# --- what it looks like ----------------------------------------------------------------------------------------------


def test_there_is_no_conntrack_and_one_table_of_our_own() -> None:
    text = emitted(one(Filter(ANY, ME, TCP, ANY_PORT, PortRange(80, 80)), action=SECURE))
    assert "ct state" not in text
    assert [line for line in text.splitlines() if line.startswith("table")] == [
        "table inet ipsecmig",
        "table inet ipsecmig {",
    ]


def test_filters_of_one_shape_are_one_map_for_both_directions() -> None:
    hosts = [AddressRange.parse(f"10.0.0.{n}") for n in range(1, 51)]
    text = emitted(one(*(Filter(ME, h, UDP, ANY_PORT, PortRange(53, 53)) for h in hosts), action=PERMIT))
    assert text.count("map remote32_protocol_remote_port {") == 1
    assert "ip saddr . ip protocol . th sport vmap @remote32_protocol_remote_port" in text
    assert "ip daddr . ip protocol . th dport vmap @remote32_protocol_remote_port" in text
    assert "10.0.0.50 . udp . 53 : accept," in text
    assert "flags interval" not in text


def test_equal_selectors_collapse_to_the_first() -> None:
    same = Filter(ANY, ME, TCP, ANY_PORT, PortRange(80, 80))
    text = emitted(request((Rule("P", "A", "Permit"), [same], PERMIT), (Rule("B", "B", "Block"), [same], BLOCK)))
    assert "tcp dport 80 drop" in text
    assert "tcp dport 80 accept" not in text


def test_nothing_stands_behind_a_rule_that_decides_all() -> None:
    text = emitted(one(Filter(ANY, ANY), Filter(ANY, NETWORK, UDP), action=BLOCK))
    for hook in ("input", "output", "forward"):
        chain = text.split(f"chain {hook}_ipv4 {{")[1].split("\n    }")[0].splitlines()
        assert chain[-1].strip().startswith("drop comment")


@pytest.mark.parametrize(
    ("kind", "inbound", "outbound"),
    [
        (ConnectionType.DIALUP, "meta iiftype ppp tcp dport 80 drop", "meta oiftype ppp tcp sport 80 drop"),
        (ConnectionType.LAN, "meta iiftype != ppp tcp dport 80 drop", "meta oiftype != ppp tcp sport 80 drop"),
        (ConnectionType.ALL, "        tcp dport 80 drop", "        tcp sport 80 drop"),
    ],
)
def test_connection_types(kind: ConnectionType, inbound: str, outbound: str) -> None:
    filters = [Filter(ANY, ME, TCP, ANY_PORT, PortRange(80, 80))]
    text = emitted(request((Rule("R", "L", "Block", connection_type=kind), filters, BLOCK)))
    assert inbound in text
    assert outbound in text


@pytest.mark.parametrize(("value", "broadcast"), [(0, True), (1, True), (2, False), (3, False)])
def test_broadcasts_of_own_networks_are_known_to_the_kernel(value: int, *, broadcast: bool) -> None:
    text = emitted(one(Filter(ANY, ANY), action=BLOCK, site=Site(exemptions=value)))
    assert ("fib daddr type broadcast accept" in text) == broadcast
    assert ("224.0.0.0/4" in text) == broadcast


@pytest.mark.parametrize("name", ['x"; drop; #', "a\nflush ruleset\n", "back\\", "\u2028\u202e\x07", "é" * 200, "}"])
def test_names_cannot_leave_their_comment(name: str) -> None:
    action = FilterAction("Permit", Action.PERMIT)
    filters = [Filter(ANY, ME, TCP, ANY_PORT, PortRange(n, n)) for n in (80, 81)] + [Filter(ANY, ME, UDP)]
    policy = Policy(name, MAIN_MODE, (Rule(name, name, "Permit"),), gpo=name)
    store = PolicyStore((policy,), (FilterList(name, tuple(filters)),), (action,))
    flat = flatten(store, policy)
    plain = Policy("p", MAIN_MODE, (Rule("p", "p", "Permit"),), gpo="p")
    other = PolicyStore((plain,), (FilterList("p", tuple(filters)),), (action,))
    emission = nftables.TARGET.emit(EmissionRequest(store, policy, flat, (name,)))
    expected = nftables.TARGET.emit(EmissionRequest(other, plain, flatten(other, plain), ("p",)))
    assert _without_comments(ruleset(emission)) == _without_comments(ruleset(expected))


def _without_comments(text: str) -> list[str]:
    lines = [line.split(' comment "')[0] for line in text.split("\n")]
    assert all(line.isprintable() for line in lines)
    return [line for line in lines if not line.strip().startswith("#")]


def test_the_header_says_what_the_file_is() -> None:
    policy = Policy("P", MAIN_MODE, gpo="Servers", store=StoreLocation(StoreKind.DOMAIN, "example.com"))
    asked = request(policy=policy)
    for file in nftables.TARGET.emit(asked).files:
        head = file.content.decode().split("\n\n")[0]
        for expected in ("# ipsecmig", "# source: test", "'P', domain store example.com", "'Servers'", "every 10800 s"):
            assert expected in head
        assert all(f"# assumed: {assumption}" in head for assumption in asked.flat.assumptions)


def test_the_rollback_removes_the_table_and_nothing_else() -> None:
    _, rollback = nftables.TARGET.emit(one(Filter(ANY, ANY), action=BLOCK)).files
    commands = [line for line in rollback.content.decode().splitlines() if line and not line.startswith("#")]
    assert commands == ["table inet ipsecmig", "delete table inet ipsecmig"]


def test_the_bytes_do_not_depend_on_the_process() -> None:
    code = (
        "import sys; from emit.test_nftables_target import *; from ipsecmig.emit import xfrm\n"
        "asked = request(*TUNNEL, (Rule('r', 'l', 'Request'), [Filter(ANY, ME, TCP), Filter(ME, FAR)], REQUEST),"
        " site=Site(addresses=(HOST,), exemptions=0))\n"
        "for target in (nftables.TARGET, xfrm.TARGET):\n"
        "    for file in target.emit(asked).files: sys.stdout.buffer.write(file.content)\n"
    )
    root = Path(__file__).parents[2]
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"{root}:{root / 'tests'}"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert b"leaves_protected" in runs[0]


# --- what it cannot say ----------------------------------------------------------------------------------------------


def test_every_kind_of_attribute_has_a_judge() -> None:
    assert set(CAPABILITIES) == set(AttributeKind)


@given(stores(), sites())
@settings(max_examples=60)
def test_every_attribute_is_exact_or_lost(store: PolicyStore, site: Site) -> None:
    for policy in store.policies:
        asked = EmissionRequest(store, policy, flatten(store, policy, site))
        emission = nftables.TARGET.emit(asked)
        assert len(emission.losses) + emission.exact == len(list(attributes(store, policy)))
        nft_evaluator.parse(ruleset(emission))


def losses(asked: EmissionRequest) -> dict[str, tuple[LossKind, SecurityDirection]]:
    return {loss.attribute: (loss.kind, loss.direction) for loss in nftables.TARGET.emit(asked).losses}


CLOSED, OPEN = SecurityDirection.FAILS_CLOSED, SecurityDirection.FAILS_OPEN


def test_a_policy_that_only_filters_loses_nothing() -> None:
    filters = [Filter(ANY, ME, TCP, ANY_PORT, PortRange(80, 80)), Filter(ME, NETWORK)]
    assert losses(request((Rule("R", "L", "Permit"), filters, PERMIT), (Rule("B", "A", "Block"), [], BLOCK))) == {}


def test_what_ike_negotiates_is_dropped_and_fails_closed() -> None:
    soft = FilterAction("Soft", Action.NEGOTIATE, OFFERS, soft=True)
    found = losses(one(Filter(ANY, ME), action=soft))
    assert found.pop('filter action "Soft": soft') == (LossKind.NARROWED, CLOSED)
    assert set(found.values()) == {(LossKind.DROPPED, CLOSED)}
    assert set(found) == {
        'policy "P": main mode offers',
        'policy "P": main mode lifetime',
        'policy "P": quick modes per main mode',
        'policy "P": master key PFS',
        'rule "R": authentication method',
        'filter action "Soft": quick mode offers',
        'filter action "Soft": quick mode lifetimes',
        'filter action "Soft": session key PFS',
    }


@pytest.mark.parametrize(("windows", "lost"), [(WindowsVersion.SERVER_2003, True), (WindowsVersion.VISTA, False)])
def test_the_default_response_is_lost_where_windows_has_it(windows: WindowsVersion, *, lost: bool) -> None:
    policy = Policy("P", MAIN_MODE, default_response=DefaultResponseRule())
    store = PolicyStore((policy,))
    found = losses(EmissionRequest(store, policy, flatten(store, policy, Site(windows=windows))))
    assert ('policy "P": default response rule' in found) == lost


@pytest.mark.parametrize(("action", "direction"), [(PERMIT, CLOSED), (BLOCK, OPEN), (SECURE, OPEN)])
@pytest.mark.parametrize("address", [ServerAddress(ServerRole.DNS), DnsName("db.example.com")])
def test_a_filter_to_unknown_addresses_needs_a_person(
    address: ServerAddress | DnsName, action: FilterAction, direction: SecurityDirection
) -> None:
    asked = one(Filter(ME, address, UDP), action=action)
    assert losses(asked)['filter list "L": destination address'] == (LossKind.NEEDS_HUMAN, direction)
    assert len(asked.flat.not_understood) == 1


def test_known_servers_are_a_snapshot_and_known_names_are_exact() -> None:
    host = (AddressRange.parse("10.0.0.53"),)
    site = Site(servers={ServerRole.DNS: host}, names={"db.example.com": host})
    found = losses(one(Filter(ServerAddress(ServerRole.DNS), DnsName("DB.example.com")), action=PERMIT, site=site))
    assert found == {'filter list "L": source address': (LossKind.NARROWED, CLOSED)}
