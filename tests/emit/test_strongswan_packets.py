"""strongSwan: what packets meet under the emitted traps and shunts, against the policy's own order."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import SMALL_ADDRESSES, small_policies, small_sites

from emit import charon_evaluator
from emit.charon_evaluator import InstalledChild, of_filters
from ipsecmig.emit import strongswan
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.attributes import AttributeKind
from ipsecmig.model.conflicts import decision_map
from ipsecmig.model.exemptions import ISAKMP_PORTS, MULTICAST
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
    PresharedKey,
    QuickModeOffer,
    Rule,
    Secret,
)
from ipsecmig.model.selectors import ANY, ANY_PORT, ESP, ME, TCP, UDP, AddressRange, Family, PortRange
from ipsecmig.model.site import UNKNOWN_SITE, Site
from ipsecmig.model.space import WITH_PORTS, Direction, Link, Packet
from ipsecmig.model.targets import Emission, EmissionRequest, SecurityDirection
from ipsecmig.model.treatment import Block, Conflict, Permit, Protect, Treatment
from ipsecmig.model.windows import WindowsVersion

MAIN_MODE: Final = MainMode((MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024),))
OFFERS: Final = (QuickModeOffer((EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1),), 3600, 100000),)
PSK: Final = (PresharedKey(Secret("abc")),)
PERMIT, BLOCK = FilterAction("Permit", Action.PERMIT), FilterAction("Block", Action.BLOCK)
SECURE = FilterAction("Secure", Action.NEGOTIATE, OFFERS)
WEAK_OFFERS: Final = (QuickModeOffer((EspTransform(Encryption.NULL, Integrity.SHA1),), 3600, 100000),)
WEAK = FilterAction("Weak", Action.NEGOTIATE, WEAK_OFFERS)
HOST = AddressRange.parse("10.9.0.1")
HOST_SITE: Final = Site(addresses=(HOST,))

_OPENNESS: Final = {"drop": 0, "protect": 1, "pass": 2}
_VERDICTS: Final[dict[type[Treatment], str]] = {Permit: "pass", Block: "drop", Protect: "protect"}
_SELECTING: Final = {
    AttributeKind.RULE_CONNECTION_TYPE,
    AttributeKind.RULE_TUNNEL,
    AttributeKind.FILTER_MIRRORED,
    AttributeKind.FILTER_SOURCE,
    AttributeKind.FILTER_DESTINATION,
    AttributeKind.ACTION_ACTION,
}


def flat_policy(*rules: tuple[FilterAction, Sequence[Filter]], site: Site = UNKNOWN_SITE) -> EmissionRequest:
    """Return the request for rules R0, R1... with lists L0, L1..."""
    made = tuple(Rule(f"R{i}", f"L{i}", action.name, PSK) for i, (action, _) in enumerate(rules))
    lists = tuple(FilterList(f"L{i}", tuple(filters)) for i, (_, filters) in enumerate(rules))
    actions = tuple({action.name: action for action, _ in rules}.values())
    policy = Policy("P", MAIN_MODE, made, assigned=True)
    store = PolicyStore((policy,), lists, actions)
    return EmissionRequest(store, policy, flatten(store, policy, site))


def children(emission: Emission) -> list[InstalledChild]:
    return charon_evaluator.installed(charon_evaluator.parse(emission.files[0].content.decode()))


def emitted(*rules: tuple[FilterAction, Sequence[Filter]], site: Site = UNKNOWN_SITE) -> list[InstalledChild]:
    return children(strongswan.emit(flat_policy(*rules, site=site)))


def subnet(text: str) -> AddressRange:
    return AddressRange.parse(text)


def packet(text: str) -> Packet:
    """Return `out 10.0.0.1 10.0.0.2 80`: direction, local, remote, and for TCP the remote port."""
    direction, local, remote, *port = text.split()
    protocol = TCP if port else 1
    ports = (int(port[0]), 1024) if port else (0, 0)
    ends = subnet(local).first, subnet(remote).first
    return Packet(Direction[direction.upper()], Family.IPV4, Link.LAN, *ends, protocol, *ports)


# --- any policy ------------------------------------------------------------------------------------------------------

_IKE: Final = {ports.first for ports in ISAKMP_PORTS}
_OTHERS: Final = (SMALL_ADDRESSES[0] - 1, SMALL_ADDRESSES[-1] + 1, MULTICAST.first + 1, (1 << 32) - 1)


def some_packets(random: Random, site: Site, count: int) -> list[Packet]:
    """Return packets that can exist.

    None comes from a multicast address, this host forwards none of its own, and IKE and ESP go to no group, RFC 2409 3.
    """
    own = [a.first for a in site.addresses]
    found: list[Packet] = []
    while len(found) < count:
        protocol = random.choice((1, 6, 17, 46, 50))
        ports = [random.choice((0, 1, 2, 3, 4, 88, 500, 4500)) if protocol in WITH_PORTS else 0 for _ in range(2)]
        direction = random.choice(list(Direction))
        local, remote = random.choices((*SMALL_ADDRESSES, *_OTHERS), k=2)
        made = Packet(direction, Family.IPV4, random.choice(list(Link)), local, remote, protocol, *ports)
        if _can_exist(made, own):
            found.append(made)
    return found


def _can_exist(made: Packet, own: list[int]) -> bool:
    source, destination, port = made.local, made.remote, made.local_port
    if made.direction == Direction.IN:
        source, destination = made.remote, made.local
    if source >= MULTICAST.first:
        return False
    if destination >= MULTICAST.first and (made.protocol == ESP or (made.protocol == UDP and port in _IKE)):
        return False
    if made.direction == Direction.FORWARD:
        return bool(own) and made.local not in own and made.remote not in own
    return not own or made.local in own or (made.direction == Direction.IN and made.local >= MULTICAST.first)


@given(small_policies(), small_sites(), st.randoms(use_true_random=False))
@settings(max_examples=150)
def test_no_packet_meets_less_than_the_policy_says(store: PolicyStore, site: Site, random: Random) -> None:
    policy = store.policies[0]
    flat = flatten(store, policy, site)
    emission = strongswan.emit(EmissionRequest(store, policy, flat))
    found, treatments = children(emission), decision_map(flat)
    is_exact = not any(loss.about in _SELECTING for loss in emission.losses)
    for made in some_packets(random, site, 80):
        treatment = treatments.at(made)
        if isinstance(treatment, Conflict):
            continue
        expected, verdict = _VERDICTS[type(treatment)], charon_evaluator.verdict(found, made)
        assert _OPENNESS[verdict] <= _OPENNESS[expected], made.text()
        assert not is_exact or verdict == expected, made.text()


@given(small_policies(), small_sites())
@settings(max_examples=60)
def test_priorities_are_explicit_and_nothing_is_widened(store: PolicyStore, site: Site) -> None:
    policy = store.policies[0]
    found = children(strongswan.emit(EmissionRequest(store, policy, flatten(store, policy, site))))
    assert all(child.priority >= 1000 for child in found)
    assert not any(child.widened for child in found)
    names = [(child.connection, child.name) for child in found]
    assert len(set(names)) == len(names)


# --- chosen cases ----------------------------------------------------------------------------------------------------


def test_the_three_line_leak_does_not_leak() -> None:
    """Permit 10/8, negotiate with one host of it, block one subnet: charon's own ranks would let everything pass."""
    found = emitted(
        (PERMIT, [Filter(ME, subnet("10.0.0.0/8"))]),
        (SECURE, [Filter(ME, subnet("10.1.1.1"))]),
        (BLOCK, [Filter(ME, subnet("10.2.0.0/16"))]),
    )
    verdicts = [charon_evaluator.verdict(found, packet(f"out 192.0.2.1 10.{n}")) for n in ("1.1.1", "2.3.4", "3.3.3")]
    assert verdicts == ["protect", "drop", "pass"]
    assert [child.mode for child in of_filters(found)] == ["transport", "drop", "pass"]


