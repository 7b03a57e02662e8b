"""Connection security rules and sets between their registry form and the model."""

from __future__ import annotations

from enum import Enum
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import consec

from ipsecmig.consec import rules, sets, tokens, vocabulary
from ipsecmig.consec.objects import (
    ConnectionSecurityRule,
    Flag,
    KeywordAddress,
    MainModeRule,
    MainModeSuite,
    QuickModeSuite,
    Token,
    Version,
)
from ipsecmig.consec.vocabulary import (
    AddressKeyword,
    Cipher,
    Encapsulation,
    Hash,
    InterfaceType,
    KeyExchange,
    KeyModule,
    Method,
    Pfs,
    Profile,
    RuleAction,
    Words,
)
from ipsecmig.model.selectors import AddressRange, Family, PortRange

DOMAIN_ISOLATION = (
    "v2.10|Action=SecureServer|Active=TRUE|Name=Domain Isolation Rule|Desc=AuthIP policy|"
    "Auth1Set={212D4E36-DB6E-4EF6-9065-1C5C6A8DDF5A}|Auth2Set={967F0367-F879-42EC-938B-C89FE8289B26}|"
    "Crypto2Set={E9A1EE9D-4F1D-4D5C-8A7C-9B6C0A1B2C3D}|"
)
PORTS = "v2.10|Action=DoNotSecure|Protocol=6|Active=TRUE|EP1Port=5357|EP1Port=5358|EP2_4=157.56.56.23|Name=WSD|"


def test_the_sample_of_domain_isolation() -> None:
    rule = rules.parse_rule(DOMAIN_ISOLATION, "{1}")
    assert rule.action is RuleAction.REQUIRE_IN_REQUEST_OUT
    assert (rule.active, rule.name, rule.description) == (True, "Domain Isolation Rule", "AuthIP policy")
    assert rule.auth2_set == "{967F0367-F879-42EC-938B-C89FE8289B26}"
    assert rule.version == Version(2, 10)
    assert rule.unread == ()


def test_the_sample_with_ports() -> None:
    rule = rules.parse_rule(PORTS, "auth")
    assert rule.action is RuleAction.NO_AUTHENTICATION
    assert rule.protocol == 6
    assert rule.ports1 == (PortRange(5357, 5357), PortRange(5358, 5358))
    assert rule.scope.endpoint2 == (AddressRange.parse("157.56.56.23"),)


def test_the_sample_of_a_recent_server() -> None:
    text = "v2.33|Action=SecureServer|Name=Auth|Desc=|Active=TRUE|Auth1Set={E5A5D32A-4BCE-4e4d-B07F-4AB1BA7E5FE3}|"
    rule = rules.parse_rule(text, "auth")
    assert (rule.version, rule.description, rule.unread) == (Version(2, 33), "", ())


@pytest.mark.parametrize(
    ("token", "field", "value"),
    [
        ("Profile=Domain|Profile=public", "scope.profiles", (Profile.DOMAIN, Profile.PUBLIC)),
        ("EP1_4=10.0.0.0/255.0.0.0", "scope.endpoint1", (AddressRange.parse("10.0.0.0/8"),)),
        ("EP1_4=10.0.0.0/8", "scope.endpoint1", (AddressRange.parse("10.0.0.0/8"),)),
        ("EP2_4=10.0.0.1-10.0.0.9", "scope.endpoint2", (AddressRange.parse("10.0.0.1-10.0.0.9"),)),
        ("EP2_6=2001:db8::/32", "scope.endpoint2", (AddressRange.parse("2001:db8::/32"),)),
        ("EP2_6=LocalSubnet", "scope.endpoint2", (KeywordAddress(AddressKeyword.LOCAL_SUBNET, Family.IPV6),)),
        ("EP2_4=DefaultGateway", "scope.endpoint2", (KeywordAddress(AddressKeyword.DEFAULT_GATEWAY, Family.IPV4),)),
        ("EP1Port2_10=1024-65535|EP1Port=80", "ports1", (PortRange(1024, 65535), PortRange(80, 80))),
        ("IFType=Lan|IFType=RemoteAccess", "interface_types", (InterfaceType.LAN, InterfaceType.REMOTE_ACCESS)),
        ("KeyMod=IkeV2", "key_modules", (KeyModule.IKEV2,)),
        ("Authz=TRUE|ByPassTunnel=FALSE", "flags", frozenset({Flag.APPLY_AUTHORIZATION})),
        ("LTunnel4=192.0.2.1", "tunnel.local", (AddressRange.parse("192.0.2.1"),)),
        ("RTunnel6=2001:db8::1", "tunnel.remote", (AddressRange.parse("2001:db8::1"),)),
        ("RTunnelFqdn=gw.example.com", "tunnel.dynamic", (Token("RTunnelFqdn", "gw.example.com"),)),
        ("Platform=2:6:1|Platform2=GTEQ", "scope.platforms", ("2:6:1",)),
        ("Desc=a=b", "description", "a=b"),
        ("active=true", "active", True),
        ("SecureInClearOut=TRUE", "action", RuleAction.REQUIRE_IN_CLEAR_OUT),
        ("SecureInClearOut=FALSE", "action", RuleAction.REQUIRE_BOTH),
    ],
)
def test_a_token_says_one_thing(token: str, field: str, value: object) -> None:
    found: object = rules.parse_rule(f"v2.20|Action=Secure|{token}|", "r")
    assert getattr(found, "unread", None) == ()
    for name in field.split("."):
        found = getattr(found, name)
    assert found == value


