"""Exports of the NetSecurity cmdlets: what becomes a policy, and that whatever is missing or unknown is named."""

from __future__ import annotations

import contextlib

import clixml_files as files
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipsecmig.dialects import registry
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.clixml.values import unescape
from ipsecmig.errors import InputError
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.policy import (
    Action,
    AhTransform,
    Certificate,
    EspTransform,
    Kerberos,
    MainModeOffer,
    PresharedKey,
    QuickModeOffer,
)
from ipsecmig.model.selectors import ANY, AddressRange


def read_text(text: str, encoding: str = "utf-16") -> Reading:
    return registry.read(Source("r.xml", text.encode(encoding)), ReadOptions())


def read(*values: object) -> Reading:
    return read_text(files.export(*values))


def codes(reading: Reading, prefix: str = "CX") -> list[str]:
    return [one.code for one in reading.diagnostics if one.code.startswith(prefix)]


@pytest.mark.parametrize("as_list", [False, True])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-8", "utf-8-sig"])
def test_an_export_becomes_a_policy(as_list: bool, encoding: str) -> None:
    values = files.everything()
    reading = read_text(files.export(tuple(values)) if as_list else files.export(*values), encoding)
    store = reading.store
    (policy,) = store.policies
    (rule,) = policy.rules
    (action,) = store.filter_actions
    (only,) = store.filter_lists[0].filters
    assert (rule.name, rule.active) == ("web", True)
    assert rule.authentication == (Kerberos(), Certificate("CN=ca"))
    assert (only.source, only.destination) == (ANY, AddressRange.parse("10.0.0.0/8"))
    assert action.offers == (QuickModeOffer((EspTransform(Encryption.AES128, Integrity.SHA1),), 3600, 100000),)
    assert policy.main_mode.offers == (MainModeOffer(Encryption.AES256, Integrity.SHA1, DhGroup.MODP2048),)
    assert policy.main_mode.lifetime_seconds == 3600
    assert codes(reading) == ["CX001"]
    assert store.not_understood == ()


@pytest.mark.parametrize(
    ("sides", "action", "soft", "inpass"),
    [
        (("Require", "Require"), Action.NEGOTIATE, False, False),
        (("Require", "Request"), Action.NEGOTIATE, True, False),
        (("Request", "Request"), Action.NEGOTIATE, True, True),
        (("None", "None"), Action.PERMIT, False, False),
        ((2, 1), Action.NEGOTIATE, True, False),
        ((0, 0), Action.PERMIT, False, False),
    ],
)
def test_security_is_named_or_numbered(sides: tuple[object, object], action: Action, soft: bool, inpass: bool) -> None:
    values = [files.Named(one, 9) if isinstance(one, str) else one for one in sides]
    (made,) = read(*files.everything(InboundSecurity=values[0], OutboundSecurity=values[1])).store.filter_actions
    assert (made.action, made.soft, made.inbound_passthrough) == (action, soft, inpass)


def test_addresses_and_ports_are_alternatives() -> None:
    values = [files.rule(), files.addresses(("10.1.0.1", "2001:db8::1"), ("10.2.0.0/255.255.0.0", "2001:db8::2"))]
    values += [
        files.ports("TCP", ("80", "443"), "1000-2000"),
        *files.interfaces(),
        files.authentication(),
        files.quick_mode(),
    ]
    filters = read(*values).store.filter_lists[0].filters
    said = {
        (one.source.text(), one.destination.text(), one.protocol, one.source_port.text(), one.destination_port.text())
        for one in filters
        if isinstance(one.source, AddressRange) and isinstance(one.destination, AddressRange)
    }
    assert said == {
        (near, far, 6, port, "1000-2000")
        for near, far in (("10.1.0.1", "10.2.0.0/16"), ("2001:db8::1", "2001:db8::2"))
        for port in ("80", "443")
    }


