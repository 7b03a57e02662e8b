"""From policies to what packets meet: the cases that the small universe of `test_conflicts` does not reach."""

from __future__ import annotations

from dataclasses import replace

import pytest
from windows_oracle import is_exempt, on_the_wire

from ipsecmig.errors import UsageError
from ipsecmig.model.conflicts import decision_map
from ipsecmig.model.exemptions import exemption_value, exemptions
from ipsecmig.model.explanation import Decider, explain
from ipsecmig.model.flatten import FlatPolicy, flatten, host_of, select_policy
from ipsecmig.model.packets import parse_packet
from ipsecmig.model.policy import (
    Action,
    ConnectionSecurity,
    ConnectionType,
    DefaultResponseRule,
    Filter,
    FilterAction,
    FilterList,
    HostSettings,
    MainMode,
    NotUnderstood,
    Policy,
    PolicyStore,
    Rule,
    StoreKind,
    StoreLocation,
)
from ipsecmig.model.selectors import ANY, ME, Address, AddressRange, DnsName, PortRange, ServerAddress, ServerRole
from ipsecmig.model.site import UNKNOWN_SITE, Site
from ipsecmig.model.treatment import BLOCK, PERMIT, Protect, Tunnel, TunnelSense
from ipsecmig.model.windows import WindowsVersion


def net(text: str) -> AddressRange:
    return AddressRange.parse(text)


def store_of(*filters: Filter, action: Action = Action.BLOCK, rule: Rule | None = None) -> PolicyStore:
    """Return a store of one policy with one rule."""
    rule = rule or Rule("R", "l", "A")
    policy = Policy("P", MainMode(()), (rule,), assigned=True)
    return PolicyStore((policy,), (FilterList("L", filters),), (FilterAction("a", action),))


def flat_of(store: PolicyStore, site: Site = UNKNOWN_SITE) -> FlatPolicy:
    return flatten(store, store.policies[0], site)


def decider(flat: FlatPolicy, packet: str) -> str:
    explanation = explain(flat, parse_packet(packet))
    return explanation.exemption or explanation.decided_by.value


OWN = Site(addresses=(net("10.0.0.5"), net("10.0.0.6")))


@pytest.mark.parametrize(
    ("filter_", "site", "packet", "decided"),
    [
        # mirrored or not
        (
            Filter(ANY, ME, 6, destination_port=PortRange(445, 445)),
            OWN,
            "in tcp 10.9.9.9:5000 > 10.0.0.6:445",
            "filter",
        ),
        (
            Filter(ANY, ME, 6, destination_port=PortRange(445, 445)),
            OWN,
            "out tcp 10.0.0.6:445 > 10.9.9.9:5000",
            "filter",
        ),
        (
            Filter(ANY, ME, 6, destination_port=PortRange(445, 445)),
            OWN,
            "out tcp 10.0.0.6:5000 > 10.9.9.9:445",
            "default",
        ),
        (Filter(ANY, ME, mirrored=False), OWN, "in tcp 10.9.9.9:5000 > 10.0.0.6:445", "filter"),
        (Filter(ANY, ME, mirrored=False), OWN, "out tcp 10.0.0.6:445 > 10.9.9.9:5000", "default"),
        # me: these addresses and no others; unknown, every one
        (Filter(ANY, ME), OWN, "in tcp 10.9.9.9:5000 > 10.0.0.7:445", "default"),
        (Filter(ANY, ME), UNKNOWN_SITE, "in tcp 10.9.9.9:5000 > 10.0.0.7:445", "filter"),
        (Filter(ANY, ME), UNKNOWN_SITE, "forward tcp 10.9.9.9:5000 > 10.0.0.7:445", "default"),
        # directions follow from this host's addresses
        (Filter(net("10.9.0.0/16"), net("10.8.0.0/16")), OWN, "forward icmp 10.9.0.1 > 10.8.0.1", "filter"),
        (Filter(net("10.9.0.0/16"), net("10.8.0.0/16")), OWN, "forward icmp 10.8.0.1 > 10.9.0.1", "filter"),
        (Filter(net("10.9.0.0/16"), net("10.8.0.0/16")), OWN, "out icmp 10.9.0.1 > 10.8.0.1", "default"),
        (Filter(net("10.9.0.0/16"), net("10.8.0.0/16")), UNKNOWN_SITE, "out icmp 10.9.0.1 > 10.8.0.1", "filter"),
        (Filter(net("10.0.0.0/24"), net("10.8.0.0/16")), OWN, "out icmp 10.0.0.5 > 10.8.0.1", "filter"),
        (Filter(net("10.0.0.0/24"), net("10.8.0.0/16")), OWN, "in icmp 10.8.0.1 > 10.0.0.5", "filter"),
        # names and servers
        (Filter(ME, DnsName("a", (net("10.1.1.1"),))), OWN, "out icmp 10.0.0.5 > 10.1.1.1", "filter"),
        (
            Filter(ME, DnsName("A")),
            replace(OWN, names={"a": (net("10.1.1.2"),)}),
            "out icmp 10.0.0.5 > 10.1.1.2",
            "filter",
        ),
        (
            Filter(ME, ServerAddress(ServerRole.DNS)),
            replace(OWN, servers={ServerRole.DNS: (net("10.1.1.3"), net("10.1.1.4"))}),
            "out udp 10.0.0.5:5000 > 10.1.1.4:53",
            "filter",
        ),
        # IPv6
        (Filter(ANY, ANY), UNKNOWN_SITE, "out icmpv6 ::1 > ::2", "default"),
        (Filter(ANY, ANY), Site(windows=WindowsVersion.VISTA), "out tcp [::1]:1 > [::2]:1", "filter"),
        (Filter(ANY, ANY), Site(windows=WindowsVersion.VISTA), "out icmpv6 ::1 > ::2", "neighbour-discovery"),
    ],
)
def test_which_packets_a_filter_matches(filter_: Filter, site: Site, packet: str, decided: str) -> None:
    flat = flat_of(store_of(filter_), site)
    assert not flat.not_understood
    assert decider(flat, packet) == decided
    assert decision_map(flat).at(parse_packet(packet)) == (BLOCK if decided == "filter" else PERMIT)


