"""Group policy reports: what becomes a policy, which object it is of, and that the rest is named."""

from __future__ import annotations

import contextlib

import gpo_files as files
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipsecmig.dialects import registry
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.errors import InputError
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.policy import Certificate, EspTransform, Kerberos, MainModeOffer, PresharedKey, QuickModeOffer
from ipsecmig.model.selectors import ANY, AddressRange


def read(text: str, encoding: str = "utf-16", assume: frozenset[str] = frozenset()) -> Reading:
    return registry.read(Source("r.xml", text.encode(encoding)), ReadOptions(assumptions=assume))


def codes(reading: Reading, prefix: str = "GP") -> list[str]:
    return [one.code for one in reading.diagnostics if one.code.startswith(prefix)]


WHOLE = files.report(files.OTHER, files.extension(files.whole_body()))
RESULT = files.result(files.OTHER, files.extension(files.whole_body()))


@pytest.mark.parametrize(
    "text", [WHOLE, RESULT, files.several(files.report(files.extension(files.whole_body()), inside=True))]
)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8", "utf-8-sig"])
def test_a_report_becomes_a_policy(text: str, encoding: str) -> None:
    reading = read(text, encoding)
    (policy,) = reading.store.policies
    rule, old = policy.rules
    action = reading.store.filter_action(rule.filter_action)
    filters = reading.store.filter_list(rule.filter_list)
    assert action is not None
    assert filters is not None
    assert (rule.name, rule.active, old.name, old.active) == ("web", True, "old", False)
    assert rule.authentication == (Kerberos(), Certificate("DC = test, CN = ca"))
    assert [(one.source, one.destination) for one in filters.filters] == [(ANY, AddressRange.parse("10.0.0.0/8"))]
    assert action.offers == (QuickModeOffer((EspTransform(Encryption.AES128, Integrity.SHA1),), 3600, 100000),)
    assert policy.main_mode.offers == (MainModeOffer(Encryption.AES256, Integrity.SHA1, DhGroup.MODP2048),)
    assert policy.main_mode.lifetime_seconds == 3600
    assert {"GP001", "GP005"} <= set(codes(reading))
    assert text.split("\n")[rule.origin.line - 1].strip() == "<q1:ConnectionSecurityRules>"


def test_the_policy_says_which_object_it_is_of() -> None:
    assert read(WHOLE).store.policies[0].gpo == "Isolation"


def test_any_prefix_will_do() -> None:
    text = WHOLE.replace("q1:", "qq:").replace("xmlns:q1=", "xmlns:qq=")
    assert read(text).store == read(WHOLE).store


def test_an_extension_without_a_type_is_known_by_its_namespace() -> None:
    text = WHOLE.replace(' xsi:type="q1:WindowsFirewallSettings"', "")
    assert read(text).store == read(WHOLE).store


@pytest.mark.parametrize(
    ("local", "remote", "expected"),
    [
        (("10.1.0.0/16", "10.3.0.1-10.3.0.3"), ("9.0.0.1",), {"10.1.0.0/16 9.0.0.1", "10.3.0.1-10.3.0.3 9.0.0.1"}),
        (("10.1.0.1",), ("10.2.0.1", "10.2.0.2"), {"10.1.0.1 10.2.0.1", "10.1.0.1 10.2.0.2"}),
        ((), ("10.2.0.1",), {"any 10.2.0.1"}),
    ],
)  # fmt: skip
def test_repeated_elements_are_alternatives(
    local: tuple[str, ...], remote: tuple[str, ...], expected: set[str]
) -> None:
    store = read(files.report(files.extension(files.rule(EP1_4=local, EP2_4=remote)))).store
    ends = [(one.source, one.destination) for one in store.filter_lists[0].filters]
    found = {" ".join(end.text() if isinstance(end, AddressRange) else "any" for end in pair) for pair in ends}
    assert found == expected


@pytest.mark.parametrize(
    "rule",
    [
        files.rule(NewToken="1"),
        files.rule(Action="Maybe"),
        files.rule(EP2_4="10.0.0.300"),
        files.element(
            "ConnectionSecurityRules", [("Name", "a")], "<q1:EP1_4><q1:Deep><q1:Deeper/></q1:Deep></q1:EP1_4>"
        ),
        files.element("NewKindOfRules", [("Name", "a")]),
    ],
)
def test_what_means_nothing_leaves_everything_undecided(rule: str) -> None:
    assert read(files.report(files.extension(rule + files.rule("other")))).store.not_understood


def test_a_preshared_key_is_kept_secret() -> None:
    body = files.rule() + files.authentication(files.KEY) + files.quick_mode(files.ESP)
    body += files.element("Unknown", [("SHKey", "hunter2")])
    text = files.report(files.extension(body))
    reading = read(text)
    (method,) = reading.store.policies[0].rules[0].authentication
    assert isinstance(method, PresharedKey)
    assert method.secret is not None
    assert method.secret.reveal() == "hunter2"
    assert "hunter2" not in repr(reading)


@pytest.mark.parametrize("guid", ["", files.AUTH1])
def test_a_set_stands_for_a_default_or_has_a_guid(guid: str) -> None:
    suite = files.authentication(files.KEY, guid=guid, name="DefaultPhase1AuthenticationSet")
    rule = files.rule(Auth1Set="") + files.quick_mode(files.ESP)
    (method,) = read(files.report(files.extension(rule + suite))).store.policies[0].rules[0].authentication
    assert isinstance(method, PresharedKey)
    nameless = files.authentication(files.KEY, guid="")
    kept = read(files.report(files.extension(rule + nameless))).store.not_understood
    assert any("has no GUID" in one.reason for one in kept)
    assert "hunter2" not in repr(kept)


