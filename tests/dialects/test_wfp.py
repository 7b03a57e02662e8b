"""State of the filtering platform: what becomes a policy, and that everything else is named."""

from __future__ import annotations

import contextlib
import tracemalloc

import pytest
import wfp_files as files
from hypothesis import given, settings
from hypothesis import strategies as st

from ipsecmig.diagnostics import Severity
from ipsecmig.dialects import registry
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.errors import InputError
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.policy import (
    AhTransform,
    Certificate,
    EspTransform,
    Kerberos,
    MainModeOffer,
    PresharedKey,
    QuickModeOffer,
)
from ipsecmig.model.selectors import ANY_PORT, ME, AddressRange, Family, PortRange


def read(text: str, name: str | None = None) -> Reading:
    return registry.read(Source("s.xml", text.encode()), ReadOptions(), name)


def codes(reading: Reading) -> list[str]:
    return [one.code for one in reading.diagnostics]


ONE = files.state(
    files.main_mode() + files.quick_mode(),
    files.filter_("IKEEXT_V4", key=files.MAIN)
    + files.filter_("IPSEC_V4", files.v4("IP_REMOTE_ADDRESS", "10.0.0.0", "255.0.0.0"), files.QUICK)
    + files.filter_("INBOUND_TRANSPORT_V4", action=files.CALLOUT)
    + files.filter_("ALE_AUTH_CONNECT_V4"),
    files.FIREWALL,
)


def test_a_state_with_two_roots_becomes_a_policy() -> None:
    reading = read(ONE)
    (policy,) = reading.store.policies
    (rule,) = policy.rules
    (action,) = reading.store.filter_actions
    (filters,) = reading.store.filter_lists
    (only,) = filters.filters
    assert policy.assigned
    assert policy.main_mode.offers == (MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024),)
    assert policy.main_mode.lifetime_seconds == 28800
    assert (rule.filter_list, rule.filter_action, rule.authentication) == ("quick", "quick", (Kerberos(),))
    assert action.offers == (QuickModeOffer((EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1),), 3600, 100000),)
    assert (only.source, only.destination, only.mirrored) == (ME, AddressRange.parse("10.0.0.0/8"), True)
    assert codes(reading) == ["WP001", "WP005", "WP007"]
    assert ONE.split("\n")[only.origin.line - 1].endswith("<item>")


def test_everything_from_it_is_undecided() -> None:
    (kept,) = read(ONE).store.not_understood
    assert "1 filter(s) with callouts" in kept.reason


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (files.v4("IP_REMOTE_ADDRESS", "10.1.0.0", "255.255.0.0"), ("10.1.0.0/16", 0, "any", "any")),
        (files.v4("IP_REMOTE_ADDRESS", "167837696", "4294901760"), ("10.1.0.0/16", 0, "any", "any")),
        (files.bounds("IP_REMOTE_ADDRESS", "10.0.0.1", "10.0.0.9"), ("10.0.0.1-10.0.0.9", 0, "any", "any")),
        (files.number("IP_REMOTE_ADDRESS", 167772161, 32), ("10.0.0.1", 0, "any", "any")),
        (
            files.number("IP_PROTOCOL", 6, 8) + files.number("IP_REMOTE_PORT", 445),
            ("0.0.0.0/0", 6, "any", "445"),
        ),
        (
            files.number("IP_PROTOCOL", 17, 8) + files.bounds("IP_LOCAL_PORT", "1000", "2000", "uint16"),
            ("0.0.0.0/0", 17, "1000-2000", "any"),
        ),
    ],
)
def test_conditions_select(conditions: str, expected: tuple[str, int, str, str]) -> None:
    reading = read(
        files.state(files.main_mode() + files.quick_mode(), files.filter_("IPSEC_V4", conditions, files.QUICK))
    )
    (only,) = reading.store.filter_lists[0].filters
    remote, protocol, local_port, remote_port = expected
    assert only.destination == AddressRange.parse(remote)
    assert (only.protocol, only.source_port.text(), only.destination_port.text()) == (protocol, local_port, remote_port)