@pytest.mark.parametrize(
    ("connection", "lan", "dialup"),
    [
        (ConnectionType.ALL, "filter", "filter"),
        (ConnectionType.LAN, "filter", "default"),
        (ConnectionType.DIALUP, "default", "filter"),
    ],
)
def test_connection_types(connection: ConnectionType, lan: str, dialup: str) -> None:
    rule = Rule("R", "L", "A", connection_type=connection)
    flat = flat_of(store_of(Filter(ME, ANY), rule=rule))
    packet = "out icmp 10.0.0.5 > 10.0.0.9"
    assert (decider(flat, packet), decider(flat, f"{packet} dialup")) == (lan, dialup)


PACKETS = (
    "in udp 10.0.0.9:500 > 10.0.0.5:500",
    "in udp 10.0.0.9:60000 > 10.0.0.5:4500",
    "out udp 10.0.0.5:4500 > 10.0.0.9:4500",
    "out udp 10.0.0.5:500 > 10.0.0.9:60000",
    "out udp 10.0.0.5:60000 > 10.0.0.9:500",
    "forward udp 10.0.0.5:500 > 10.0.0.9:500",
    "in 50 10.0.0.9 > 10.0.0.5",
    "out 51 10.0.0.5 > 10.0.0.9",
    "forward 50 10.0.0.9 > 10.0.0.5",
    "in tcp 10.0.0.9:88 > 10.0.0.5:445",
    "out udp 10.0.0.5:5000 > 10.0.0.9:88",
    "in tcp 10.0.0.9:89 > 10.0.0.5:445",
    "out 46 10.0.0.5 > 10.0.0.9",
    "in udp 10.0.0.9:137 > 224.0.0.5:137",
    "out udp 10.0.0.5:137 > 239.255.255.255:137",
    "out udp 224.0.0.5:137 > 10.0.0.9:137",
    "out udp 10.0.0.5:137 > 255.255.255.255:137",
    "in udp 10.0.0.9:137 > 10.0.0.255:137",
    "out icmp 10.0.0.5 > 10.0.0.9",
)


@pytest.mark.parametrize("value", [0, 1, 2, 3])
@pytest.mark.parametrize("negotiates", [True, False])
@pytest.mark.parametrize("text", PACKETS)
def test_exemptions_by_value(value: int, negotiates: bool, text: str) -> None:
    packet = parse_packet(text)
    found = [
        exemption.name
        for exemption in exemptions(UNKNOWN_SITE, value, negotiates=negotiates)
        if any(all(low <= v <= high for (low, high), v in zip(box, packet, strict=True)) for box in exemption.boxes)
    ]
    expected = is_exempt(on_the_wire(packet), value, negotiates=negotiates)
    assert found == ([] if expected is None else [expected])