def test_a_tunnel_has_its_ends() -> None:
    values = files.everything(
        Mode=files.Named("Tunnel", 1), LocalTunnelEndpoint="198.51.100.1", RemoteTunnelEndpoint=("203.0.113.9",)
    )
    values[1] = files.addresses("10.1.0.0/16", "10.2.0.0/16")
    ends = [rule.tunnel_endpoint for rule in read(*values).store.policies[0].rules]
    assert ends == [AddressRange.parse("203.0.113.9"), AddressRange.parse("198.51.100.1")]


@pytest.mark.parametrize(
    ("encapsulation", "ah", "expected"),
    [
        ("AH", "SHA1", (AhTransform(Integrity.SHA1),)),
        ("ESP, AH", "MD5", (AhTransform(Integrity.MD5), EspTransform(Encryption.AES128, Integrity.SHA1))),
        ("AH, ESP", "SHA256", (AhTransform(Integrity.SHA256), EspTransform(Encryption.AES128, Integrity.SHA1))),
    ],
)
def test_encapsulations_add_up(encapsulation: str, ah: str, expected: tuple[object, ...]) -> None:
    changed = {"Encapsulation": files.Named(encapsulation, 3), "AHHash": files.Named(ah, 2)}
    proposal = files.Cim("MSFT_NetIKEQMCryptoProposal", {**files.ESP.properties, **changed})
    values = [one for one in files.everything() if one.kind != "MSFT_NetIKEQMCryptoSet"]
    (action,) = read(*values, files.quick_mode(proposal)).store.filter_actions
    assert action.offers[0].transforms == expected


def test_a_preshared_key_is_kept_secret() -> None:
    values = [one for one in files.everything(NewPreSharedKey="hunter2") if one.kind != "MSFT_NetIKEP1AuthSet"]
    reading = read(*values, files.authentication(files.KEY))
    (method,) = reading.store.policies[0].rules[0].authentication
    assert isinstance(method, PresharedKey)
    assert method.secret is not None
    assert method.secret.reveal() == "hunter2"
    assert "hunter2" not in repr(reading)


@pytest.mark.parametrize("left_out", [1, 2, 3, 4])
def test_a_rule_without_its_filters_is_undecided(left_out: int) -> None:
    values = files.everything()
    del values[left_out]
    reading = read(*values)
    assert "CX002" in codes(reading)
    assert reading.store.not_understood


def test_filters_of_two_stores_are_not_mixed_up() -> None:
    once, differing = files.addresses(), files.addresses(remote="10.9.9.9")
    assert codes(read(*files.everything(), once)) == ["CX001"]
    reading = read(*files.everything(), differing)
    assert "CX002" in codes(reading)
    assert reading.store.not_understood


@pytest.mark.parametrize(
    "changed",
    [
        {"Enabled": None},
        {"Enabled": files.Named("Perhaps", 3)},
        {"NewProperty": "x"},
        {"InboundSecurity": 7},
        {"Mode": 3},
        {"Mode": files.Named("Tunnel", 1)},
        {"Profile": files.Named("Strange", 64), "Profiles": 64},
        {"KeyModule": 99},
        {"KeyModule": files.Named("IKEv2", 3)},
        {"RequireAuthorization": True},
        {"Machine": "O:LSD:(A;;CC;;;S-1-5-21)"},
        {"EncryptedTunnelBypass": True},
        {"RemoteTunnelHostname": "gw.example.test"},
        {"QuickModeCryptoSet": "{99999999-0000-0000-0000-000000000000}"},
    ],
)
def test_what_cannot_be_said_is_undecided(changed: dict[str, object]) -> None:
    assert read(*files.everything(**changed)).store.not_understood


@pytest.mark.parametrize(
    ("profile", "condition"),
    [({"Profiles": 3}, "domain or private"), ({"Profile": files.Named("Domain, Private", 3)}, "domain or private")],
)
def test_profiles_are_bits_or_names(profile: dict[str, object], condition: str) -> None:
    given = {key: value for key, value in files.rule().properties.items() if key not in {"Profile", "Profiles"}}
    rule = files.Cim("MSFT_NetConSecRule", {**given, **profile})
    kept = read(rule, *files.everything()[1:]).store.not_understood
    assert [condition in one.reason for one in kept] == [True]