def test_ipv6_addresses_stand_as_text_or_as_digits() -> None:
    hosts = "".join(
        files.condition("IP_REMOTE_ADDRESS", f"<type>FWP_BYTE_ARRAY16_TYPE</type><byteArray16>{text}</byteArray16>")
        for text in ("2001:db8::1", "20010db8000000000000000000000002")
    )
    network = (
        "<type>FWP_V6_ADDR_MASK</type><v6AddrMask><addr>2001:db8:1::</addr><prefixLength>48</prefixLength></v6AddrMask>"
    )
    local = files.condition("IP_LOCAL_ADDRESS", network)
    reading = read(
        files.state(files.main_mode() + files.quick_mode(), files.filter_("IPSEC_V6", hosts + local, files.QUICK))
    )
    filters = reading.store.filter_lists[0].filters
    assert [one.destination for one in filters] == [AddressRange.parse(f"2001:db8::{n}") for n in (1, 2)]
    assert {one.source for one in filters} == {AddressRange.parse("2001:db8:1::/48")}


def test_alternatives_multiply() -> None:
    hosts = "".join(files.number("IP_REMOTE_ADDRESS", n, 32) for n in (1, 2, 3))
    ports = "".join(files.number("IP_REMOTE_PORT", n) for n in (80, 443))
    text = files.filter_("IPSEC_V4", files.number("IP_PROTOCOL", 6, 8) + hosts + ports, files.QUICK)
    (made,) = read(files.state(files.main_mode() + files.quick_mode(), text)).store.filter_lists
    assert {(one.destination, one.destination_port) for one in made.filters} == {
        (AddressRange(Family.IPV4, n, n), PortRange(port, port)) for n in (1, 2, 3) for port in (80, 443)
    }


@pytest.mark.parametrize(
    ("conditions", "reason"),
    [
        (files.number("IP_LOCAL_INTERFACE", 1, 32), "FWPM_CONDITION_IP_LOCAL_INTERFACE"),
        (files.v4("IP_REMOTE_ADDRESS", "10.0.0.0", "255.0.255.0"), "holes"),
        (files.v4("IP_REMOTE_ADDRESS", "10.0.0", "255.0.0.0"), "no address"),
        (files.bounds("IP_REMOTE_ADDRESS", "10.0.0.9", "10.0.0.1"), "descends"),
        (files.number("IP_REMOTE_PORT", 99999, 32), "range"),
        (files.condition("IP_REMOTE_PORT", "<type>FWP_UINT16</type><uint16>1</uint16>", "NOT_EQUAL"), "NOT_EQUAL"),
        (files.condition("IP_PROTOCOL", "<type>FWP_SID</type>"), "FWP_SID"),
        ("".join(files.number(f, n) for f in ("IP_LOCAL_PORT", "IP_REMOTE_PORT") for n in range(100)), "alternatives"),
    ],
)  # fmt: skip
def test_a_condition_that_no_policy_states_is_named(conditions: str, reason: str) -> None:
    reading = read(
        files.state(files.main_mode() + files.quick_mode(), files.filter_("IPSEC_V4", conditions, files.QUICK))
    )
    said = [one for one in reading.diagnostics if one.code == "WP006"]
    assert [reason in one.message for one in said] == [True]
    assert [reason in one.reason for one in reading.store.not_understood].count(True) == 1
    assert reading.store.filter_lists[0].filters == ()


@pytest.mark.parametrize("flag", ["FWPM_FILTER_FLAG_DISABLED", "FWPM_FILTER_FLAG_BOOTTIME"])
def test_a_filter_that_is_not_in_force_is_named(flag: str) -> None:
    text = files.filter_("IPSEC_V4", "", files.QUICK, f"<item>{flag}</item>")
    assert "WP006" in codes(read(files.state(files.main_mode() + files.quick_mode(), text)))


def test_a_tunnel_becomes_two_rules() -> None:
    conditions = files.v4("IP_LOCAL_ADDRESS", "10.1.0.0", "255.255.0.0") + files.v4(
        "IP_REMOTE_ADDRESS", "10.2.0.0", "255.255.0.0"
    )
    reading = read(files.state(files.main_mode() + files.tunnel(), files.filter_("IPSEC_V4", conditions, files.TUNNEL)))
    store = reading.store
    ends = {rule.filter_list: rule.tunnel_endpoint for rule in store.policies[0].rules}
    ways = {
        each.name: (one.source, one.destination, one.mirrored) for each in store.filter_lists for one in each.filters
    }
    near, far = AddressRange.parse("10.1.0.0/16"), AddressRange.parse("10.2.0.0/16")
    assert ends == {
        "tunnel": AddressRange.parse("203.0.113.9"),
        "tunnel (inbound)": AddressRange.parse("198.51.100.1"),
    }
    assert ways == {"tunnel": (near, far, False), "tunnel (inbound)": (far, near, False)}


