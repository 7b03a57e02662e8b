"""Any IR: every consistent store, and sites."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ipsecmig.diagnostics import NOWHERE, Origin
from ipsecmig.model.algorithms import ENCRYPTION, DhGroup, Encryption, Integrity
from ipsecmig.model.policy import (
    LOCAL_STORE,
    Action,
    AhTransform,
    AuthenticationMethod,
    Certificate,
    ConnectionType,
    DefaultResponseRule,
    EspTransform,
    Filter,
    FilterAction,
    FilterList,
    HostSettings,
    Kerberos,
    MainMode,
    MainModeOffer,
    NotUnderstood,
    Policy,
    PolicyStore,
    PresharedKey,
    QuickModeOffer,
    Rule,
    Secret,
    StoreKind,
    StoreLocation,
    Transform,
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
from ipsecmig.model.site import Site
from ipsecmig.model.windows import WindowsVersion

# --- words -----------------------------------------------------------------------------------------------------------

_LETTERS = st.sampled_from("abcXYZ019 -_.:=%'\"\\\n\t\x00äßЖ宝\u2028\U0001f512")
_WORDS = st.sampled_from(["", "Web servers", "two\nlines", 'a "quoted" word', "\u202eß 宝\x7f", "C:\\x.bat"])
_NAMES = st.text(_LETTERS, min_size=1, max_size=6)
_ORIGINS = st.sampled_from(
    [
        NOWHERE,
        Origin("policy.bat", 1, 1, 80),
        Origin("dir/pölicy.netsh", 70000, 12, 300),
        Origin("export.reg\\Local\\ipsecFilter{1}", offset=0),
        Origin("blob", offset=2**40),
    ]
)
_GUIDS = st.sampled_from(["", "{72385233-70FA-11D1-864C-14A300000000}", "{5ec1fd53-0000-4000-8000-000000000001}"])


def names() -> SearchStrategy[str]:
    """Names of objects: text that is not empty, with every kind of awkward character."""
    return _NAMES


def origins() -> SearchStrategy[Origin]:
    """Places in text and in binary sources."""
    return _ORIGINS


def guids() -> SearchStrategy[str]:
    """GUIDs as Windows writes them, or none."""
    return _GUIDS


@cache
def store_locations() -> SearchStrategy[StoreLocation]:
    """Every kind of store, with and without a domain."""
    return st.builds(StoreLocation, st.sampled_from(StoreKind), st.sampled_from(["", "corp.example.com"]))


# --- selectors -------------------------------------------------------------------------------------------------------


@st.composite
def address_ranges(draw: DrawFn, family: Family | None = None) -> AddressRange:
    """Hosts, subnets and ranges of one family."""
    chosen = family or draw(st.sampled_from(Family))
    number = st.integers(0, chosen.last)
    kind = draw(st.sampled_from(("host", "subnet", "range")))
    first = draw(number)
    if kind == "host":
        return AddressRange(chosen, first, first)
    if kind == "range":
        low, high = sorted((first, draw(number)))
        return AddressRange(chosen, low, high)
    host_bits = draw(st.integers(0, chosen.bits))
    low = first >> host_bits << host_bits
    return AddressRange(chosen, low, low | (1 << host_bits) - 1)


@cache
def dns_names() -> SearchStrategy[DnsName]:
    """Host names, resolved or not."""
    name = st.sampled_from(["db.example.com", "DC-1.corp.example.com", "fileserver", "x"])
    return st.builds(DnsName, name, st.lists(address_ranges(), max_size=2).map(tuple))


@cache
def addresses(family: Family | None = None) -> SearchStrategy[Address]:
    """Every kind of address; the stated ones of `family` if it is given."""
    return st.one_of(
        st.just(ANY),
        st.just(ME),
        st.builds(ServerAddress, st.sampled_from(ServerRole)),
        address_ranges(family),
        dns_names(),
    )


@st.composite
def port_ranges(draw: DrawFn) -> PortRange:
    """Any port, one port, or a range of ports."""
    kind = draw(st.sampled_from(("any", "one", "range")))
    if kind == "any":
        return ANY_PORT
    first = draw(st.integers(1, 65535))
    return PortRange(first, first if kind == "one" else draw(st.integers(first, 65535)))


_PORTS = port_ranges()
_ANY_PORTS = st.just(ANY_PORT)
_PROTOCOLS = st.one_of(st.sampled_from([0, 1, 6, 17]), st.integers(0, 255))


@st.composite
def filters(draw: DrawFn) -> Filter:
    """Draw a filter of one family; ports only where a filter can select them."""
    family = draw(st.sampled_from(Family))
    protocol = draw(_PROTOCOLS)
    ports = _PORTS if protocol in PORT_PROTOCOLS else _ANY_PORTS
    return Filter(
        draw(addresses(family)),
        draw(addresses(family)),
        protocol,
        draw(ports),
        draw(ports),
        draw(st.booleans()),
        draw(_WORDS),
        draw(origins()),
    )


def filter_lists(name: str | None = None, store: StoreLocation | None = None) -> SearchStrategy[FilterList]:
    """Filter lists of up to four filters."""
    return st.builds(
        FilterList,
        name=names() if name is None else st.just(name),
        filters=st.lists(filters(), max_size=4).map(tuple),
        description=_WORDS,
        store=store_locations() if store is None else st.just(store),
        guid=guids(),
        origin=origins(),
    )


# --- offers and authentication ---------------------------------------------------------------------------------------


@cache
def transforms(
    encryptions: tuple[Encryption, ...], integrities: tuple[Integrity, ...]
) -> SearchStrategy[tuple[Transform, ...]]:
    """Give the transforms of one offer: ESP, AH, or AH and ESP together."""
    ah = st.builds(AhTransform, st.sampled_from(integrities))
    esp = st.builds(EspTransform, st.sampled_from(encryptions), st.none() | st.sampled_from(integrities)).filter(
        lambda e: e.encryption is not Encryption.NULL or e.integrity is not None
    )
    return st.one_of(st.tuples(ah), st.tuples(esp), st.tuples(ah, esp))


@cache
def quick_mode_offers() -> SearchStrategy[QuickModeOffer]:
    """Offers of ESP, AH or both, with any algorithm."""
    lifetime = st.one_of(st.just(0), st.integers(1, 2**31 - 1))
    return st.builds(QuickModeOffer, transforms(tuple(Encryption), tuple(Integrity)), lifetime, lifetime)


@cache
def main_modes() -> SearchStrategy[MainMode]:
    """Give main modes with up to three offers of any algorithm."""
    offer = st.builds(
        MainModeOffer,
        st.sampled_from([e for e in Encryption if ENCRYPTION[e].oakley is not None]),
        st.sampled_from(Integrity),
        st.sampled_from(DhGroup),
    )
    return st.builds(
        MainMode,
        st.lists(offer, max_size=3).map(tuple),
        st.integers(0, 10**6),
        st.integers(0, 1000),
        st.booleans(),
    )


@cache
def authentication_methods() -> SearchStrategy[AuthenticationMethod]:
    """Kerberos, preshared keys (also stripped ones) and certificates."""
    return st.one_of(
        st.just(Kerberos()),
        st.builds(PresharedKey, st.none() | names().map(Secret)),
        st.builds(Certificate, names(), st.booleans(), st.booleans()),
    )


@cache
def _authentication() -> SearchStrategy[tuple[AuthenticationMethod, ...]]:
    return st.lists(authentication_methods(), min_size=1, max_size=3).map(tuple)


@st.composite
def filter_actions(draw: DrawFn, name: str | None = None, store: StoreLocation | None = None) -> FilterAction:
    """Filter actions; only those that negotiate have offers and flags."""
    made = FilterAction(
        draw(names()) if name is None else name,
        draw(st.sampled_from(Action)),
        description=draw(_WORDS),
        store=draw(store_locations()) if store is None else store,
        guid=draw(guids()),
        origin=draw(origins()),
    )
    if made.action is not Action.NEGOTIATE:
        return made
    return replace(
        made,
        offers=tuple(draw(st.lists(quick_mode_offers(), max_size=3))),
        pfs=draw(st.booleans()),
        pfs_group=draw(st.none() | st.sampled_from(DhGroup)),
        inbound_passthrough=draw(st.booleans()),
        soft=draw(st.booleans()),
    )


# --- policies and stores ---------------------------------------------------------------------------------------------


@st.composite
def _rules(draw: DrawFn, lists: Sequence[FilterList], actions: Sequence[FilterAction]) -> tuple[Rule, ...]:
    if not lists or not actions:
        return ()
    single = address_ranges().map(lambda r: AddressRange(r.family, r.first, r.first))
    rule = st.builds(
        Rule,
        name=names(),
        filter_list=st.sampled_from([f.name for f in lists]),
        filter_action=st.sampled_from([a.name for a in actions]),
        authentication=_authentication(),
        tunnel_endpoint=st.none() | single | dns_names(),
        connection_type=st.sampled_from(ConnectionType),
        active=st.booleans(),
        description=_WORDS,
        guid=guids(),
        origin=origins(),
    )
    return tuple(draw(st.lists(rule, max_size=4, unique_by=lambda r: r.name.casefold())))


@cache
def default_response_rules() -> SearchStrategy[DefaultResponseRule]:
    """Default response rules, active or not."""
    return st.builds(
        DefaultResponseRule,
        st.booleans(),
        _authentication(),
        st.lists(quick_mode_offers(), max_size=2).map(tuple),
        st.booleans(),
        origins(),
    )


@st.composite
def policies(
    draw: DrawFn,
    lists: Sequence[FilterList] = (),
    actions: Sequence[FilterAction] = (),
    store: StoreLocation = LOCAL_STORE,
) -> Policy:
    """Policies whose rules refer to `lists` and `actions`; without them, policies without rules."""
    return Policy(
        draw(names()),
        draw(main_modes()),
        draw(_rules(lists, actions)),
        draw(st.none() | default_response_rules()),
        draw(_WORDS),
        draw(st.integers(0, 10**6)),
        draw(st.booleans()),
        draw(st.sampled_from(["", "Servers"])),
        store,
        draw(guids()),
        draw(origins()),
    )


@cache
def host_settings() -> SearchStrategy[HostSettings]:
    """Give settings of the host, each stated or not."""
    return st.builds(
        HostSettings,
        st.none() | st.integers(0, 3),
        st.none() | st.sampled_from(["permit", "block", "stateful"]),
        st.none() | st.sampled_from(["none", "TCP:0:3389:inbound"]),
        st.none() | st.booleans(),
        st.none() | st.sampled_from(WindowsVersion),
    )


@cache
def unique_names(minimum: int, maximum: int, name: SearchStrategy[str]) -> SearchStrategy[list[str]]:
    """Give lists of names that differ without case."""
    return st.lists(name, min_size=minimum, max_size=maximum, unique_by=str.casefold)


@st.composite
def stores(draw: DrawFn) -> PolicyStore:
    """Any consistent store: references hold, names are unique without case within each kind and store."""
    locations = draw(st.lists(store_locations(), min_size=1, max_size=2, unique=True))
    lists: list[FilterList] = []
    actions: list[FilterAction] = []
    made: list[Policy] = []
    for location in locations:
        own_lists = [draw(filter_lists(n, location)) for n in draw(unique_names(0, 3, names()))]
        own_actions = [draw(filter_actions(n, location)) for n in draw(unique_names(0, 3, names()))]
        own = policies(own_lists, own_actions, location)
        made.extend(draw(st.lists(own, max_size=2, unique_by=lambda p: p.name.casefold())))
        lists.extend(own_lists)
        actions.extend(own_actions)
    unknown = st.builds(NotUnderstood, _WORDS, _WORDS, origins())
    return PolicyStore(
        tuple(made),
        tuple(lists),
        tuple(actions),
        draw(host_settings()),
        tuple(draw(st.lists(unknown, max_size=2))),
        tuple(draw(st.lists(_WORDS, max_size=2))),
    )


# --- sites -----------------------------------------------------------------------------------------------------------


@st.composite
def sites(draw: DrawFn) -> Site:
    """Inventories: known or unknown addresses, every version of Windows or none, every NoDefaultExempt."""
    hosts = st.lists(
        address_ranges(Family.IPV4).map(lambda r: AddressRange(r.family, r.first, r.first)), max_size=2, unique=True
    ).map(tuple)
    return Site(
        addresses=draw(hosts),
        servers={role: draw(hosts) for role in draw(st.sets(st.sampled_from(ServerRole)))},
        names={"db.example.com": draw(hosts)} if draw(st.booleans()) else {},
        broadcasts=draw(hosts),
        windows=draw(st.none() | st.sampled_from(WindowsVersion)),
        exemptions=draw(st.none() | st.integers(0, 3)),
    )