def test_precedence_says_which_object_wins() -> None:
    body = files.rule("first", files.winner("{1}", 1)) + files.rule("second", files.winner("{2}", 2))
    reading = read(files.result(files.extension(body)))
    assert [rule.name for rule in reading.store.policies[0].rules] == ["first"]
    (said,) = [one for one in reading.diagnostics if one.code == "GP004"]
    assert '"second" of {2}' in said.message
    assert reading.store.policies[0].gpo == "Isolation"


def test_several_objects_are_read_together() -> None:
    one = files.report(files.extension(files.rule("a") + files.authentication(files.KERBEROS)), name="A", inside=True)
    two = files.report(files.extension(files.rule("b") + files.authentication(files.KERBEROS)), name="B", inside=True)
    reading = read(files.several(one, two), "utf-8")
    assert [rule.name for rule in reading.store.policies[0].rules] == ["a", "b"]
    assert "GP011" in codes(reading)
    assert reading.store.policies[0].gpo == "A, B"


@pytest.mark.parametrize(("values", "doubted"), [(("0",), False), (("0", "0"), False), (("0", "1"), True)])
def test_an_object_that_only_states_exemptions_counts(values: tuple[str, ...], doubted: bool) -> None:
    rules = files.report(files.extension(files.rule("a") + files.authentication(files.KERBEROS)), name="A", inside=True)
    others = [
        files.report(files.extension(files.element("GlobalSettings", [("IPsecExempt", value)])), name="B", inside=True)
        for value in values
    ]
    reading = read(files.several(rules, *others), "utf-8")
    security = reading.store.policies[0].connection_security
    assert security is not None
    assert security.exemptions == 0
    assert ("CS007" in codes(reading, "CS")) == doubted


def test_two_sets_of_one_identifier_that_differ_leave_a_doubt() -> None:
    one = files.report(files.extension(files.rule("a") + files.authentication(files.KERBEROS)), name="A", inside=True)
    two = files.report(files.extension(files.rule("b") + files.authentication(files.KEY)), name="B", inside=True)
    kept = read(files.several(one, two), "utf-8").store.not_understood
    assert any("not alike" in one.reason for one in kept)


def test_disabled_settings_and_local_rules_are_said() -> None:
    reading = read(
        files.report(files.extension(files.PROFILE.replace("false", "true") + files.rule()), enabled="false")
    )
    assert {"GP003", "GP009"} <= set(codes(reading))
    assert "GP009" not in codes(read(files.report(files.extension(files.PROFILE + files.rule()))))


def test_a_firewall_rule_that_asks_for_security_is_named() -> None:
    pairs = [("Action", "Allow"), ("Name", "RDP"), ("Active", "true"), ("Security2_9", "AnyEncrypt")]
    reading = read(files.report(files.extension(files.rule() + files.element("InboundFirewallRules", pairs))))
    assert {"GP005", "GP006"} <= set(codes(reading))


@pytest.mark.parametrize("kind", ["IPSec", "Ipsecurity", "IPSECPolicy"])
def test_the_extension_of_security_policies_is_kept_and_named(kind: str) -> None:
    body = files.element(
        "AssignedPolicy",
        [
            ("Name", "Secure Server (Require Security)"),
            ("Description", "all traffic"),
            ("Path", "CN=ipsecPolicy{72385236-70fa}"),
        ],
    )
    reading = read(files.report(files.extension(body, kind)))
    (said,) = [one for one in reading.diagnostics if one.code == "GP002"]
    (kept,) = reading.store.not_understood
    assert '"Isolation"' in said.message
    assert "Secure Server (Require Security), all traffic, CN=ipsecPolicy" in said.message
    assert "registry key" in said.advice
    assert kept.text.startswith("<AssignedPolicy><Name>Secure Server")
    assert reading.store.policies == ()


@pytest.mark.parametrize(
    "text", [files.report(files.OTHER), files.report(), files.result(files.extension(files.GLOBAL + files.PROFILE))]
)
def test_a_report_without_ipsec_is_an_error(text: str) -> None:
    assert "GP008" in codes(read(text))


def test_a_part_that_failed_is_said() -> None:
    failed = "<ExtensionData><Error><Details>Access is denied.</Details></Error><Name>Security</Name></ExtensionData>"
    reading = read(files.report(failed, files.extension(files.rule())))
    assert "Access is denied." in next(one.message for one in reading.diagnostics if one.code == "GP010")


def test_a_profile_can_be_assumed() -> None:
    text = files.report(files.extension(files.rule(Profile="Domain")))
    assert read(text).store.not_understood != read(text, assume=frozenset({"profile-domain"})).store.not_understood


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_reports_are_read_or_refused(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(WHOLE) - 1))
    words = [
        "",
        "<",
        "&amp;",
        "]]>",
        "true",
        "</q1:ConnectionSecurityRules>",
        "<q1:Value>",
        "0",
        *WHOLE.split("\n")[::9],
    ]
    text = WHOLE[:start] + data.draw(st.sampled_from(words)) + WHOLE[start + data.draw(st.integers(0, 40)) :]
    with contextlib.suppress(InputError):
        read(text if data.draw(st.booleans()) else WHOLE[:start])


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_removed_elements_never_crash_a_reader(data: st.DataObject) -> None:
    from lxml import etree

    root = etree.fromstring(data.draw(st.sampled_from([WHOLE, RESULT])).encode("utf-16"))
    for _ in range(data.draw(st.integers(1, 4))):
        inner = [one for one in root.iter() if one.getparent() is not None]
        gone = inner[data.draw(st.integers(0, len(inner) - 1))]
        parent = gone.getparent()
        assert parent is not None
        parent.remove(gone)
    read(etree.tostring(root, encoding="unicode"))