@pytest.mark.parametrize(
    ("transforms", "expected"),
    [
        (files.transform("AH", "MD5"), (AhTransform(Integrity.MD5),)),
        (files.transform("ESP_AUTH", "SHA_1"), (EspTransform(Encryption.NULL, Integrity.SHA1),)),
        (files.transform("ESP_CIPHER", "", "DES"), (EspTransform(Encryption.DES, None),)),
        (
            files.transform("AH", "SHA_256") + files.transform("ESP_AUTH_AND_CIPHER", "SHA_1", "AES_256"),
            (AhTransform(Integrity.SHA256), EspTransform(Encryption.AES256, Integrity.SHA1)),
        ),
    ],
)
def test_transforms(transforms: str, expected: tuple[object, ...]) -> None:
    contexts = files.main_mode() + files.quick_mode(offers=files.offer(transforms, "MM"))
    (action,) = read(files.state(contexts, files.filter_("IPSEC_V4", "", files.QUICK))).store.filter_actions
    assert action.offers[0].transforms == expected
    assert (action.pfs, action.pfs_group) == (True, None)


@pytest.mark.parametrize(
    ("contexts", "reason"),
    [
        (files.quick_mode(offers=files.offer(pfs="ECP_256")), "IPSEC_PFS_ECP_256"),
        (files.quick_mode(offers=files.offer() + files.offer(pfs="2")), "differ in perfect forward secrecy"),
        (files.quick_mode(offers=files.offer(files.transform("ESP_AUTH", "AES_256"))), "IPSEC_AUTH_AES_256"),
        (files.quick_mode(offers=files.offer(files.transform("ESP_AUTH_FW", "SHA_1"))), "IPSEC_TRANSFORM_ESP_AUTH_FW"),
        (files.quick_mode(offers=files.offer(files.transform("AH", "SHA_1") * 3)), "saTransforms"),
        (files.quick_mode(offers="<!-- none -->"), "ipsecProposals"),
        (files.tunnel(remote="0.0.0.0"), "single address"),
        (files.tunnel(local="gateway"), "no address"),
        (files.context(files.QUICK, "a", "FWPM_IPSEC_IKE_QM_TRANSPORT_CONTEXT", ""), "no ikeQmTransportPolicy"),
        (files.context(files.QUICK, "a", "FWPM_IPSEC_AUTHIP_QM_TRANSPORT_CONTEXT", ""), "none of IKE version 1"),
        (files.context(files.QUICK, "a", "FWPM_IPSEC_IKEV2_MM_CONTEXT", ""), "none of IKE version 1"),
        (files.main_mode(key="{2}", methods=["ANONYMOUS"]), "IKEEXT_ANONYMOUS"),
        (files.main_mode(key="{2}", proposals=files.proposal(cipher="AES_GCM_128_16ICV")), "IKEEXT_CIPHER_AES_GCM"),
        (files.main_mode("{2}", proposals=files.proposal() + files.proposal(lifetime=1)), "differ in their lifetimes"),
        (files.main_mode(key="{2}", proposals=files.proposal(group="NONE")), "IKEEXT_DH_GROUP_NONE"),
    ],
)  # fmt: skip
def test_a_context_that_no_policy_states_is_named(contexts: str, reason: str) -> None:
    reading = read(files.state(files.main_mode() + contexts, ""))
    assert [reason in one.message for one in reading.diagnostics if one.code == "WP006"] == [True]
    assert [reason in one.reason for one in reading.store.not_understood].count(True) == 1


def test_one_of_several_main_modes_is_read_and_the_others_are_named() -> None:
    contexts = files.main_mode(name="first") + files.main_mode("{2}", proposals=files.proposal(group="14"), name="used")
    reading = read(files.state(contexts, files.filter_("IKEEXT_V4", key="{2}")))
    assert reading.store.policies[0].main_mode.offers[0].group is DhGroup.MODP2048
    assert [one.text for one in reading.store.not_understood][1:] == ["first"]


