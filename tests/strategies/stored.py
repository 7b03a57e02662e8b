"""Stores that stored policies can say exactly."""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ipsecmig.model.policy import (
    LOCAL_STORE,
    ConnectionType,
    DefaultResponseRule,
    Filter,
    FilterList,
    Policy,
    PolicyStore,
    Rule,
    StoreKind,
    StoreLocation,
)
from ipsecmig.model.selectors import (
    ANY,
    ANY_PORT,
    ME,
    PORT_PROTOCOLS,
    Address,
    AddressRange,
    DnsName,
    Family,
    ServerAddress,
    ServerRole,
)
from strategies.ir import address_ranges, guids, port_ranges, unique_names
from strategies.netsh import (
    netsh_authentication,
    netsh_filter_actions,
    netsh_main_modes,
    netsh_names,
    netsh_quick_mode_offers,
)

_DOMAIN = StoreLocation(StoreKind.DOMAIN, "corp.example.com")


@cache
def _addresses(family: Family) -> SearchStrategy[Address]:
    name = st.sampled_from(["db.example.com", "fileserver"])
    return st.one_of(
        st.just(ANY),
        st.just(ME),
        st.builds(ServerAddress, st.sampled_from(ServerRole)),
        address_ranges(family),
        st.builds(DnsName, name, st.tuples(address_ranges(family))),
    )


@st.composite
def stored_filters(draw: DrawFn) -> Filter:
    """Draw a filter that one of the two versions of stored filters can say."""
    family = draw(st.sampled_from([Family.IPV4, Family.IPV4, Family.IPV6]))
    protocol = draw(st.sampled_from([0, 1, 6, 17, 255, 47]))
    ports = port_ranges() if protocol in PORT_PROTOCOLS else st.just(ANY_PORT)
    return Filter(
        draw(_addresses(family)),
        draw(_addresses(family)),
        protocol,
        draw(ports),
        draw(ports),
        draw(st.booleans()),
        draw(st.just("") | netsh_names()),
    )


@st.composite
def _endpoints(draw: DrawFn) -> AddressRange | DnsName | None:
    family, number = draw(st.sampled_from(Family)), draw(st.integers(1, 2**32 - 1))
    address = AddressRange(family, number, number)
    return draw(st.sampled_from([None, address, DnsName("gw.example.com", (address,))]))


@st.composite
def stored_stores(draw: DrawFn) -> PolicyStore:
    """Draw a store with one policy that uses all the rest, which stored policies can say exactly."""
    location = draw(st.sampled_from([LOCAL_STORE, StoreLocation(StoreKind.PERSISTENT), _DOMAIN]))
    description = st.just("") | netsh_names()
    lists = [
        FilterList(n, tuple(draw(st.lists(stored_filters(), max_size=4))), draw(description), location, draw(guids()))
        for n in draw(unique_names(1, 3, netsh_names()))
    ]
    actions = [draw(netsh_filter_actions(n, location)) for n in draw(unique_names(1, 3, netsh_names()))]
    rules = tuple(
        Rule(
            name,
            draw(st.sampled_from(lists)).name,
            draw(st.sampled_from(actions)).name,
            draw(netsh_authentication()),
            draw(_endpoints()),
            draw(st.sampled_from(ConnectionType)),
            draw(st.booleans()),
            draw(description),
            draw(guids()),
        )
        for name in draw(unique_names(0, 4, netsh_names()))
    )
    offers = st.lists(netsh_quick_mode_offers(), min_size=1, max_size=3).map(tuple)
    response = st.builds(DefaultResponseRule, st.booleans(), netsh_authentication(), offers, st.booleans())
    assigned = draw(st.booleans())
    policy = Policy(
        draw(netsh_names()),
        draw(netsh_main_modes()),
        rules,
        draw(st.none() | response),
        draw(description),
        draw(st.integers(1, 2**32 - 1)),
        assigned,
        "Servers" if assigned and location is _DOMAIN else "",
        location,
        draw(guids()),
    )
    used, named = {r.filter_list for r in rules}, {r.filter_action for r in rules}
    return PolicyStore(
        (policy,), tuple(f for f in lists if f.name in used), tuple(a for a in actions if a.name in named)
    )
