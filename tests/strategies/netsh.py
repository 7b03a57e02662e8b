"""Stores that netsh static can say exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ipsecmig.model.algorithms import ENCRYPTION, GROUPS, INTEGRITY, Encryption
from ipsecmig.model.policy import (
    LOCAL_STORE,
    Action,
    AuthenticationMethod,
    Certificate,
    ConnectionType,
    DefaultResponseRule,
    Filter,
    FilterAction,
    FilterList,
    HostSettings,
    Kerberos,
    MainMode,
    MainModeOffer,
    Policy,
    PolicyStore,
    PresharedKey,
    QuickModeOffer,
    Rule,
    Secret,
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
    PortRange,
    ServerAddress,
    ServerRole,
)
from strategies.ir import address_ranges, transforms, unique_names

NETSH_ENCRYPTION: Final = tuple(e for e, row in ENCRYPTION.items() if row.netsh is not None)
NETSH_INTEGRITY: Final = tuple(i for i, row in INTEGRITY.items() if row.netsh is not None)
NETSH_GROUPS: Final = tuple(g for g, row in GROUPS.items() if row.netsh is not None)


_NAME_LETTERS = st.sampled_from("abcXYZ019 -_.,:;=+&|<>()[]{}%$!?*/^~@#'\\äßЖ宝禁")


@cache
def netsh_names() -> SearchStrategy[str]:
    """Names that a netsh script can carry: printable, no double quote, no blank at either end, no escape."""
    text = st.text(_NAME_LETTERS, min_size=1, max_size=10).map(str.strip)
    return text.filter(lambda name: bool(name) and "\\'" not in name and not name.endswith("\\"))


@cache
def _netsh_descriptions() -> SearchStrategy[str]:
    return st.just("") | netsh_names()


@cache
def netsh_addresses(family: Family | None = None) -> SearchStrategy[Address]:
    """Addresses that netsh can say on either side; 0.0.0.0 alone is how `me` is stored."""
    stated = address_ranges(family).filter(lambda r: r.first != 0 or not r.is_host)
    return st.one_of(st.just(ANY), st.just(ME), stated, st.sampled_from(["db.example.com", "fileserver"]).map(DnsName))


@st.composite
def netsh_filters(draw: DrawFn) -> Filter:
    """Draw a filter that netsh can say: single ports, and servers only opposite `me`."""
    family = draw(st.sampled_from([Family.IPV4, Family.IPV4, Family.IPV6]))
    source, destination = draw(netsh_addresses(family)), draw(netsh_addresses(family))
    if draw(st.integers(0, 4)) == 0:
        source, destination = ME, ServerAddress(draw(st.sampled_from(ServerRole)))
        if draw(st.booleans()):
            source, destination = destination, source
    protocol = draw(st.one_of(st.sampled_from([0, 1, 6, 17, 255]), st.integers(0, 255)))
    port = st.just(ANY_PORT)
    if protocol in PORT_PROTOCOLS:
        port |= st.integers(1, 65535).map(lambda p: PortRange(p, p))
    mirrored, description = draw(st.booleans()), draw(_netsh_descriptions())
    return Filter(source, destination, protocol, draw(port), draw(port), mirrored, description)


@cache
def _netsh_filter_tuples() -> SearchStrategy[tuple[Filter, ...]]:
    """Give filters that differ in what they select: Windows keeps one of those that do not."""
    return st.lists(netsh_filters(), max_size=4, unique_by=_selection).map(tuple)


def _selection(value: Filter) -> Filter:
    return replace(value, description="")


@cache
def netsh_authentication() -> SearchStrategy[tuple[AuthenticationMethod, ...]]:
    """Methods in any order: Kerberos and a preshared key at most once, certificates of several authorities."""
    authority = st.sampled_from(['C=US, O="Example, Inc.", CN=Root', "CN=Corp Root CA, DC=example, DC=com", "CN=X"])
    certificate = st.builds(Certificate, authority, st.booleans(), st.booleans())
    methods = st.one_of(st.just(Kerberos()), netsh_names().map(Secret).map(PresharedKey), certificate)
    unique = st.lists(methods, min_size=1, max_size=3, unique_by=_netsh_method_key)
    return unique.map(tuple)


def _netsh_method_key(method: AuthenticationMethod) -> str:
    return method.authority if isinstance(method, Certificate) else type(method).__name__


@cache
def netsh_quick_mode_offers() -> SearchStrategy[QuickModeOffer]:
    """Offers of DES, 3DES or none with MD5 or SHA1, and lifetimes within netsh's limits."""
    seconds = st.just(0) | st.integers(300, 172800)
    kilobytes = st.just(0) | st.integers(20480, 2**31 - 1)
    return st.builds(QuickModeOffer, transforms(NETSH_ENCRYPTION, NETSH_INTEGRITY), seconds, kilobytes)


