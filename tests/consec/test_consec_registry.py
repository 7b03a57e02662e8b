"""Connection security rules in registry keys and in texts of registry strings."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipsecmig.consec.defaults import DEFAULT_AUTHENTICATION_1, DEFAULT_MAIN_MODE
from ipsecmig.diagnostics import Origin, Severity
from ipsecmig.dialects import registry as dialects
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.consec import registry
from ipsecmig.dialects.consec.entry import STRINGS
from ipsecmig.dialects.consec.strings import read_text
from ipsecmig.model.flatten import flatten
from ipsecmig.model.policy import PresharedKey, Secret, StoreKind
from ipsecmig.stored.registry import RegistryKey, RegistryValue, ValueType

GPO = r"HKEY_LOCAL_MACHINE\Software\Policies\Microsoft\WindowsFirewall"
LOCAL = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
RULE = "v2.10|Action=Secure|Active=TRUE|Name=all|Auth1Set={A}|"


def key(path: str, **values: str | int) -> RegistryKey:
    return RegistryKey(
        path,
        {
            name.lower(): RegistryValue(name, ValueType.SZ if isinstance(data, str) else ValueType.DWORD, data)
            for name, data in values.items()
        },
        Origin("f.reg", 1),
    )


def sets(base: str, id_: str = "{A}") -> tuple[RegistryKey, ...]:
    return (
        key(rf"{base}\Phase1AuthenticationSets\{id_}", Version="2.10", Name="set"),
        key(rf"{base}\Phase1AuthenticationSets\{id_}\0001", Method="MachineKerb"),
        key(rf"{base}\Phase1AuthenticationSets\{id_}\0000", Method="MachineSHKey", SHKey="hunter2hunter2"),
    )


def test_rules_and_sets_are_gathered_from_their_keys() -> None:
    read = registry.read_keys([key(rf"{LOCAL}\ConSecRules", **{"{1}": RULE}), *sets(LOCAL)])
    rule = read.store.policies[0].rules[0]
    assert rule.name == "all"
    assert rule.authentication[0] == PresharedKey(Secret("hunter2hunter2"))
    assert len(rule.authentication) == 2
    assert read.store.not_understood == ()
    assert "hunter2" not in repr(read)


def test_a_group_policy_object_names_the_set_in_place_of_the_default() -> None:
    keys = [
        key(rf"{GPO}\ConSecRules", r="v2.10|Action=Secure|Active=TRUE|Name=all|"),
        key(rf"{GPO}\Phase1AuthenticationSets", **{DEFAULT_AUTHENTICATION_1: "{a}"}),
        *sets(GPO),
    ]
    read = registry.read_keys(keys)
    assert isinstance(read.store.policies[0].rules[0].authentication[0], PresharedKey)
    assert read.store.policies[0].store.kind is StoreKind.DOMAIN


def test_two_stores_are_in_force_together() -> None:
    keys = [key(rf"{base}\ConSecRules", r=RULE) for base in (GPO, LOCAL)] + [*sets(GPO), *sets(LOCAL)]
    read = registry.read_keys(keys)
    assert len(read.store.policies) == 2
    assert {d.code for d in read.diagnostics if d.severity is Severity.WARNING} == {"CS034"}
    assert len(read.store.not_understood) == 2


MAIN_MODE = rf"Phase1CryptoSet\{DEFAULT_MAIN_MODE}"
OF_THE_HOST = (
    key(LOCAL, IPsecExempt=0),
    key(rf"{LOCAL}\{MAIN_MODE}", TimeOutMinutes="60"),
    key(rf"{LOCAL}\{MAIN_MODE}\0000", KeyExchange="DH2048", Encryption="AES-256", Hash="SHA1"),
)


@pytest.mark.parametrize(
    ("more", "exemptions", "minutes"),
    [
        ((), 0, 60),
        ((key(GPO, IPsecExempt=2),), 2, 60),
        ((key(rf"{GPO}\Phase1CryptoSet", **{DEFAULT_MAIN_MODE: "{m}"}), key(rf"{GPO}\Phase1CryptoSet\{{m}}")), 0, 480),
    ],
)
def test_what_group_policy_leaves_open_is_what_the_host_has(
    more: tuple[RegistryKey, ...], exemptions: int, minutes: int
) -> None:
    rule = key(rf"{GPO}\ConSecRules", r="v2.10|Action=Secure|Active=TRUE|Name=all|")
    read = registry.read_keys([rule, *OF_THE_HOST, *more])
    (policy,) = read.store.policies
    assert policy.connection_security is not None
    assert policy.connection_security.exemptions == exemptions
    assert policy.main_mode.lifetime_seconds == minutes * 60
    assert "CS039" in {d.code for d in read.diagnostics}
    assert read.store.not_understood == ()


def test_settings_without_rules_are_no_policy() -> None:
    read = registry.read_keys([*OF_THE_HOST, *sets(LOCAL)])
    assert (read.store.policies, read.store.not_understood, read.diagnostics) == ((), (), ())


@pytest.mark.parametrize(("value", "bits"), [("2", 2), (9, 9)])
def test_the_exemptions_of_the_store(value: str | int, bits: int) -> None:
    read = registry.read_keys([key(LOCAL, IPsecExempt=value, EnableFirewall=1), key(rf"{LOCAL}\ConSecRules", r=RULE)])
    security = read.store.policies[0].connection_security
    assert security is not None
    assert security.exemptions == bits


@pytest.mark.parametrize(
    "keys",
    [
        [key(LOCAL, IPsecTunnelRemoteMachineAuthorizationList="O:LSD:"), key(rf"{LOCAL}\ConSecRules", r=RULE)],
        [key(rf"{LOCAL}\ConSecRules", r="no rule")],
        [key(rf"{LOCAL}\ConSecRules", r=5)],
        [key(rf"{LOCAL}\Phase1AuthenticationSets\x\y", r="")],
    ],
)
def test_what_is_not_understood_is_said(keys: list[RegistryKey]) -> None:
    assert registry.read_keys([*keys, *sets(LOCAL)]).store.not_understood


def test_other_keys_are_none_of_its_business() -> None:
    read = registry.read_keys([key(r"HKEY_LOCAL_MACHINE\SOFTWARE\x\ConSecRules", r=RULE)])
    assert (read.store.policies, read.store.not_understood) == ((), ())


@pytest.mark.parametrize("part", [b"v2.1|", b"v2.1|x=1|", b"v2.1|" + b"x" * 600])
def test_a_line_of_endless_versions_is_looked_through_once(part: bytes) -> None:
    assert STRINGS.detect(Source("rules.txt", part * ((1 << 20) // len(part)))) == 0


def read_strings(text: str) -> Reading:
    return dialects.read(Source("rules.txt", text.encode()), ReadOptions())


def test_a_text_of_strings_is_detected_and_read() -> None:
    text = (
        "# rules\n{1}=v2.10|Action=Secure|Active=TRUE|Name=all|\n\n"
        "v2.10|Action=DoNotSecure|Active=TRUE|EP2_4=10.0.0.1|\n"
    )
    assert dialects.detect(Source("rules.txt", text.encode())) is STRINGS
    read = read_strings(text)
    assert [(r.name, r.origin.line) for r in read.store.policies[0].rules] == [("all", 2), ("line 4", 4)]
    assert read.store.not_understood == ()


@pytest.mark.parametrize(
    ("line", "understood"),
    [
        ("v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=80|", True),
        ("v2.10|Action=ByPass|Active=TRUE|Dir=In|", False),
        ("v2.10|Action=Allow|Active=TRUE|Dir=In|Security=Authenticate|", False),
        ("v2.10|Action=Allow|Active=TRUE|Dir=In|Security2_9=An-NoEncap|", False),
        ("v2.10|Action=Allow|Active=FALSE|Dir=In|Security=Authenticate|", True),
        ("v2.10|Action=Allow|Active=TRUE|Dir=In|Security=|", True),
        ("v2.10|Active=TRUE|Auth1Set={A}|Crypto1Set={B}|", False),
        ("what is this", False),
        ("v2.10|Novel", True),
        ("v2.10|Action=Secure|Active=yes|", False),
    ],
)
def test_other_lines(line: str, understood: bool) -> None:
    read = read_strings(f"v2.10|Action=Secure|Active=TRUE|Name=all|\n{line}\n")
    assert (read.store.not_understood == ()) == understood


@given(st.text(st.sampled_from('v2.10|Action=SecureEP1_4:\n{}"\t\0é'), max_size=120), st.integers(0, 200))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read(text: str, cut: int) -> None:
    whole = f'"{{1}}"="v2.10|Action=Secure|Active=TRUE|Name=a|EP2_4=10.0.0.0/8|"\n{text}'
    store = read_text(whole[cut:], "x")
    lines = [line for line in whole[cut:].split("\n") if line.strip() and line.strip()[0] not in "#;'/"]
    assert len(store.rules) + len(store.main_mode_rules) + len(store.refused) <= len(lines)


FORMS = {
    "rules.reg": (
        "Windows Registry Editor Version 5.00\n\n"
        f"[{LOCAL}\\ConSecRules]\n"
        '"{1}"="v2.10|Action=SecureServer|Active=TRUE|Name=A|EP2_4=10.0.0.0/255.0.0.0|Protocol=6|EP2Port=1433|'
        'Auth1Set={A}|Crypto2Set={Q}|"\n'
        '"{2}"="v2.10|Action=DoNotSecure|Active=TRUE|Name=B|EP2_4=10.0.0.5|Protocol=6|EP2Port=1433|"\n\n'
        f"[{LOCAL}\\Phase1AuthenticationSets\\{{A}}]\n\n"
        f"[{LOCAL}\\Phase1AuthenticationSets\\{{A}}\\0000]\n"
        '"Method"="MachineCert"\n"CAName"="CN=Root"\n\n'
        f"[{LOCAL}\\Phase2CryptoSets\\{{Q}}]\n"
        '"PFS"="ReKeyDH2048"\n\n'
        f"[{LOCAL}\\Phase2CryptoSets\\{{Q}}\\0000]\n"
        '"Protocol"="ESP"\n"EspHash"="SHA1"\n"2_1EspHash"="SHA256"\n"Encryption"="AES-256"\n'
        '"TimeOutMinutes"="60"\n"TimeOutKbytes"="100000"\n'
    ),
    "rules.bat": (
        "netsh advfirewall consec add rule name=A endpoint1=any endpoint2=10.0.0.0/8 protocol=tcp port2=1433 "
        "action=requireinrequestout auth1=computercert auth1ca=CN=Root qmpfs=dhgroup14 "
        "qmsecmethods=esp:sha256-aes256+60min+100000kb\n"
        "netsh advfirewall consec add rule name=B endpoint1=any endpoint2=10.0.0.5 protocol=tcp port2=1433 "
        "action=noauthentication\n"
    ),
}


def test_a_registry_export_and_a_script_of_one_policy_say_the_same() -> None:
    flats = []
    for name, text in FORMS.items():
        read = dialects.read(Source(name, text.encode()), ReadOptions())
        assert read.store.not_understood == ()
        flats.append(flatten(read.store, read.store.policies[0]))
    one, other = flats
    assert list(one.layers()) == list(other.layers())
    assert len(one.filters) > 2


_PATHS = st.sampled_from(
    [
        LOCAL,
        rf"{LOCAL}\ConSecRules",
        rf"{GPO}\MainModeRules",
        rf"{LOCAL}\Phase1AuthenticationSets",
        rf"{LOCAL}\Phase1AuthenticationSets\{{A}}\0000",
        rf"{LOCAL}\Phase1CryptoSet\{{B}}\0000",
        rf"{GPO}\Phase2CryptoSets\{{Q}}",
        rf"{LOCAL}\Phase2CryptoSets\{{Q}}\0000",
        rf"{LOCAL}\Phase2CryptoSets\{{Q}}\0000\deep",
    ]
)
_NAMES = st.sampled_from(
    ["", "r", "Method", "SHKey", "Protocol", "EspHash", "2_1EspHash", "IPsecExempt", "PFS", "Hash"]
)
_DATA = st.sampled_from([RULE, "ESP", "MachineSHKey", "hunter2hunter2", "", "99999999999", 7, b"\0", ("a", "b")])


@given(st.lists(st.tuples(_PATHS, st.lists(st.tuples(_NAMES, _DATA), max_size=3)), max_size=6))
@settings(max_examples=150, deadline=None)
def test_any_keys_are_read(found: list[tuple[str, list[tuple[str, str | int | bytes | tuple[str, ...]]]]]) -> None:
    keys = [
        RegistryKey(path, {name.lower(): RegistryValue(name, 1, data, Origin("f.reg", 1)) for name, data in values})
        for path, values in found
    ]
    read = registry.read_keys(keys, sources=("f.reg",))
    for policy in read.store.policies:
        flatten(read.store, policy)