@pytest.mark.parametrize(
    ("windows", "stated", "in_inventory", "value"),
    [
        (WindowsVersion.WINDOWS_2000, None, None, 0),
        (WindowsVersion.XP, None, None, 0),
        (WindowsVersion.SERVER_2003, None, None, 3),
        (WindowsVersion.VISTA, None, None, 3),
        (WindowsVersion.SERVER_2003, 0, None, 0),
        (WindowsVersion.SERVER_2003, 0, 2, 2),
        (WindowsVersion.XP, 3, None, 1),
        (WindowsVersion.XP, 0, None, 0),
    ],
)
def test_which_value_is_in_force(
    windows: WindowsVersion, stated: int | None, in_inventory: int | None, value: int
) -> None:
    assert exemption_value(Site(windows=windows, exemptions=in_inventory), stated) == value
    store = replace(store_of(Filter(ANY, ANY)), settings=HostSettings(exemptions=stated))
    assert flat_of(store, Site(windows=windows, exemptions=in_inventory)).exemption_value == value


XP, VISTA = WindowsVersion.XP, WindowsVersion.VISTA


@pytest.mark.parametrize(
    ("known", "stated", "windows"),
    [
        (None, None, WindowsVersion.SERVER_2003),
        (None, VISTA, VISTA),
        (XP, VISTA, XP),
        (XP, None, XP),
    ],
)
def test_which_windows_it_is(
    known: WindowsVersion | None, stated: WindowsVersion | None, windows: WindowsVersion
) -> None:
    store = replace(store_of(Filter(ANY, ANY)), settings=HostSettings(windows=stated))
    flat = flat_of(store, Site(windows=known))
    assert flat.site.windows is windows
    assert any(one.startswith(f"the source is {flat.site.traits.title}, ") for one in flat.assumptions)
    assumed = [one for one in flat.assumptions if one.startswith("the source's version of Windows is not known")]
    assert bool(assumed) is (known is None and stated is None)


def test_connection_security_rules_say_which_windows_it_is() -> None:
    policy = replace(store_of(Filter(ANY, ANY)).policies[0], connection_security=ConnectionSecurity())
    flat = flatten(store_of(Filter(ANY, ANY)), policy, Site(windows=XP))
    assert flat.site.windows is VISTA
    assert not any("is not known: it is taken as" in one for one in flatten(PolicyStore(), policy).assumptions)


@pytest.mark.parametrize(
    ("first", "second", "site", "expected"),
    [
        (HostSettings(windows=XP), HostSettings(exemptions=1), Site(), Site(windows=XP, exemptions=1)),
        (HostSettings(windows=XP), HostSettings(windows=XP), Site(), Site(windows=XP)),
        (HostSettings(windows=XP), HostSettings(windows=VISTA), Site(), Site()),
        (HostSettings(exemptions=0), HostSettings(exemptions=1), Site(), Site()),
        (
            HostSettings(0, windows=XP),
            HostSettings(),
            Site(windows=VISTA, exemptions=3),
            Site((), {}, {}, (), VISTA, 3),
        ),
    ],
)
def test_what_one_source_states_of_the_host_counts_for_all(
    first: HostSettings, second: HostSettings, site: Site, expected: Site
) -> None:
    stores = [PolicyStore(settings=one) for one in (first, second)]
    assert host_of(stores, site) == host_of(stores[::-1], site) == expected


def test_directed_broadcasts_come_from_the_inventory() -> None:
    site = Site(broadcasts=(net("10.0.0.255"),), exemptions=0)
    flat = flat_of(store_of(Filter(ANY, ANY)), site)
    assert decider(flat, "in udp 10.0.0.9:137 > 10.0.0.255:137") == "broadcast"
    assert decider(flat, "in udp 10.0.0.9:137 > 10.0.1.255:137") == "filter"


UNKNOWN_THINGS = [
    (Filter(ME, DnsName("Db.Example")), UNKNOWN_SITE, "Db.Example"),
    (Filter(ME, ServerAddress(ServerRole.WINS)), UNKNOWN_SITE, "wins servers"),
    (
        Filter(ME, ServerAddress(ServerRole.DNS)),
        Site(servers={ServerRole.DNS: (net("10.0.0.1"),)}, windows=WindowsVersion.XP),
        "Windows XP does not know the keyword dns",
    ),
    (Filter(ME, net("2001:db8::/32")), Site(windows=WindowsVersion.SERVER_2003), "does not filter IPv6"),
]