def one_way(source: object, destination: object, port: int = 0) -> Filter:
    ports = PortRange(port, port) if port else ANY_PORT
    assert isinstance(source, type(ME) | type(ANY) | AddressRange)
    assert isinstance(destination, type(ME) | type(ANY) | AddressRange)
    return Filter(source, destination, TCP if port else 0, ANY_PORT, ports, mirrored=False)


NET = subnet("10.2.0.0/16")
FAR = subnet("10.5.0.0/16")


@pytest.mark.parametrize(
    ("rules", "mode", "lost"),
    [
        pytest.param([(BLOCK, [one_way(ME, NET)])], "drop", True, id="a one-way block closes both ways"),
        pytest.param([(PERMIT, [one_way(ME, NET)])], "pass", False, id="a permit where all else passes is exact"),
        pytest.param(
            [(PERMIT, [one_way(ME, NET)]), (BLOCK, [Filter(ANY, ANY)])], "drop", True, id="not answered: closed"
        ),
        pytest.param(
            [(PERMIT, [one_way(ME, NET), one_way(NET, ME)]), (BLOCK, [Filter(ANY, ANY)])],
            "pass",
            False,
            id="two one-way permits are a mirrored one",
        ),
        pytest.param(
            [(PERMIT, [one_way(ME, NET)]), (SECURE, [Filter(ANY, ANY)])], "transport", True, id="protected, not clear"
        ),
        pytest.param([(SECURE, [one_way(ME, NET)])], "transport", True, id="a one-way negotiate protects both ways"),
        pytest.param(
            [(BLOCK, [one_way(ME, NET)]), (BLOCK, [Filter(ANY, ANY)])], "drop", False, id="blocked the other way too"
        ),
    ],
)
def test_filters_of_one_direction(rules: list[tuple[FilterAction, list[Filter]]], mode: str, *, lost: bool) -> None:
    request = flat_policy(*rules, site=HOST_SITE)
    emission = strongswan.emit(request)
    first = of_filters(children(emission))[0]
    assert first.mode == mode
    assert any(loss.about is AttributeKind.FILTER_MIRRORED for loss in emission.losses) == lost