def test_proposals_that_the_depth_cut_off_are_named() -> None:
    values = [one for one in files.everything() if one.kind != "MSFT_NetIKEP1AuthSet"]
    reading = read(*values, files.authentication("MSFT_NetIKEKerbAuthProposal", "MSFT_NetIKECertAuthProposal"))
    assert "CX005" in codes(reading)
    assert reading.store.not_understood


def test_references_are_followed_and_cycles_end() -> None:
    text = files.export(*files.everything())
    first = text.replace(
        '<S N="Phase1AuthSet">', '<Ref N="Self" RefId="1" /><Ref N="Phase2AuthSet" RefId="1" /><S N="Phase1AuthSet">', 1
    )
    assert read_text(first).store.not_understood
    dangling = read_text(
        text.replace(f'<S N="Phase1AuthSet">{files.AUTH}</S>', '<Ref N="Phase1AuthSet" RefId="999" />')
    )
    assert "CX004" in codes(dangling)
    assert dangling.store.not_understood


@pytest.mark.parametrize("lost", ['<Ref N="RemoteAddress" RefId="999" />', '{}<LST><Ref RefId="999" /></LST></Obj>'])
def test_an_exemption_whose_addresses_are_lost_exempts_nothing(lost: str) -> None:
    none = files.Named("None", 0)
    text = files.export(*files.everything(InboundSecurity=none, OutboundSecurity=none))
    lost = lost.format('<Obj N="RemoteAddress" RefId="77">')
    reading = read_text(text.replace('<S N="RemoteAddress">10.0.0.0/8</S>', lost))
    assert reading.store.not_understood
    assert reading.store.filter_lists == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a_x000A_b", "a\nb"),
        ("_xD83D__xDE00_", "\U0001f600"),
        ("_x005F_x000A_", "_x000A_"),
        ("_xZZZZ_", "_xZZZZ_"),
        ("_xD83D_", "\ufffd"),
    ],
)
def test_escapes(text: str, expected: str) -> None:
    assert unescape(text) == expected


def test_an_export_of_other_things_is_an_error() -> None:
    assert codes(read("text", 5, None)) == ["CX003"]
    assert "CX006" in codes(read(files.Cim("MSFT_NetFirewallRule", {"InstanceID": "a"}), *files.everything()))


def test_a_main_mode_rule_needs_its_addresses() -> None:
    rule = files.Cim(
        "MSFT_NetMainModeRule",
        {"InstanceID": "{m}", "Enabled": files.Named("True", 1), "MainModeCryptoSet": files.MAIN},
    )
    assert "CX007" in codes(read(rule, *files.everything()))
    assert "CX007" not in codes(read(rule, files.addresses(key="{m}"), *files.everything()))


WHOLE = files.export(*files.everything())


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_exports_are_read_or_refused(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(WHOLE) - 1))
    words = [
        "",
        "<",
        "&amp;",
        "RefId",
        "true",
        '<Ref RefId="1"/>',
        "</Obj>",
        "<Nil/>",
        "9" * 30,
        *WHOLE.split("\n")[::9],
    ]
    text = WHOLE[:start] + data.draw(st.sampled_from(words)) + WHOLE[start + data.draw(st.integers(0, 40)) :]
    with contextlib.suppress(InputError):
        whole = data.draw(st.booleans())
        registry.read(Source("r.xml", (text if whole else WHOLE[:start]).encode()), ReadOptions(), "clixml")


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_removed_elements_never_crash_a_reader(data: st.DataObject) -> None:
    from lxml import etree

    root = etree.fromstring(WHOLE.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        inner = [one for one in root.iter() if one.getparent() is not None]
        gone = inner[data.draw(st.integers(0, len(inner) - 1))]
        parent = gone.getparent()
        assert parent is not None
        parent.remove(gone)
    registry.read(Source("r.xml", etree.tostring(root)), ReadOptions())