@pytest.mark.parametrize(("filter_", "site", "said"), UNKNOWN_THINGS)
def test_what_cannot_be_expanded_is_not_understood(filter_: Filter, site: Site, said: str) -> None:
    unknown = flat_of(store_of(filter_, Filter(ME, ANY)), site).not_understood
    assert len(unknown) == 1
    assert said in unknown[0].reason


def test_a_rule_that_refers_to_nothing_is_not_understood() -> None:
    store = store_of(Filter(ANY, ANY), rule=Rule("R", "L", "missing"))
    flat = flat_of(store)
    assert flat.filters == ()
    assert "missing" in flat.not_understood[0].reason


def test_references_stay_in_their_store_and_ignore_case() -> None:
    store = store_of(Filter(ANY, ANY), rule=Rule("R", "l", "A"))
    assert len(flat_of(store).filters) == 1
    elsewhere = StoreLocation(StoreKind.PERSISTENT)
    moved = replace(store, filter_lists=(replace(store.filter_lists[0], store=elsewhere),))
    assert flat_of(moved).not_understood


def test_inactive_rules_do_nothing() -> None:
    assert flat_of(store_of(Filter(ANY, ANY), rule=Rule("R", "nothing", "A", active=False))).filters == ()


def test_what_the_source_left_open_stays_open() -> None:
    doubt = NotUnderstood("if exist", "depends on run time")
    assert doubt in flat_of(replace(store_of(Filter(ANY, ANY)), not_understood=(doubt,))).not_understood


@pytest.mark.parametrize(
    ("windows", "answers"),
    [(WindowsVersion.SERVER_2003, True), (WindowsVersion.XP, True), (WindowsVersion.VISTA, False)],
)
def test_the_default_response_rule(windows: WindowsVersion, answers: bool) -> None:
    store = store_of(Filter(ANY, ME))
    policy = replace(store.policies[0], default_response=DefaultResponseRule())
    flat = flatten(store, policy, Site(windows=windows))
    assert (flat.default_response is not None) == answers
    if flat.default_response is not None:
        assert flat.default_response.responder_only
    assert ("esp-ah" in {e.name for e in flat.exemptions}) == answers


def tunnel_store(*rules: tuple[Filter, str]) -> PolicyStore:
    """Return a store of tunnel rules, each with one filter and its endpoint."""
    lists = tuple(FilterList(f"L{n}", (filter_,)) for n, (filter_, _) in enumerate(rules))
    made = tuple(Rule(f"R{n}", f"L{n}", "A", tunnel_endpoint=net(end)) for n, (_, end) in enumerate(rules))
    return PolicyStore((Policy("P", MainMode(()), made),), lists, (FilterAction("A", Action.NEGOTIATE),))


HERE, THERE = net("10.1.0.0/16"), net("10.2.0.0/16")
LEAVING = (Filter(HERE, THERE, mirrored=False), "198.51.100.2")
ARRIVING = (Filter(THERE, HERE, mirrored=False), "192.0.2.1")
GATEWAY = Site(addresses=(net("192.0.2.1"), net("10.1.0.1")))


@pytest.mark.parametrize("order", [(LEAVING, ARRIVING), (ARRIVING, LEAVING)])
def test_the_two_rules_of_a_tunnel_are_paired(order: tuple[tuple[Filter, str], ...]) -> None:
    flat = flat_of(tunnel_store(*order), GATEWAY)
    assert not flat.not_understood
    found = decision_map(flat)
    ends = (net("192.0.2.1"), net("198.51.100.2"))
    for packet, sense in (
        ("forward icmp 10.1.0.9 > 10.2.0.9", TunnelSense.ENCAPSULATE),
        ("out icmp 10.1.0.1 > 10.2.0.9", TunnelSense.ENCAPSULATE),
        ("forward icmp 10.2.0.9 > 10.1.0.9", TunnelSense.DECAPSULATE),
        ("in icmp 10.2.0.9 > 10.1.0.1", TunnelSense.DECAPSULATE),
    ):
        treatment = found.at(parse_packet(packet))
        assert isinstance(treatment, Protect)
        assert treatment.tunnel == Tunnel(sense, *ends)