@pytest.mark.parametrize(
    "token",
    [
        "Novel=1",
        "Protocol=999",
        "Protocol=TCP",
        "Protocol=",
        "EP1_4=10.0.0.0/255.0.255.0",
        "EP1_4=10.0.0.0/0.0.0.255",
        "EP1_4=2001:db8::1",
        "EP1_6=fe80::1%2",
        "EP1_4=10.0.0.9-10.0.0.1",
        "EP1_4=Internet",
        "EP1Port=65536",
        "EP1Port=1-2",
        "EP1Port2_10=9-1",
        "EP1Port=+5",
        "IFType=Dialup",
        "Profile=Home",
        "Active=yes",
        "KeyMod=IkeV3",
        "Nothing",
    ],
)
def test_what_means_nothing_is_kept(token: str) -> None:
    name, _, value = token.partition("=")
    assert rules.parse_rule(f"v2.20|Action=Secure|{token}|", "r").unread == (Token(name, value),)


def test_a_second_value_where_one_is_allowed_is_kept() -> None:
    rule = rules.parse_rule("v2.20|Action=Secure|Protocol=6|Protocol=17|", "r")
    assert (rule.protocol, rule.unread) == (6, (Token("Protocol", "17"),))


def test_clear_out_means_nothing_beside_another_action() -> None:
    rule = rules.parse_rule("v2.20|Action=Boundary|SecureInClearOut=TRUE|", "r")
    assert rule.unread == (Token("SecureInClearOut", "TRUE"),)


@pytest.mark.parametrize("text", ["", "Action=Secure|", "2|Action=Secure|", "v2|", "v2.1.2|"])
def test_what_begins_with_no_version_is_no_rule(text: str) -> None:
    with pytest.raises(ValueError):
        rules.parse_rule(text, "r")


@given(consec.rules())
@settings(max_examples=200, deadline=None)
def test_a_rule_survives_its_registry_string(rule: ConnectionSecurityRule) -> None:
    assert rules.parse_rule(rules.format_rule(rule), "id") == rule


@given(consec.scopes(), consec.TEXTS, st.booleans())
@settings(max_examples=50, deadline=None)
def test_a_main_mode_rule_survives_its_registry_string(scope: object, name: str, active: bool) -> None:
    rule = MainModeRule("id", name, active, scope, "{1}", "{2}", version=Version(2, 10))  # type: ignore[arg-type]
    text = tokens.join(rule.version, rules.main_mode_rule_tokens(rule))
    assert rules.parse_main_mode_rule(text, "id") == rule