@cache
def _netsh_offer_lists() -> SearchStrategy[tuple[QuickModeOffer, ...]]:
    return st.lists(netsh_quick_mode_offers(), min_size=1, max_size=4).map(tuple)


@st.composite
def netsh_main_modes(draw: DrawFn) -> MainMode:
    """Draw main mode in whole minutes; master key PFS means one quick mode per main mode."""
    encryption = st.sampled_from([e for e in NETSH_ENCRYPTION if e is not Encryption.NULL])
    offer = st.builds(MainModeOffer, encryption, st.sampled_from(NETSH_INTEGRITY), st.sampled_from(NETSH_GROUPS))
    pfs = draw(st.booleans())
    return MainMode(
        tuple(draw(st.lists(offer, min_size=1, max_size=4))),
        60 * draw(st.integers(1, 2879)),
        1 if pfs else draw(st.integers(0, 1000)),
        pfs,
    )


@st.composite
def netsh_filter_actions(draw: DrawFn, name: str, store: StoreLocation = LOCAL_STORE) -> FilterAction:
    """Filter actions that netsh can say; those that negotiate have offers."""
    description, action = draw(_netsh_descriptions()), draw(st.sampled_from(Action))
    if action is not Action.NEGOTIATE:
        return FilterAction(name, action, description=description, store=store)
    offers, flag = draw(_netsh_offer_lists()), st.booleans()
    return FilterAction(name, action, offers, draw(flag), None, draw(flag), draw(flag), description, store)


@cache
def _netsh_settings() -> SearchStrategy[HostSettings]:
    """Give what `set config` can set."""
    return st.builds(
        HostSettings,
        st.none() | st.integers(0, 3),
        st.none() | st.sampled_from(["permit", "block", "stateful"]),
        st.none() | st.sampled_from(["none", "TCP:0:3389:inbound UDP:0:53:outbound"]),
    )


@st.composite
def netsh_stores(draw: DrawFn) -> PolicyStore:
    """Draw a store that netsh can say exactly: one policy, which uses every list and action."""
    location = draw(
        st.sampled_from(
            [LOCAL_STORE, LOCAL_STORE, StoreLocation(StoreKind.PERSISTENT), StoreLocation(StoreKind.DOMAIN)]
        )
    )
    lists = [
        FilterList(n, draw(_netsh_filter_tuples()), draw(_netsh_descriptions()), location)
        for n in draw(unique_names(1, 3, netsh_names()))
    ]
    actions = [draw(netsh_filter_actions(n, location)) for n in draw(unique_names(1, 3, netsh_names()))]
    rules = draw(_netsh_rules(lists, actions))
    response = DefaultResponseRule(
        draw(st.booleans()), draw(netsh_authentication()), draw(_netsh_offer_lists()), draw(st.booleans())
    )
    gpo = draw(netsh_names()) if location.kind is StoreKind.DOMAIN else ""
    policy = Policy(
        draw(netsh_names()),
        draw(netsh_main_modes()),
        rules,
        response,
        draw(_netsh_descriptions()),
        60 * draw(st.integers(1, 10000)),
        bool(gpo) or (draw(st.booleans()) and location.kind is not StoreKind.DOMAIN),
        gpo,
        location,
    )
    used_lists, used_actions = {r.filter_list for r in rules}, {r.filter_action for r in rules}
    return PolicyStore(
        (policy,),
        tuple(f for f in lists if f.name in used_lists),
        tuple(a for a in actions if a.name in used_actions),
        draw(_netsh_settings()),
    )


@st.composite
def _netsh_rules(draw: DrawFn, lists: Sequence[FilterList], actions: Sequence[FilterAction]) -> tuple[Rule, ...]:
    endpoint = address_ranges().map(lambda r: AddressRange(r.family, r.first or 1, r.first or 1))
    return tuple(
        Rule(
            name,
            draw(st.sampled_from(lists)).name,
            draw(st.sampled_from(actions)).name,
            draw(netsh_authentication()),
            draw(st.none() | endpoint | st.just(DnsName("gw.example.com"))),
            draw(st.sampled_from(ConnectionType)),
            draw(st.booleans()),
            draw(_netsh_descriptions()),
        )
        for name in draw(unique_names(0, 4, netsh_names()))
    )
