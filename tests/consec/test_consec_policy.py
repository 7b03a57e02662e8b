"""What connection security rules become in the policy model."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import consec

from ipsecmig.consec.defaults import DEFAULT_AUTHENTICATION_1, DEFAULT_MAIN_MODE
from ipsecmig.consec.objects import (
    AuthenticationSet,
    AuthenticationSuite,
    ConsecStore,
    GlobalSettings,
    MainModeCryptoSet,
    MainModeSuite,
    QuickModeCryptoSet,
    QuickModeSuite,
    Token,
)
from ipsecmig.consec.rules import parse_main_mode_rule, parse_rule
from ipsecmig.consec.vocabulary import Cipher, Encapsulation, Hash, KeyExchange, Method, Pfs, Signing
from ipsecmig.diagnostics import Severity
from ipsecmig.dialects.base import Reading
from ipsecmig.dialects.consec.policy import POLICY_NAME, convert
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.flatten import FlatPolicy, flatten
from ipsecmig.model.policy import (
    Action,
    AhTransform,
    Certificate,
    ConnectionSecurity,
    ConnectionType,
    EspTransform,
    Filter,
    FilterAction,
    Kerberos,
    MainModeOffer,
    PresharedKey,
    QuickModeOffer,
    Secret,
)
from ipsecmig.model.selectors import ANY, AddressRange, PortRange, ServerAddress, ServerRole
from ipsecmig.model.treatment import Permit, Protect
from ipsecmig.model.tunnels import plan_tunnels
from ipsecmig.model.words import firewall_exemptions


def reading(*texts: str, assume: tuple[str, ...] = (), store: ConsecStore | None = None) -> Reading:
    base = store or ConsecStore(sources=("x",))
    rules = tuple(parse_rule(f"v2.10|Active=TRUE|{text}|", f"r{n}") for n, text in enumerate(texts))
    return convert(replace(base, rules=rules), frozenset(assume))


def codes(read: Reading) -> set[str]:
    return {d.code for d in read.diagnostics if d.severity is not Severity.INFO}


def one(text: str, **more: object) -> tuple[Filter, FilterAction]:
    read = reading(text)
    assert codes(read) == set()
    return read.store.filter_lists[0].filters[0], read.store.filter_actions[0]


@pytest.mark.parametrize(
    ("action", "kind", "soft", "inpass"),
    [
        ("Secure", Action.NEGOTIATE, False, False),
        ("SecureServer", Action.NEGOTIATE, True, False),
        ("Boundary", Action.NEGOTIATE, True, True),
        ("DoNotSecure", Action.PERMIT, False, False),
    ],
)
def test_actions(action: str, kind: Action, soft: bool, inpass: bool) -> None:
    _, said = one(f"Action={action}")
    assert (said.action, said.soft, said.inbound_passthrough) == (kind, soft, inpass)


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ("", Filter(ANY, ANY)),
        ("EP2_4=10.0.0.0/8", Filter(ANY, AddressRange.parse("10.0.0.0/8"))),
        ("EP1_6=2001:db8::1", Filter(AddressRange.parse("2001:db8::1"), ANY)),
        ("Protocol=6|EP1Port=80", Filter(ANY, ANY, 6, PortRange(80, 80))),
        ("Protocol=17|EP2Port2_10=1-9", Filter(ANY, ANY, 17, destination_port=PortRange(1, 9))),
        ("EP2_4=DNS|EP2_6=DNS", Filter(ANY, ServerAddress(ServerRole.DNS))),
    ],
)
def test_endpoint_1_is_the_source_of_a_mirrored_filter(tokens: str, expected: Filter) -> None:
    assert one(f"Action=Secure|{tokens}")[0] == expected


def test_every_pair_of_addresses_and_ports_is_a_filter() -> None:
    read = reading("Action=Secure|Protocol=6|EP1_4=10.0.0.1|EP1_6=2001:db8::1|EP2_4=10.0.0.2|EP2Port=1|EP2Port=2")
    filters = read.store.filter_lists[0].filters
    assert [(f.source, f.destination, f.destination_port.first) for f in filters] == [
        (AddressRange.parse("10.0.0.1"), AddressRange.parse("10.0.0.2"), 1),
        (AddressRange.parse("10.0.0.1"), AddressRange.parse("10.0.0.2"), 2),
    ]


def test_what_windows_has_built_in_counts_where_nothing_is_said() -> None:
    read = reading("Action=Secure")
    policy, action = read.store.policies[0], read.store.filter_actions[0]
    assert policy.main_mode.offers == (
        MainModeOffer(Encryption.AES128, Integrity.SHA1, DhGroup.MODP1024),
        MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024),
    )
    assert policy.main_mode.lifetime_seconds == 480 * 60
    assert [offer.transforms for offer in action.offers] == [
        (EspTransform(Encryption.NULL, Integrity.SHA1),),
        (EspTransform(Encryption.AES128, Integrity.SHA1),),
        (EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1),),
        (AhTransform(Integrity.SHA1),),
    ]
    assert {(o.lifetime_seconds, o.lifetime_kilobytes) for o in action.offers} == {(3600, 100_000)}
    assert (action.pfs, policy.rules[0].authentication) == (False, (Kerberos(),))
    assert (policy.name, policy.assigned, policy.connection_security) == (POLICY_NAME, True, ConnectionSecurity(9))
    assert sorted(d.code for d in read.diagnostics) == ["CS005"] * 3 + ["CS035"]


SETS = ConsecStore(
    authentication_sets=(
        AuthenticationSet(
            "{A}",
            1,
            (
                AuthenticationSuite(Method.MACHINE_PRESHARED_KEY, secret=Secret("hunter2hunter2")),
                AuthenticationSuite(Method.MACHINE_CERTIFICATE, "CN=Root", map_to_account=True),
            ),
        ),
        AuthenticationSet("{U}", 2, (AuthenticationSuite(Method.USER_KERBEROS),)),
        AuthenticationSet("{N}", 1, (AuthenticationSuite(Method.MACHINE_NTLM),)),
        AuthenticationSet(
            "{C}", 1, (AuthenticationSuite(Method.MACHINE_CERTIFICATE, "CN=X", signing=Signing.ECDSA256),)
        ),
        AuthenticationSet("{S}", 1, (AuthenticationSuite(Method.MACHINE_KERBEROS, skip_version="2.0"),)),
    ),
    quick_mode_sets=(
        QuickModeCryptoSet(
            "{Q}",
            (
                QuickModeSuite(Encapsulation.AH_AND_ESP, Cipher.AES256, Hash.SHA256, Hash.SHA1, 10, 50_000),
                QuickModeSuite(Encapsulation.AH, ah_hash=Hash.MD5),
            ),
            Pfs.DH14,
        ),
        QuickModeCryptoSet(
            "{G}",
            (
                QuickModeSuite(Encapsulation.ESP, Cipher.AES_GCM256, esp_hash=Hash.AES_GCM256),
                QuickModeSuite(Encapsulation.ESP, Cipher.AES128, esp_hash=Hash.SHA256),
            ),
        ),
        QuickModeCryptoSet("{O}", (QuickModeSuite(Encapsulation.NONE, esp_hash=Hash.SHA1),)),
        QuickModeCryptoSet("{E}", (QuickModeSuite(Encapsulation.ESP, Cipher.AES128, esp_hash=Hash.SHA1),), Pfs.ECDH256),
    ),
    sources=("x",),
)


def test_sets_say_what_is_asked_of_the_peer() -> None:
    read = reading("Action=Secure|Auth1Set={a}|Crypto2Set={q}", store=SETS)
    action, rule = read.store.filter_actions[0], read.store.policies[0].rules[0]
    assert codes(read) == set()
    assert rule.authentication == (PresharedKey(Secret("hunter2hunter2")), Certificate("CN=Root", map_to_account=True))
    assert action.offers == (
        QuickModeOffer((AhTransform(Integrity.SHA256), EspTransform(Encryption.AES256, Integrity.SHA1)), 600, 50_000),
        QuickModeOffer((AhTransform(Integrity.MD5),), 3600, 100_000),
    )
    assert (action.pfs, action.pfs_group) == (True, DhGroup.MODP2048)


def test_main_mode_is_that_of_the_store() -> None:
    suites = (
        MainModeSuite(KeyExchange.DH14, Cipher.AES256, Hash.SHA384),
        MainModeSuite(KeyExchange.ECDH384, Cipher.AES256, Hash.SHA384),
    )
    store = replace(SETS, main_mode_sets=(MainModeCryptoSet(DEFAULT_MAIN_MODE.lower(), suites, 60, 5),))
    read = reading("Action=Secure|Auth1Set={A}|Crypto2Set={Q}", store=store)
    main_mode = read.store.policies[0].main_mode
    assert main_mode.offers == (MainModeOffer(Encryption.AES256, Integrity.SHA384, DhGroup.MODP2048),)
    assert (main_mode.lifetime_seconds, main_mode.quick_mode_limit) == (3600, 5)
    assert codes(read) == {"CS030"}


def test_a_group_policy_object_stands_another_set_in_place_of_the_default() -> None:
    store = replace(SETS, substitutes=(Token(DEFAULT_AUTHENTICATION_1.lower(), "{A}"),))
    read = reading(f"Action=Secure|Auth1Set={DEFAULT_AUTHENTICATION_1}|Crypto2Set={{Q}}", store=store)
    assert isinstance(read.store.policies[0].rules[0].authentication[0], PresharedKey)


@pytest.mark.parametrize(
    ("tokens", "code"),
    [
        ("Action=Novel", "CS001"),
        ("Desc=no action", "CS002"),
        ("Action=Secure|Novel=1", "CS001"),
        ("Action=Secure|Auth1Set={missing}", "CS004"),
        ("Action=Secure|Crypto2Set={missing}", "CS004"),
        ("Action=Secure|Profile=Domain", "CS010"),
        ("Action=Secure|Platform=2:6:1", "CS012"),
        ("Action=Secure|SkipVer=2.0", "CS012"),
        ("Action=Secure|IF={1}", "CS013"),
        ("Action=Secure|IFType=Wireless", "CS013"),
        ("Action=Secure|EP2_4=LocalSubnet|EP2_6=LocalSubnet", "CS014"),
        ("Action=Secure|EP2_4=DNS", "CS014"),
        ("Action=Secure|EP1Port=80", "CS015"),
        ("Action=Secure|EP1_4=10.0.0.1|EP2_6=2001:db8::1", "CS016"),
        ("Action=Secure|LTunnel4=192.0.2.1", "CS020"),
        ("Action=Secure|RTunnelFqdn=gw.example.com", "CS020"),
        ("Action=Secure|LTunnel4=192.0.2.1|RTunnel6=2001:db8::1", "CS020"),
        ("Action=DoNotSecure|LTunnel4=192.0.2.1|RTunnel4=192.0.2.2", "CS036"),
        ("Action=Secure|SecureInClearOut=TRUE", "CS021"),
        ("Action=Secure|ByPassTunnel=TRUE", "CS022"),
        ("Action=Secure|KeyMod=IkeV2", "CS023"),
        ("Action=Secure|KeyManagerDictate=TRUE", "CS024"),
        ("Action=Secure|Authz=TRUE", "CS025"),
        ("Action=Secure|TransportMachineAuthzSDDL=O:LSD:", "CS025"),
        ("Action=Secure|Auth1Set={N}", "CS026"),
        ("Action=Secure|Auth1Set={C}", "CS027"),
        ("Action=Secure|Auth2Set={U}", "CS028"),
        ("Action=Secure|Auth1Set={N}", "CS029"),
        ("Action=Secure|Crypto2Set={G}", "CS030"),
        ("Action=Secure|Crypto2Set={O}", "CS029"),
        ("Action=Secure|Crypto2Set={E}", "CS030"),
        ("Action=Secure|Auth1Set={S}", "CS031"),
    ],
)
def test_what_cannot_be_said_makes_everything_undecided(tokens: str, code: str) -> None:
    read = reading(tokens, store=SETS)
    assert code in codes(read)
    assert len(read.store.not_understood) >= 1
    said = {n.reason for n in read.store.not_understood}
    assert {d.message for d in read.diagnostics if d.severity is Severity.WARNING} == said


@pytest.mark.parametrize("tokens", ["Profile=Domain", "Authz=TRUE", "Platform=2:6:1", "EP2_4=LocalSubnet", "X=1"])
def test_a_doubted_exemption_is_left_out(tokens: str) -> None:
    read = reading(f"Action=DoNotSecure|{tokens}")
    assert read.store.policies[0].rules == ()
    assert read.store.not_understood


@pytest.mark.parametrize(
    "tokens", ["Auth1Set={N}", "Crypto2Set={O}", "Crypto2Set={missing}", "RTunnelFqdn=gw.example.com"]
)
def test_protection_that_cannot_be_said_blocks(tokens: str) -> None:
    read = reading(f"Action=Secure|{tokens}", store=SETS)
    assert [action.action for action in read.store.filter_actions] == [Action.BLOCK]


@pytest.mark.parametrize(
    ("assume", "rules", "undecided"),
    [
        ((), 1, True),
        (("profile-domain",), 1, False),
        (("profile-public",), 0, False),
        (("profile-domain", "profile-public"), 1, True),
    ],
)
def test_profiles_can_be_settled(assume: tuple[str, ...], rules: int, undecided: bool) -> None:
    read = reading("Action=Secure|Profile=Domain|Profile=Private", assume=assume)
    assert (len(read.store.policies[0].rules), bool(read.store.not_understood)) == (rules, undecided)


def test_that_computers_authenticate_can_be_enough() -> None:
    rule = "Action=Secure|Auth1Set={S}|Auth2Set={U}|Crypto2Set={Q}|Platform=2:6:1"
    read = reading(rule, assume=("computers-only", "platforms"), store=SETS)
    assert codes(read) == set()
    assert "CS040" in {d.code for d in read.diagnostics}
    assert codes(reading("Action=Secure|Auth2Set={gone}", assume=("computers-only",))) == {"CS004", "CS028"}


def test_versions_of_windows_can_be_settled() -> None:
    read = reading("Action=Secure|Platform=2:6:1|Auth1Set={S}|Crypto2Set={Q}", assume=("platforms",), store=SETS)
    assert codes(read) == set()


@pytest.mark.parametrize(
    ("tokens", "kind", "code"),
    [
        ("", ConnectionType.ALL, set()),
        ("IFType=Lan|IFType=Wireless|IFType=RemoteAccess", ConnectionType.ALL, set()),
        ("IFType=Lan|IFType=Wireless", ConnectionType.LAN, set()),
        ("IFType=RemoteAccess", ConnectionType.DIALUP, set()),
        ("IFType=Lan", ConnectionType.LAN, {"CS013"}),
        ("IFType=Lan|IFType=RemoteAccess", ConnectionType.ALL, {"CS013"}),
    ],
)
def test_interfaces(tokens: str, kind: ConnectionType, code: set[str]) -> None:
    read = reading(f"Action=Secure|{tokens}")
    assert (read.store.policies[0].rules[0].connection_type, codes(read)) == (kind, code)


def test_a_rule_that_is_not_active_stays_so_without_a_word() -> None:
    rule = parse_rule("v2.10|Action=DoNotSecure|Profile=Domain|X=1|", "r")
    read = convert(ConsecStore((rule,), sources=("x",)))
    assert not read.store.not_understood
    absent = parse_rule("v2.10|Action=Secure|", "r")
    assert [r.active for r in convert(ConsecStore((absent,))).store.policies[0].rules] == [False]


def test_a_tunnel_becomes_the_two_rules_of_a_windows_tunnel() -> None:
    read = reading("Action=Secure|Name=t|EP1_4=10.1.0.0/16|EP2_4=10.2.0.0/16|LTunnel4=192.0.2.1|RTunnel4=192.0.2.2")
    assert codes(read) == set()
    store, policy = read.store, read.store.policies[0]
    assert [(r.name, r.tunnel_endpoint) for r in policy.rules] == [
        ("t", AddressRange.parse("192.0.2.2")),
        ("t (inbound)", AddressRange.parse("192.0.2.1")),
    ]
    plan = plan_tunnels([(r, f) for r in policy.rules if (f := store.filter_list(r.filter_list))], flat(read).site)
    assert all(plan.of(rule) is not None for rule in policy.rules)


def flat(read: Reading) -> FlatPolicy:
    return flatten(read.store, read.store.policies[0])


def test_an_exemption_prevails_over_the_rule_around_it() -> None:
    read = reading("Action=Secure|Name=all", "Action=DoNotSecure|EP2_4=10.0.0.5|Name=server")
    assert codes(read) == set()
    first = flat(read).filters[0]
    assert (first.rule.name, isinstance(first.treatment, Permit)) == ("server", True)
    assert isinstance(flat(read).filters[-1].treatment, Protect)


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("Action=SecureServer", "Action=Secure|EP2_4=10.0.0.5"),
        ("Action=DoNotSecure|EP2_4=10.0.0.0/8", "Action=Secure|EP2_4=10.0.0.5"),
        ("Action=Boundary|EP2_4=10.0.0.0/8", "Action=Secure|EP1_4=10.0.0.5"),
        ("Action=Boundary", "Action=Secure|Protocol=6|EP2Port=80"),
    ],
)
def test_a_rule_inside_another_is_undecided_unless_settled(wide: str, narrow: str) -> None:
    assert codes(reading(wide, narrow)) == {"CS032"}
    assert codes(reading(narrow, wide)) == {"CS032"}
    assert codes(reading(wide, narrow, assume=("specific-first",))) == set()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Action=Secure", "Action=Secure|EP2_4=10.0.0.5"),
        ("Action=Secure|EP2_4=10.0.0.4", "Action=Boundary|EP2_4=10.0.0.5"),
    ],
)
def test_rules_apart_or_alike_are_decided(one: str, other: str) -> None:
    assert codes(reading(one, other)) == set()


def test_too_many_rules_to_compare_are_undecided() -> None:
    many = "|".join(f"EP2_4=10.0.{n // 250}.{n % 250}" for n in range(2001))
    assert codes(reading("Action=Boundary", f"Action=Secure|{many}")) == {"CS033"}


@pytest.mark.parametrize("rules", [1, 2])
def test_more_pairs_of_addresses_than_can_be_kept_are_undecided(rules: int) -> None:
    side = 400 // rules
    addresses = "|".join(f"EP{end}_4=10.{end}.{n >> 8}.{n & 255}" for end in (1, 2) for n in range(side))
    texts = [f"Action=Secure|{addresses}|EP1Port={n}|Protocol=6" for n in range(rules)]
    read = reading(*texts, f"Action=DoNotSecure|{addresses}", f"Action=Secure|{addresses}")
    kept = [len(each.filters) for each in read.store.filter_lists]
    assert kept == ([1, 1] if rules == 1 else [40_000, 40_000, 1])
    assert "CS038" in codes(read)
    assert read.store.filter_lists[-1].filters == (Filter(ANY, ANY),)
    assert read.store.filter_actions[-1].action is Action.NEGOTIATE


def test_names_stay_apart() -> None:
    read = reading("Action=Secure|Name=A", "Action=Secure|Name=a", "Action=Secure|Name=A r1", "Action=Secure|Name=A")
    names = [rule.name for rule in read.store.policies[0].rules]
    assert len({name.casefold() for name in names}) == 4


def test_main_mode_rules_are_undecided() -> None:
    rule = parse_main_mode_rule("v2.20|Active=TRUE|Name=mm|Auth1Set={A}|Crypto1Set={B}|", "m")
    read = convert(ConsecStore(main_mode_rules=(rule,), sources=("x",)))
    assert codes(read) == {"CS006"}


@given(st.lists(consec.rules(), max_size=4), st.lists(consec.authentication_sets(1), max_size=2))
@settings(max_examples=150, deadline=None)
def test_any_store_converts_and_flattens(rules: list[object], sets: list[AuthenticationSet]) -> None:
    store = ConsecStore(tuple(rules), authentication_sets=tuple(sets), sources=("x",))  # type: ignore[arg-type]
    read = convert(store)
    for policy in read.store.policies:
        flatten(read.store, policy)
        names = {name.name for name in read.store.filter_lists}
        assert {rule.filter_list for rule in policy.rules} <= names
    assert all("hunter2" not in repr(d) for d in read.diagnostics)


@pytest.mark.parametrize(
    ("exemptions", "said"), [(None, "neighbour discovery, DHCP"), (6, "ICMP, router discovery"), (0, "nothing")]
)
def test_exemptions_are_said_in_words(exemptions: int | None, said: str) -> None:
    read = reading("Action=Secure", store=ConsecStore(settings=GlobalSettings(exemptions)))
    security = read.store.policies[0].connection_security
    assert security is not None
    assert firewall_exemptions(security) == said