@pytest.mark.parametrize(
    ("back", "direction"),
    [(SECURE, None), (WEAK, SecurityDirection.FAILS_OPEN), (BLOCK, SecurityDirection.FAILS_CLOSED)],
)
def test_two_protections_of_one_selector_are_a_loss_that_opens(
    back: FilterAction, direction: SecurityDirection | None
) -> None:
    request = flat_policy((SECURE, [one_way(ME, NET)]), (back, [one_way(ANY, ME)]))
    emission = strongswan.emit(request)
    about = [loss for loss in emission.losses if loss.about is AttributeKind.FILTER_MIRRORED]
    first = [loss.direction for loss in about if loss.subject == request.store.filter_lists[0].filters[0]]
    assert first == ([] if direction is None else [direction])


def test_a_one_way_permit_opens_exactly_where_the_answer_may_pass() -> None:
    """Out to 10.2/16 passes; what comes back may only from 10.2.1/24, so the child lets only that pass."""
    found = emitted(
        (PERMIT, [one_way(ME, NET)]),
        (PERMIT, [one_way(subnet("10.2.1.0/24"), ME)]),
        (BLOCK, [Filter(ANY, ANY)]),
        site=HOST_SITE,
    )
    for direction in ("out", "in"):
        assert charon_evaluator.verdict(found, packet(f"{direction} 10.9.0.1 10.2.1.7")) == "pass"
        assert charon_evaluator.verdict(found, packet(f"{direction} 10.9.0.1 10.2.2.7")) == "drop"


TUNNEL_OUT = Rule("Out", "Out", "Secure", PSK, tunnel_endpoint=subnet("203.0.113.9"))
TUNNEL_IN = Rule("In", "In", "Secure", PSK, tunnel_endpoint=HOST)


def tunnel_request(*, block_all: bool, site: Site = HOST_SITE) -> EmissionRequest:
    near = subnet("10.1.0.0/24")
    lists = [FilterList("Out", (one_way(near, FAR),)), FilterList("In", (one_way(FAR, near),))]
    rules = [TUNNEL_OUT, TUNNEL_IN]
    if block_all:
        lists.append(FilterList("All", (Filter(ANY, ANY),)))
        rules.append(Rule("All", "All", "Block"))
    policy = Policy("P", MAIN_MODE, tuple(rules), assigned=True)
    store = PolicyStore((policy,), tuple(lists), (SECURE, BLOCK))
    return EmissionRequest(store, policy, flatten(store, policy, site))


@pytest.mark.parametrize("block_all", [False, True])
def test_both_rules_of_a_tunnel_are_one_child(*, block_all: bool) -> None:
    emission = strongswan.emit(tunnel_request(block_all=block_all))
    found = children(emission)
    tunnels = [child for child in found if child.mode == "tunnel"]
    assert len(tunnels) == 1
    assert tunnels[0].forward_out
    for text in ("forward 10.1.0.7 10.5.0.7", "forward 10.5.0.7 10.1.0.7"):
        assert charon_evaluator.verdict(found, packet(text)) == "protect"
    other = "drop" if block_all else "pass"
    assert charon_evaluator.verdict(found, packet("forward 10.1.0.7 10.6.0.7")) == other
    assert emission.losses == ()