@pytest.mark.parametrize(
    ("rules", "site", "said"),
    [
        ((LEAVING,), GATEWAY, "one direction only"),
        ((LEAVING, ARRIVING), UNKNOWN_SITE, "which end of the tunnel"),
        (((replace(LEAVING[0], mirrored=True), LEAVING[1]), ARRIVING), GATEWAY, "mirrored"),
        (tuple((replace(f, protocol=6), end) for f, end in (LEAVING, ARRIVING)), GATEWAY, "protocol or a port"),
    ],
)
def test_doubtful_tunnels_are_not_understood(rules: tuple[tuple[Filter, str], ...], site: Site, said: str) -> None:
    assert any(said in doubt.reason for doubt in flat_of(tunnel_store(*rules), site).not_understood)


def test_many_tunnels_find_their_own_halves() -> None:
    rules = []
    for number in range(40):
        far: Address = net(f"10.{number + 10}.0.0/16")
        rules += [(Filter(HERE, far, mirrored=False), f"198.51.100.{number}")]
        rules += [(Filter(far, HERE, mirrored=False), "192.0.2.1")]
    flat = flat_of(tunnel_store(*rules[::2], *reversed(rules[1::2])), GATEWAY)
    assert not flat.not_understood
    for specific in flat.filters:
        assert isinstance(specific.treatment, Protect)
        tunnel = specific.treatment.tunnel
        assert tunnel is not None
        peer = specific.destination if tunnel.sense is TunnelSense.ENCAPSULATE else specific.source
        assert tunnel.remote == net(f"198.51.100.{(peer.range.first >> 16 & 255) - 10}")


def policies(*named: tuple[str, bool]) -> PolicyStore:
    return PolicyStore(tuple(Policy(name, MainMode(()), assigned=assigned) for name, assigned in named))


@pytest.mark.parametrize(
    ("store", "name", "chosen"),
    [
        (policies(("a", False)), None, "a"),
        (policies(("a", False), ("b", True)), None, "b"),
        (policies(("a", False), ("b", True)), "A", "a"),
    ],
)
def test_choosing_a_policy(store: PolicyStore, name: str | None, chosen: str) -> None:
    assert select_policy(store, name).name == chosen


@pytest.mark.parametrize(
    ("store", "name", "said"),
    [
        (policies(), None, "no policy"),
        (policies(("a", False), ("b", False)), None, '"a", "b"'),
        (policies(("a", True), ("b", True)), None, "assigns several"),
        (policies(("a", True)), "c", 'no policy "c"'),
    ],
)
def test_no_single_policy(store: PolicyStore, name: str | None, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        select_policy(store, name)


@pytest.mark.parametrize(
    ("winner", "beaten", "why"),
    [
        (Filter(ME, net("10.0.0.9")), Filter(ME, ANY), "a host beats any address (destination)"),
        (Filter(ME, ANY), Filter(net("10.0.0.0/8"), ANY), "this host (me) beats a subnet (/8) (source)"),
        (Filter(ME, ANY, 1), Filter(ME, ANY), "a named protocol beats any protocol"),
        (
            Filter(ME, ANY, 6, destination_port=PortRange(80, 80)),
            Filter(ME, ANY, 6),
            "a port beats any port (destination port)",
        ),
        (
            Filter(ME, ANY, 6, PortRange(1, 9)),
            Filter(ME, ANY, 6, PortRange(0, 9)),
            "a smaller range of ports beats a range of 10 ports (source port)",
        ),
        (
            Filter(net("10.0.0.0-10.0.0.9"), ANY),
            Filter(net("10.0.0.0/24"), ANY),
            "a range of 10 addresses beats a subnet (/24) (source)",
        ),
    ],
)
def test_why_a_filter_is_beaten(winner: Filter, beaten: Filter, why: str) -> None:
    winner, beaten = (replace(filter_, mirrored=False) for filter_ in (winner, beaten))
    flat = flat_of(store_of(beaten, winner))
    tcp = winner.protocol == 6 or beaten.protocol == 6
    packet = "out tcp 10.0.0.5:9 > 10.0.0.9:80" if tcp else "out icmp 10.0.0.5 > 10.0.0.9"
    explanation = explain(flat, parse_packet(packet))
    assert explanation.decided_by is Decider.FILTER
    assert [f.filter for f in explanation.deciding] == [winner]
    assert [(b.filter.filter, b.why) for b in explanation.beaten] == [(beaten, why)]