def test_no_key_and_no_authority_is_read() -> None:
    contexts = files.main_mode(methods=["PRESHARED_KEY", "CERTIFICATE"]) + files.quick_mode()
    reading = read(files.state(contexts, files.filter_("IPSEC_V4", "", files.QUICK)))
    assert reading.store.policies[0].rules[0].authentication == (PresharedKey(None), Certificate(""))
    assert "WP004" in codes(reading)
    assert any("certification authority" in one.reason for one in reading.store.not_understood)


def test_no_key_is_kept_of_a_context_that_is_not_read() -> None:
    text = files.state(files.main_mode(methods=["PRESHARED_KEY", "SSL"]), "")
    assert "68756e74657232" in text
    assert "68756e74657232" not in repr(read(text))


def test_filters_alone_have_no_methods() -> None:
    text = files.diagnostic(files.filter_("IPSEC_V4", "", files.QUICK) + files.filter_("OUTBOUND_TRANSPORT_V4"))
    reading = read(text)
    assert codes(reading) == ["WP001", "WP005", "WP002"]
    assert reading.store.policies == ()
    assert len(reading.store.not_understood) == 2


@pytest.mark.parametrize("text", [files.state(), files.diagnostic(files.filter_("ALE_AUTH_CONNECT_V4")), "<wfpstate/>"])
def test_a_file_without_ipsec_is_an_error(text: str) -> None:
    said = [one for one in read(text).diagnostics if one.severity is Severity.ERROR]
    assert [one.code for one in said] == ["WP003"]


def test_the_rules_of_one_name_are_told_apart() -> None:
    other = "{cccccccc-0000-0000-0000-000000000001}"
    contexts = files.main_mode() + files.quick_mode() + files.quick_mode(other, name="QUICK")
    filters = "".join(files.filter_("IPSEC_V4", "", key) for key in (files.QUICK, other))
    store = read(files.state(contexts, filters)).store
    assert [one.name for one in store.filter_lists] == ["quick", "QUICK (2)"]
    assert all(one.source_port == ANY_PORT for each in store.filter_lists for one in each.filters)


def test_a_hundred_thousand_lines_are_streamed() -> None:
    other = files.filter_("ALE_AUTH_CONNECT_V4", files.v4("IP_REMOTE_ADDRESS", "10.0.0.1")) * 1500
    text = files.state(files.main_mode() + files.quick_mode(), other + files.filter_("IPSEC_V4", "", files.QUICK))
    source = Source("s.xml", text.encode())
    tracemalloc.start()
    reading = registry.read(source, ReadOptions())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (
        reading.store.filter_lists[0].filters[0].origin.line
        == text[: text.rindex("FWPM_LAYER_IPSEC_V4")].count("\n") - 2
    )
    assert peak < 3 << 20


FULL = files.state(
    files.main_mode(methods=["KERBEROS", "PRESHARED_KEY"]) + files.quick_mode() + files.tunnel(),
    files.filter_("IKEEXT_V4", key=files.MAIN)
    + files.filter_("IPSEC_V4", files.v4("IP_REMOTE_ADDRESS", "10.0.0.0", "255.0.0.0"), files.QUICK)
    + files.filter_("IPSEC_V4", files.bounds("IP_REMOTE_ADDRESS", "1", "9"), files.TUNNEL),
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_states_are_read_as_undecided_or_refused(data: st.DataObject) -> None:
    lines = FULL.split("\n")
    if data.draw(st.booleans(), "cut"):
        text = FULL[: data.draw(st.integers(0, len(FULL)))]
    else:
        start = data.draw(st.integers(0, len(FULL) - 1))
        piece = data.draw(st.sampled_from(["", "<", "&", "x", "</item>", "<item>", "-1", "9" * 30, *lines[::7]]))
        text = FULL[:start] + piece + FULL[start + data.draw(st.integers(0, 30)) :]
    with contextlib.suppress(InputError):
        assert read(text, "wfp-state").store.not_understood


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_removed_elements_never_crash_a_reader(data: st.DataObject) -> None:
    from lxml import etree

    root = etree.fromstring(FULL.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        inner = [one for one in root.iter() if one.getparent() is not None]
        gone = inner[data.draw(st.integers(0, len(inner) - 1))]
        parent = gone.getparent()
        assert parent is not None
        parent.remove(gone)
    reading = read(etree.tostring(root, encoding="unicode"), "wfp-state")
    assert reading.store.not_understood