@pytest.mark.parametrize("block", [Filter(ANY, ANY), Filter(ANY, subnet("10.2.0.0/16"))])
def test_transport_mode_of_forwarded_packets_is_told_where_a_block_stops_it(block: Filter) -> None:
    """A child in transport mode has no `fwd` policy: what it should protect as it leaves is dropped as it arrives."""
    rules = [(SECURE, [Filter(subnet("10.1.0.1"), subnet("10.2.0.1"))]), (BLOCK, [block])]
    request = flat_policy(*rules, site=HOST_SITE)
    emission = strongswan.emit(request)
    stopped = packet("forward 10.1.0.1 10.2.0.1")
    assert isinstance(decision_map(request.flat).at(stopped), Protect)
    assert charon_evaluator.verdict(children(emission), stopped) == "drop"
    closed = [loss for loss in emission.losses if loss.about is AttributeKind.FILTER_SOURCE]
    assert [loss.subject for loss in closed] == [rules[0][1][0]]


@pytest.mark.parametrize(
    ("block", "site"), [(Filter(ANY, FAR), HOST_SITE), (Filter(ANY, ANY), UNKNOWN_SITE)], ids=["elsewhere", "no router"]
)
def test_transport_mode_that_nothing_stops_is_no_loss(block: Filter, site: Site) -> None:
    emission = strongswan.emit(
        flat_policy((SECURE, [Filter(subnet("10.1.0.1"), subnet("10.2.0.1"))]), (BLOCK, [block]), site=site)
    )
    assert emission.losses == ()


def test_a_tunnel_without_a_known_peer_drops() -> None:
    near = subnet("10.1.0.0/24")
    policy = Policy("P", MAIN_MODE, (TUNNEL_IN,), assigned=True)
    store = PolicyStore((policy,), (FilterList("In", (one_way(FAR, near),)),), (SECURE,))
    emission = strongswan.emit(EmissionRequest(store, policy, flatten(store, policy, HOST_SITE)))
    assert {child.mode for child in children(emission)} >= {"drop"}
    assert "tunnel" not in {child.mode for child in children(emission)}
    assert AttributeKind.RULE_TUNNEL in {loss.about for loss in emission.losses}


def test_a_tunnel_from_this_host_closes_its_other_addresses_while_they_are_unknown() -> None:
    policy = Policy("P", MAIN_MODE, (TUNNEL_OUT, TUNNEL_IN), assigned=True)
    lists = (FilterList("Out", (one_way(ME, FAR),)), FilterList("In", (one_way(FAR, ME),)))
    store = PolicyStore((policy,), lists, (SECURE,))
    emission = strongswan.emit(EmissionRequest(store, policy, flatten(store, policy)))
    modes = [child.mode for child in children(emission) if child.mode != "pass"]
    assert modes == ["tunnel", "drop"]
    assert any("other addresses" in note for note in emission.notes)


def test_ranges_are_taken_apart_exactly() -> None:
    filters = [Filter(ME, subnet("10.9.0.5-10.9.0.9"), TCP, ANY_PORT, PortRange(1000, 1002))]
    found = of_filters(emitted((BLOCK, filters)))
    selected = {(str(c.remote.network), c.remote.first_port, c.remote.last_port) for c in found}
    networks = ("10.9.0.5/32", "10.9.0.6/31", "10.9.0.8/31")
    assert selected == {(n, *ports) for n in networks for ports in ((1000, 1001), (1002, 1002))}


@pytest.mark.parametrize(("last", "mode", "count"), [(1002, "transport", 3), (60000, "drop", None)])
def test_negotiated_port_ranges_become_single_ports_or_are_dropped(last: int, mode: str, count: int | None) -> None:
    filters = [Filter(ME, NET, TCP, ANY_PORT, PortRange(1000, last))]
    emission = strongswan.emit(flat_policy((SECURE, filters)))
    found = of_filters(children(emission))
    assert {child.mode for child in found} == {mode}
    assert count is None or len(found) == count
    assert bool(emission.losses) == (mode == "drop")


def test_what_falls_into_too_many_parts_lets_nothing_pass() -> None:
    odd = AddressRange(Family.IPV6, 1, (1 << 128) - 2)
    filters = [Filter(odd, odd, TCP, PortRange(1, 65534), PortRange(1, 65534))]
    site = Site(windows=WindowsVersion.VISTA)
    for action, modes in ((PERMIT, set()), (BLOCK, {"drop"})):
        emission = strongswan.emit(flat_policy((action, filters), site=site))
        assert {child.mode for child in of_filters(children(emission))} == modes
        assert AttributeKind.FILTER_SOURCE in {loss.about for loss in emission.losses}
