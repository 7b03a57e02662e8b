"""A universe of a few addresses, protocols and ports.

Filters overlap, contain and contradict each other often, and a brute-force oracle can try every packet.
"""

from __future__ import annotations

import ipaddress
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ipsecmig.model import selectors
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.inventory import AddressPool, Host, HostRole, Inventory, RangeKind, Sensitive
from ipsecmig.model.policy import (
    Action,
    AhTransform,
    ConnectionType,
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
from ipsecmig.model.selectors import (
    ANY,
    ANY_PORT,
    ME,
    PORT_PROTOCOLS,
    Address,
    AddressRange,
    Family,
    PortRange,
)
from ipsecmig.model.site import Site

SMALL_BASE: Final = int(ipaddress.IPv4Address("10.0.0.0"))
SMALL_ADDRESSES: Final = tuple(range(SMALL_BASE, SMALL_BASE + 4))
"""The addresses that the filters of `small_policies` speak of; one more outside stands for all others."""
SMALL_PROTOCOLS: Final = (selectors.ANY_PROTOCOL, selectors.TCP, selectors.ICMP)
SMALL_PORTS: Final = (1, 2, 3)


@st.composite
def small_addresses(draw: DrawFn) -> Address:
    """`any`, `me`, or a host, subnet or range among `SMALL_ADDRESSES`."""
    kind = draw(st.integers(0, 3))
    if kind < 2:
        return (ANY, ME)[kind]
    low, high = sorted((draw(st.sampled_from(SMALL_ADDRESSES)), draw(st.sampled_from(SMALL_ADDRESSES))))
    return AddressRange(Family.IPV4, low, high)


@st.composite
def small_filters(draw: DrawFn) -> Filter:
    """Draw a filter of the small universe."""
    protocol = draw(st.sampled_from(SMALL_PROTOCOLS))
    port = st.just(ANY_PORT)
    if protocol in PORT_PROTOCOLS:
        bounds = st.tuples(st.sampled_from(SMALL_PORTS), st.sampled_from(SMALL_PORTS))
        port |= bounds.map(lambda b: PortRange(min(b), max(b)))
    return Filter(
        draw(small_addresses()), draw(small_addresses()), protocol, draw(port), draw(port), draw(st.booleans())
    )


_SMALL_OFFERS: Final = (
    (QuickModeOffer((EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1),), 3600, 100000),),
    (QuickModeOffer((EspTransform(Encryption.NULL, Integrity.SHA1),)), QuickModeOffer((AhTransform(Integrity.MD5),))),
)


@st.composite
def small_actions(draw: DrawFn, name: str) -> FilterAction:
    """Permit, block, or one of two ways to negotiate, with every combination of inpass and soft."""
    action = draw(st.sampled_from(Action))
    if action is not Action.NEGOTIATE:
        return FilterAction(name, action)
    flag = st.booleans()
    offers = draw(st.sampled_from(_SMALL_OFFERS))
    return FilterAction(name, action, offers, inbound_passthrough=draw(flag), soft=draw(flag))


@st.composite
def small_policies(draw: DrawFn) -> PolicyStore:
    """Draw a store of one assigned policy without tunnels in the small universe."""
    count = draw(st.integers(1, 4))
    lists = tuple(
        FilterList(f"L{i}", tuple(draw(st.lists(small_filters(), min_size=1, max_size=3)))) for i in range(count)
    )
    actions = tuple(draw(small_actions(f"A{i}")) for i in range(count))
    links = st.sampled_from([ConnectionType.ALL, ConnectionType.ALL, ConnectionType.LAN, ConnectionType.DIALUP])
    rules = tuple(
        Rule(f"R{i}", f"L{i}", f"A{i}", connection_type=draw(links), active=draw(st.integers(0, 5)) > 0)
        for i in range(count)
    )
    main_mode = MainMode((MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024),))
    return PolicyStore((Policy("P", main_mode, rules, assigned=True),), lists, actions)


def small_sites() -> SearchStrategy[Site]:
    """Sites whose own addresses, if known, lie in the small universe."""
    own = st.lists(st.sampled_from(SMALL_ADDRESSES), max_size=2, unique=True)
    ranges = own.map(lambda numbers: tuple(AddressRange(Family.IPV4, n, n) for n in numbers))
    return st.builds(Site, addresses=ranges, exemptions=st.none() | st.integers(0, 3))


def _hosts(count: int) -> SearchStrategy[tuple[Host, ...]]:
    """Up to `count` other hosts of the small universe, or just outside of it, with some roles."""
    address = st.sampled_from((*SMALL_ADDRESSES, SMALL_BASE + 8)).map(_single)
    roles = st.frozensets(st.sampled_from(HostRole), max_size=2)
    known = st.none() | st.booleans()
    host = st.builds(lambda one, has, able: Host(one.text(), (one,), has, able), address, roles, known)
    return st.lists(host, max_size=count, unique_by=lambda one: one.name).map(tuple)


def _single(number: int) -> AddressRange:
    return AddressRange(Family.IPV4, number, number)


@st.composite
def small_inventories(draw: DrawFn) -> Inventory:
    """Draw what is known around the host of a small policy: hosts with roles, ranges, and what is sensitive."""
    bounds = st.tuples(st.sampled_from(SMALL_ADDRESSES), st.sampled_from(SMALL_ADDRESSES))
    networks = bounds.map(lambda b: AddressRange(Family.IPV4, min(b), max(b)))
    pools = st.builds(AddressPool, networks, st.sampled_from(RangeKind))
    return Inventory(
        draw(small_sites()),
        hosts=draw(_hosts(3)),
        pools=tuple(draw(st.lists(pools, max_size=2))),
        sensitive=tuple(draw(st.lists(st.builds(Sensitive, networks), max_size=1))),
        simple_policy_update=draw(st.none() | st.booleans()),
    )
