"""Every finding's packet, on policies and in surroundings drawn by chance, against the slow model of Windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st
from strategies.small import SMALL_ADDRESSES, small_policies, small_sites
from windows_oracle import foremost, is_exempt, matches, on_the_wire, possible

from ipsecmig.lint.finding import Witness
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.registry import RULES
from ipsecmig.lint.run import run
from ipsecmig.model.flatten import FlatPolicy
from ipsecmig.model.inventory import (
    AddressPool,
    FirewallKind,
    Host,
    HostRole,
    Inventory,
    Nat,
    RangeKind,
    Sensitive,
)
from ipsecmig.model.policy import Action, PolicyStore
from ipsecmig.model.selectors import TCP, AddressRange, Family, PortRange
from ipsecmig.model.space import Direction, Packet
from ipsecmig.model.treatment import Block, Conflict, Permit, Protect, Treatment

RANGES = st.tuples(st.sampled_from(SMALL_ADDRESSES), st.integers(0, 2)).map(
    lambda drawn: AddressRange(Family.IPV4, drawn[0], drawn[0] + drawn[1])
)
FLAGS = st.none() | st.booleans()
HOSTS = st.builds(
    Host,
    name=st.sampled_from(["a", "b", "c"]),
    addresses=st.tuples(st.sampled_from(SMALL_ADDRESSES).map(lambda n: AddressRange(Family.IPV4, n, n))),
    roles=st.frozensets(st.sampled_from(HostRole), max_size=2),
    ipsec=FLAGS,
    domain=st.sampled_from([None, "", "example.com"]),
    nat_traversal=FLAGS,
)
INVENTORIES = st.builds(
    Inventory,
    site=small_sites(),
    this=HOSTS,
    hosts=st.lists(HOSTS, max_size=3).map(tuple),
    pools=st.lists(st.builds(AddressPool, RANGES, st.sampled_from(RangeKind)), max_size=2).map(tuple),
    nats=st.lists(st.builds(Nat, RANGES, RANGES), max_size=1).map(tuple),
    sensitive=st.lists(st.builds(Sensitive, RANGES, st.just(TCP), st.just(PortRange(2, 2))), max_size=1).map(tuple),
    firewall=st.none() | st.sampled_from(FirewallKind),
)


def _actions(treatment: Treatment) -> frozenset[Action]:
    kinds = {Permit: Action.PERMIT, Block: Action.BLOCK, Protect: Action.NEGOTIATE}
    treatments = treatment.candidates if isinstance(treatment, Conflict) else {treatment}
    return frozenset(kinds[type(each)] for each in treatments)


def _expected(store: PolicyStore, flat: FlatPolicy, packet: Packet) -> frozenset[Action]:
    wire = on_the_wire(packet)
    if is_exempt(wire, flat.exemption_value, negotiates=any(isinstance(f.treatment, Protect) for f in flat.filters)):
        return frozenset({Action.PERMIT})
    addresses = frozenset({0, *SMALL_ADDRESSES, packet.local, packet.remote, Family.IPV4.last})
    ports = frozenset({0, 1, 2, 3, 65535, packet.local_port, packet.remote_port})
    best = foremost(matches(store, flat.site, wire, (addresses, ports)))
    return frozenset(match.action.action for match in best) or frozenset({Action.PERMIT})


Shows = Callable[[Inspection, Witness], bool]


def _secured(_: Inspection, witness: Witness) -> bool:
    return _actions(witness.treatment) == {Action.NEGOTIATE}


def _never_clear(_: Inspection, witness: Witness) -> bool:
    return isinstance(witness.treatment, Protect) and not witness.treatment.fallback_to_clear


def _open_inbound(_: Inspection, witness: Witness) -> bool:
    return witness.packet.direction == Direction.IN and witness.treatment == Permit()


def _in_conflict(_: Inspection, witness: Witness) -> bool:
    return isinstance(witness.treatment, Conflict)


def _any(_: Inspection, witness: Witness) -> bool:
    return witness.treatment is not None


def _with(shows: Shows, wanted: Callable[[Inspection, Host], bool]) -> Shows:
    """Return a test that besides `shows` the remote end is a host that is `wanted` and not this one."""

    def shown(inspection: Inspection, witness: Witness) -> bool:
        remote = AddressRange(Family.IPV4, witness.packet.remote, witness.packet.remote)
        named = [host for host in inspection.inventory.hosts if remote in host.addresses]
        return shows(inspection, witness) and any(wanted(inspection, host) for host in named)

    return shown


SHOWN: Final[dict[str, Shows]] = {
    "S01": _in_conflict,
    "S03": _secured,
    "S04": _open_inbound,
    "S06": _secured,
    "S07": _secured,
    "S09": _with(_never_clear, lambda _, host: host.ipsec is False),
    "S10": _any,
    "S11": _secured,
    "S15": _secured,
    "S16": _any,
    "S17": _secured,
    "S20": _secured,
    "S21": _secured,
    "S22": _secured,
    "S23": _secured,
    "S24": _secured,
    "S25": _secured,
}


@settings(max_examples=60, deadline=None)
@given(small_policies(), INVENTORIES)
def test_every_witness_shows_what_its_finding_says(store: PolicyStore, inventory: Inventory) -> None:
    inspection = Inspection(store, store.policies[0], inventory)
    for finding in run(RULES, inspection):
        if finding.witness is None:
            continue
        packet = finding.witness.packet
        assert possible(on_the_wire(packet), inventory.site), finding
        assert _actions(finding.witness.treatment) == _expected(store, inspection.flat, packet), finding
        if finding.code in SHOWN:
            assert SHOWN[finding.code](inspection, finding.witness), finding
