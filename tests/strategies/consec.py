"""Hypothesis strategies for connection security rules and their sets."""

from __future__ import annotations

from hypothesis import strategies as st

from ipsecmig.consec.objects import (
    AuthenticationSet,
    AuthenticationSuite,
    ConnectionSecurityRule,
    EndpointAddress,
    Flag,
    KeywordAddress,
    MainModeSuite,
    QuickModeSuite,
    RuleScope,
    Token,
    TunnelEnds,
    Version,
)
from ipsecmig.consec.vocabulary import (
    METHODS_1,
    METHODS_2,
    AddressKeyword,
    Cipher,
    Encapsulation,
    Hash,
    InterfaceType,
    KeyExchange,
    KeyModule,
    Method,
    Profile,
    RuleAction,
    Signing,
)
from ipsecmig.model.policy import Secret
from ipsecmig.model.selectors import AddressRange, Family, PortRange

TEXTS = st.text(st.sampled_from("abcXYZ019 -_.,:;=+&<>(){}%$!?*/'\"äß宝"), max_size=12).map(str.strip)
GUIDS = st.sampled_from(["", "{212D4E36-DB6E-4EF6-9065-1C5C6A8DDF5A}", "{E5A5D32A-4BCE-4e4d-B07F-4AB1BA7E5FE3}", "x"])


@st.composite
def ranges(draw: st.DrawFn, family: Family | None = None) -> AddressRange:
    """Return hosts, blocks and other ranges."""
    chosen = family or draw(st.sampled_from(Family))
    first, last = sorted((draw(st.integers(0, chosen.last)), draw(st.integers(0, chosen.last))))
    return AddressRange(chosen, first, draw(st.sampled_from((first, last))))


def endpoint_addresses() -> st.SearchStrategy[EndpointAddress]:
    """Return what either end of a rule can be."""
    return st.one_of(ranges(), st.builds(KeywordAddress, st.sampled_from(AddressKeyword), st.sampled_from(Family)))


def _several(one: st.SearchStrategy[EndpointAddress]) -> st.SearchStrategy[tuple[EndpointAddress, ...]]:
    return st.lists(one, max_size=3).map(tuple)


def scopes() -> st.SearchStrategy[RuleScope]:
    """Return where rules apply."""
    return st.builds(
        RuleScope,
        st.lists(st.sampled_from(Profile), max_size=2).map(tuple),
        _several(endpoint_addresses()),
        _several(endpoint_addresses()),
        st.lists(st.sampled_from(["2:6:0", "2:6:1"]), max_size=2).map(tuple),
        st.sampled_from(["", "GTEQ"]),
        st.sampled_from(["", "2.0"]),
    )


def port_lists() -> st.SearchStrategy[tuple[PortRange, ...]]:
    """Return ports and ranges of ports."""
    numbers = st.integers(0, 65535)
    return st.lists(st.tuples(numbers, numbers).map(lambda p: PortRange(*sorted(p))), max_size=3).map(tuple)


def tunnels() -> st.SearchStrategy[TunnelEnds]:
    """Return no tunnel and all kinds of tunnels."""
    ends = st.lists(ranges(), max_size=2).map(tuple)
    dynamic = st.sampled_from([(), (Token("RTunnelFqdn", "gw.example.com"),), (Token("RTunnel4_2", "192.0.2.1"),)])
    return st.builds(TunnelEnds, ends, ends, dynamic)


def rules() -> st.SearchStrategy[ConnectionSecurityRule]:
    """Return rules that a registry string can say."""
    return st.builds(
        ConnectionSecurityRule,
        st.just("id"),
        name=TEXTS,
        action=st.sampled_from(RuleAction),
        active=st.booleans(),
        scope=scopes(),
        protocol=st.none() | st.integers(0, 255),
        ports1=port_lists(),
        ports2=port_lists(),
        interfaces=st.lists(GUIDS.filter(bool), max_size=2).map(tuple),
        interface_types=st.lists(st.sampled_from(InterfaceType), max_size=2).map(tuple),
        auth1_set=GUIDS,
        auth2_set=GUIDS,
        crypto2_set=GUIDS,
        tunnel=tunnels(),
        key_modules=st.lists(st.sampled_from(KeyModule), max_size=2).map(tuple),
        flags=st.frozensets(st.sampled_from(Flag)),
        forward_lifetime=st.none() | st.integers(0, 10**6),
        machine_authorization=st.sampled_from(["", "O:LSD:(A;;CC;;;S-1-5-21)"]),
        user_authorization=st.sampled_from(["", "O:LSD:(A;;CC;;;S-1-5-22)"]),
        description=TEXTS,
        context=TEXTS,
        version=st.builds(Version, st.just(2), st.integers(0, 40)),
        unread=st.sampled_from([(), (Token("Novel", "1"),), (Token("Novel", "a=b"), Token("EP3_4", ""))]),
    )


def authentication_suites(phase: int) -> st.SearchStrategy[AuthenticationSuite]:
    """Return the suites of first or second authentication, preshared keys included."""
    methods: list[Method] = list((METHODS_1 if phase == 1 else METHODS_2).by_member)
    return st.builds(
        AuthenticationSuite,
        st.sampled_from(methods),
        authority=TEXTS,
        secret=st.none() | st.builds(Secret, st.text(max_size=8)),
        map_to_account=st.booleans(),
        exclude_authority=st.booleans(),
        health_certificate=st.booleans(),
        signing=st.sampled_from(Signing),
        intermediate=st.booleans(),
        criteria=st.sampled_from(["", "v2.20|CriteriaType=Both|Eku=1.3.6.1.5.5.7.3.1|"]),
        allow_proxy=st.booleans(),
        proxy_server=TEXTS,
        skip_version=st.sampled_from(["", "2.0"]),
    )


def main_mode_suites() -> st.SearchStrategy[MainModeSuite]:
    """Return offers of main mode."""
    return st.builds(
        MainModeSuite,
        st.sampled_from(KeyExchange),
        st.sampled_from(Cipher),
        st.sampled_from(Hash),
        st.sampled_from(["", "2.0"]),
    )


def quick_mode_suites() -> st.SearchStrategy[QuickModeSuite]:
    """Return offers of quick mode."""
    return st.builds(
        QuickModeSuite,
        st.sampled_from(Encapsulation),
        st.sampled_from(Cipher),
        st.none() | st.sampled_from(Hash),
        st.none() | st.sampled_from(Hash),
        st.integers(0, 2879),
        st.integers(0, 2**31 - 1),
        st.sampled_from(["", "2.0"]),
    )


def authentication_sets(phase: int) -> st.SearchStrategy[AuthenticationSet]:
    """Return sets of first or second authentication."""
    suites = st.lists(authentication_suites(phase), max_size=3).map(tuple)
    return st.builds(AuthenticationSet, GUIDS, st.just(phase), suites, TEXTS, TEXTS, TEXTS, st.just("2.10"))
