"""What findings claim, rule by rule, in the slow model of Windows: of their packets, and of filters called idle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from strategies.small import SMALL_ADDRESSES, SMALL_BASE, small_inventories, small_policies
from windows_oracle import Universe, expected, on_the_wire, possible, told

from ipsecmig.lint.finding import Finding, filter_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.registry import RULES
from ipsecmig.lint.run import run
from ipsecmig.model.inventory import HostRole, Inventory, RangeKind
from ipsecmig.model.policy import Action, Filter, FilterAction, FilterList, PolicyStore, Rule
from ipsecmig.model.selectors import ME, TCP, UDP, AddressRange, Family
from ipsecmig.model.site import Site
from ipsecmig.model.space import Direction, Packet

ADDRESSES: Final = frozenset({*range(SMALL_BASE - 1, SMALL_BASE + 9), 0, 0xE0000005, 0xFFFFFFFF})
PORTS: Final = frozenset({*range(5), 88, 500, 65535})


@dataclass(frozen=True)
class World:
    """A small policy in small surroundings, and the slow model of it."""

    store: PolicyStore
    inventory: Inventory

    def inspection(self) -> Inspection:
        return Inspection(self.store, self.store.policies[0], self.inventory)

    def meets(self, packet: Packet) -> frozenset[object]:
        """Return what the packet may meet according to the slow model."""
        flat = self.inspection().flat
        return expected(self.store, flat, on_the_wire(packet), universe(packet))

    def is_clear(self, packet: Packet) -> bool:
        return self.meets(packet) == {Action.PERMIT}

    def is_protected(self, packet: Packet) -> bool:
        return all(isinstance(one, tuple) for one in self.meets(packet))


def universe(packet: Packet) -> Universe:
    """Return every address and port that tells the ranges of a small policy, and those of the packet, apart."""
    return ADDRESSES | {packet.local, packet.remote}, PORTS | {packet.local_port, packet.remote_port}


WORLDS: Final = st.builds(World, small_policies(), small_inventories())


def reverse(packet: Packet) -> Packet:
    """Return the reply to `packet`: its ends are told as this host's and the other's, so that only the way differs."""
    return packet._replace(direction=Direction.IN if packet.direction == Direction.OUT else Direction.OUT)


Claim = Callable[[World, Finding, Packet], bool]
"""Whether what a finding says holds, by its packet."""


def protected(world: World, finding: Finding, packet: Packet) -> bool:
    return world.is_protected(packet)


def protected_with(*roles: HostRole) -> Claim:
    """Return the claim that packets with a host of one of `roles`, if the site knows any, are protected."""

    def claim(world: World, finding: Finding, packet: Packet) -> bool:
        known = {host.addresses[0].first for host in world.inventory.with_role(*roles)}
        return world.is_protected(packet) and (not finding.certain or not known or packet.remote in known)

    return claim


def with_range(kind: RangeKind) -> Claim:
    """Return the claim that the other end lies in a range of `kind` where the site knows one."""

    def claim(world: World, finding: Finding, packet: Packet) -> bool:
        ranges = [pool.network for pool in world.inventory.pools_of(kind)]
        return not finding.certain or any(one.first <= packet.remote <= one.last for one in ranges)

    return claim


def in_conflict(world: World, finding: Finding, packet: Packet) -> bool:
    return len(world.meets(packet)) > 1


def falls_back(world: World, finding: Finding, packet: Packet) -> bool:
    return any(isinstance(one, tuple) and one[3] for one in world.meets(packet))


def requests_only(world: World, finding: Finding, packet: Packet) -> bool:
    return any(isinstance(one, tuple) and one[2] and one[3] for one in world.meets(packet))


def only_one_way(world: World, finding: Finding, packet: Packet) -> bool:
    return not world.is_protected(packet) and world.is_protected(reverse(packet))


def from_kerberos(world: World, finding: Finding, packet: Packet) -> bool:
    """Packets from port 88 pass, and the same from another port do not."""
    other = [packet._replace(remote_port=port, local_port=99) for port in (1, 2, 3, 99)]
    return packet.remote_port == 88 and world.is_clear(packet) and not all(world.is_clear(one) for one in other)


def strangers_protected(world: World, finding: Finding, packet: Packet) -> bool:
    """Packets to everybody whom the policy does not name are protected."""
    strangers = [packet._replace(remote=packet.remote + 1, protocol=p, remote_port=99) for p in (TCP, UDP)]
    return all(world.is_protected(one) for one in strangers)


ABOUT_FILTERS: Final = {"X23", "X45", "X46"}
"""Rules whose finding is a relation of filters; it holds for packets that cannot occur on this host as well."""


def occurs(packet: Packet, site: Site) -> bool:
    """Whether the packet can occur; what is for a group or for everybody comes in too."""
    group = packet.local >= 0xE0000000 and packet.direction == Direction.IN
    return packet.direction == Direction.FORWARD or group or possible(on_the_wire(packet), site)


CLAIMS: Final[dict[str, Claim]] = {
    **dict.fromkeys(("X01", "X03", "X05", "X07", "X09", "X14"), protected),
    "S07": protected_with(HostRole.DNS, HostRole.WINS, HostRole.DHCP),
    "S20": protected_with(HostRole.DOMAIN_CONTROLLER),
    "S21": strangers_protected,
    "X17": with_range(RangeKind.INTERNET),
    "X18": falls_back,
    "X19": requests_only,
    "X20": from_kerberos,
    "X23": in_conflict,
    "X43": only_one_way,
}
"""What must hold of the witness of each rule, beyond what it meets."""


def test_what_a_finding_says_of_its_packet_is_what_windows_does() -> None:
    fired: set[str] = set()

    @settings(max_examples=100, derandomize=True, database=None, phases=[Phase.generate])
    @given(WORLDS)
    def every_finding(world: World) -> None:
        inspection = world.inspection()
        for finding in run(RULES, inspection):
            if finding.witness is None or finding.witness.packet.family != Family.IPV4:
                continue
            packet, where = finding.witness.packet, f"{finding.code}: {finding.message}"
            if not occurs(packet, world.inventory.site):
                assert finding.code in ABOUT_FILTERS, f"{where}: {packet.text()} cannot occur"
                continue
            assert told(finding.witness.treatment, world.store) == world.meets(packet), where
            if finding.code in CLAIMS:
                fired.add(finding.code)
                assert CLAIMS[finding.code](world, finding, packet), f"{where}: {packet.text()}"

    every_finding()
    assert fired == set(CLAIMS)


SAMPLED: Final = st.lists(
    st.builds(
        Packet,
        st.sampled_from((Direction.OUT, Direction.IN)),
        st.just(4),
        st.sampled_from((0, 1)),
        st.sampled_from((*SMALL_ADDRESSES, SMALL_BASE - 1)),
        st.sampled_from((*SMALL_ADDRESSES, SMALL_BASE - 1)),
        st.sampled_from((TCP, 1)),
        st.sampled_from((1, 2, 3, 4)),
        st.sampled_from((1, 2, 3, 4)),
    ),
    min_size=12,
    max_size=12,
)


def without(store: PolicyStore, finding: Finding) -> Iterator[PolicyStore]:
    """Yield the store without one filter that `finding` is about, for each there is."""
    for place, filter_list in enumerate(store.filter_lists):
        for number, one in enumerate(filter_list.filters):
            if filter_subject(filter_list, one) == finding.subject:
                kept = (*filter_list.filters[:number], *filter_list.filters[number + 1 :])
                lists = list(store.filter_lists)
                lists[place] = replace(filter_list, filters=kept)
                yield replace(store, filter_lists=tuple(lists))


def with_halves(world: World) -> World:
    """Return `world` with a filter that blocks, and its two halves, which permit: the whole is unreachable."""
    bounds = ((0, 3), (0, 1), (2, 3))
    whole, *halves = (Filter(ME, AddressRange(Family.IPV4, SMALL_BASE + a, SMALL_BASE + b)) for a, b in bounds)
    store, policy = world.store, world.store.policies[0]
    rules = (*policy.rules, Rule("whole", "whole", "block"), Rule("halves", "halves", "permit"))
    actions = (FilterAction("block", Action.BLOCK), FilterAction("permit", Action.PERMIT))
    changed = replace(
        store,
        policies=(replace(policy, rules=rules),),
        filter_lists=(*store.filter_lists, FilterList("whole", (whole,)), FilterList("halves", tuple(halves))),
        filter_actions=(*store.filter_actions, *actions),
    )
    return World(changed, world.inventory)


def test_a_filter_that_is_called_idle_can_go_and_one_called_unreachable_decides_nothing() -> None:
    fired: set[str] = set()

    @settings(max_examples=80, derandomize=True, database=None, phases=[Phase.generate])
    @given(WORLDS | WORLDS.map(with_halves), SAMPLED)
    def every_idle_filter(world: World, packets: list[Packet]) -> None:
        site = world.inventory.site
        occurring = [packet for packet in packets if possible(on_the_wire(packet), site)]
        idle = [rule for rule in RULES if rule.code in {"X45", "X46"}]
        for finding in run(idle, world.inspection()):
            fired.add(finding.code)
            shorter = [World(store, world.inventory) for store in without(world.store, finding)]
            assert shorter
            for packet in occurring:
                met = world.meets(packet)
                assert all(one.meets(packet) == met for one in shorter), f"{finding.code}: {packet.text()}"

    every_idle_filter()
    assert fired == {"X45", "X46"}