@given(st.text(st.sampled_from("v2.|=ActionEP1_4Port/-:*0\n"), max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        rule = rules.parse_rule(f"v2.10|{text}", "r")
    except ValueError:
        return
    _, written = tokens.split(f"v2.10|{text}")
    assert len(rule.unread) <= len(written)


@pytest.mark.parametrize("phase", [1, 2])
@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_authentication_survives(phase: int, data: st.DataObject) -> None:
    suite = data.draw(consec.authentication_suites(phase))
    read = sets.authentication_set("a", phase, (), [("0000", sets.authentication_suite_tokens(suite))])
    assert (read.suites, read.unread) == ((suite,), ())


@given(consec.main_mode_suites())
@settings(max_examples=100, deadline=None)
def test_main_mode_survives(suite: MainModeSuite) -> None:
    read = sets.main_mode_set("a", (), [("0000", sets.main_mode_suite_tokens(suite))])
    assert (read.suites, read.unread) == ((suite,), ())


@given(consec.quick_mode_suites())
@settings(max_examples=100, deadline=None)
def test_quick_mode_survives(suite: QuickModeSuite) -> None:
    read = sets.quick_mode_set("a", (), [("0000", sets.quick_mode_suite_tokens(suite))])
    assert (read.suites, read.unread) == ((suite,), ())


def test_a_value_of_a_later_version_counts() -> None:
    read = sets.quick_mode_set(
        "a",
        [Token("PFS", "ReKeyDH2048"), Token("2_16PFS", "ReKeyDH24")],
        [
            (
                "0000",
                [
                    Token("Protocol", "ESP"),
                    Token("EspHash", "SHA1"),
                    Token("2_1EspHash", "AES-GCM256"),
                    Token("2_1Encryption", "AES-GCM256"),
                    Token("Encryption", "AES-256"),
                ],
            )
        ],
    )
    assert read.pfs is Pfs.DH24
    assert read.suites == (QuickModeSuite(Encapsulation.ESP, Cipher.AES_GCM256, esp_hash=Hash.AES_GCM256),)
    assert read.unread == ()


def test_main_mode_has_the_documented_defaults() -> None:
    read = sets.main_mode_set("a", [Token("TimeOutSessions", "3"), Token("DoNotSkipDH", "TRUE")], ())
    assert (read.lifetime_minutes, read.lifetime_sessions, read.force_dh) == (480, 3, True)


def test_suites_that_mean_nothing_are_kept() -> None:
    first = sets.authentication_set("a", 1, (), [("0000", [Token("Method", "UserKerb")])])
    assert (first.suites, first.unread) == ((), (Token("0000", "Method=UserKerb"),))
    phase1 = sets.main_mode_set("a", (), [("0000", [Token("KeyExchange", "DH2"), Token("Hash", "SHA3")])])
    assert phase1.unread == (Token("0000", "Hash=SHA3"),)
    phase2 = sets.quick_mode_set("a", (), [("0000", [Token("Protocol", "IPCOMP")])])
    assert phase2.unread == (Token("0000", "Protocol=IPCOMP"),)


def test_methods_compare_without_case() -> None:
    read = sets.authentication_set("a", 2, (), [("0000", [Token("Method", "UserNTLM")])])
    assert [suite.method for suite in read.suites] == [Method.USER_NTLM]


@pytest.mark.parametrize("name", ["SHKey", "shkey ", "OtherSHKey", "PSK"])
@pytest.mark.parametrize("method", ["MachineSHKey", "Unknown"])
def test_a_preshared_key_never_shows(name: str, method: str) -> None:
    suite = [Token("Method", method), Token(name, "hunter2hunter2"), Token("SHKey", "hunter2hunter2")]
    read = sets.authentication_set("a", 1, [Token(name, "hunter2hunter2")], [("0000", suite)])
    rule = rules.rule_from_tokens(suite, "r")
    assert "hunter2" not in repr(read)
    assert "hunter2" not in repr(rule)


def test_global_settings() -> None:
    read = sets.global_settings([Token("IPsecExempt", "9"), Token("IPsecThroughNAT", "2"), Token("X", "1")])
    assert (read.exemptions, read.through_nat, read.strong_crl_check) == (9, 2, None)
    assert read.unread == (Token("X", "1"),)


_TABLES = {name: value for name, value in vars(vocabulary).items() if isinstance(value, Words)}


@pytest.mark.parametrize("name", sorted(_TABLES))
def test_every_word_leads_back_to_its_member(name: str) -> None:
    table: Words[Enum] = _TABLES[name]
    for member, row in table.by_member.items():
        forms = (
            (row.token, table.by_token),
            (row.netsh, table.by_netsh),
            (row.powershell, table.by_powershell),
        )
        for spelt, members in forms:
            twin = table is vocabulary.ACTIONS and spelt == "Secure"
            assert spelt is None or twin or members[spelt.lower()] is member


def test_every_member_has_its_row() -> None:
    rows = list(chain.from_iterable(table.by_member for table in _TABLES.values()))
    for kind in (RuleAction, Profile, InterfaceType, AddressKeyword, KeyModule, Method, KeyExchange, Cipher, Hash, Pfs):
        assert set(kind) <= set(rows)
