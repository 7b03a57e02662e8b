"""Scripts of the NetSecurity cmdlets: what is plain is read, everything else is not understood, with its place."""

from __future__ import annotations

from functools import cache

import pytest
from ground_truth import SAMPLES, Sample, emission_request
from hypothesis import given, settings
from hypothesis import strategies as st

from ipsecmig.dialects import registry
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.netsecurity.entry import DIALECT
from ipsecmig.emit.powershell import TARGET
from ipsecmig.errors import IpsecmigError
from ipsecmig.model.policy import Action, Certificate, Kerberos, PresharedKey, Secret
from ipsecmig.model.selectors import ANY, TCP, AddressRange, PortRange

RULE = "New-NetIPsecRule -Name 'r' -DisplayName 'R' -InboundSecurity Require -OutboundSecurity Request"


def read(text: str) -> Reading:
    """Return what the dialect makes of `text`."""
    return DIALECT.read(Source("x.ps1", text.encode()), ReadOptions())


def doubts(text: str) -> list[int]:
    """Return the lines that are not understood."""
    return [one.origin.line for one in read(text).store.not_understood]


def test_a_rule_with_its_sets() -> None:
    store = read(
        "<#\nNew-NetIPsecRule -Name 'no rule'\n#>\n"
        "param([string] $PolicyStore = 'PersistentStore')\n"
        "$ErrorActionPreference = 'Stop' # a remark\n"
        "$p = New-NetIPsecAuthProposal -Machine -PreSharedKey 'it''s'\n"
        "$c = new-netipsecauthproposal -Machine -Cert -Authority 'CN=A' -AuthorityType Root -AccountMapping\n"
        "$all = @($c, $p)\n"
        "New-NetIPsecPhase1AuthSet -Name 's' -DisplayName 's' -Proposal $all | Out-Null\n"
        "$r = New-NetIPsecRule -PolicyStore $PolicyStore -Name 'r' -DisplayName 'R' -Phase1AuthSet 's' `\n"
        "  -InboundSecurity Require -OutboundSecurity Request -Protocol TCP -RemotePort 80,\n"
        "  '443-444' -RemoteAddress '10.0.0.0/8'\n"
    ).store
    assert store.not_understood == ()
    (rule,), (action,), (found,) = store.policies[0].rules, store.filter_actions, store.filter_lists
    assert rule.authentication == (Certificate("CN=A", map_to_account=True), PresharedKey(Secret("it's")))
    assert (rule.name, rule.active, action.action, action.soft) == ("R", True, Action.NEGOTIATE, True)
    assert [(f.source, f.destination, f.protocol) for f in found.filters] == [
        (ANY, AddressRange.parse("10.0.0.0/8"), TCP)
    ] * 2
    assert [f.destination_port for f in found.filters] == [PortRange(80, 80), PortRange(443, 444)]


def test_a_rule_without_sets_uses_those_of_windows() -> None:
    (rule,) = read(RULE).store.policies[0].rules
    assert rule.authentication == (Kerberos(),)


@pytest.mark.parametrize(
    ("line", "active"),
    [
        ("Disable-NetIPsecRule -Name 'r'", False),
        ("Set-NetIPsecRule -Name R -Enabled False", False),
        ("Set-NetIPsecRule -Name 'r' -Enabled True", True),
    ],
)
def test_rules_are_switched(line: str, active: bool) -> None:
    store = read(f"{RULE}\n{line}\n").store
    assert store.not_understood == ()
    assert [rule.active for rule in store.policies[0].rules] == [active]


def test_rules_are_removed() -> None:
    store = read(f"{RULE}\n{RULE.replace(chr(39) + 'r' + chr(39), 'q')}\nRemove-NetIPsecRule -Name 'r'\n").store
    assert (len(store.policies[0].rules), store.not_understood) == (1, ())


@pytest.mark.parametrize(
    "line",
    [
        f'{RULE} -RemoteAddress "$address"',
        f"{RULE} @splat",
        f"foreach ($a in $b) {{ {RULE} }}",
        "$x = @{ Name = 'r' }",
        f"{RULE} -RemoteAddress $unknown",
        f"{RULE} -RemoteAddress 10.0.0.1 -RemoteAddress 10.0.0.2",
        f"{RULE} -Proposal 'text'",
        f"{RULE}; {RULE}",
        "Remove-NetIPsecRule -Name 'others'",
        "Remove-NetIPsecRule -Name *",
        "Remove-NetIPsecRule -All",
        "Disable-NetIPsecRule -DisplayGroup 'g'",
        "Set-NetIPsecRule -Name 'r' -RemoteAddress Any",
        "Set-NetFirewallSetting -Exemptions Everything",
        "Set-NetFirewallSetting -EnableStatefulFtp True",
        "New-NetFirewallRule -DisplayName 'x' -Action Block",
        "New-NetIPsecMainModeRule -DisplayName 'm'",
        "netsh advfirewall reset",
        "$p = New-NetIPsecAuthProposal -Machine -PreSharedKey 'hidden-key' -Oops \"",
    ],
)
def test_what_is_not_plain_is_not_understood(line: str) -> None:
    store = read(f"{RULE}\n{line}\n").store
    assert {one.origin.line for one in store.not_understood} == {2}
    assert "hidden-key" not in repr(store.not_understood)


@pytest.mark.parametrize(
    "more",
    [
        "-User 'O:LSD:(A;;CC;;;WD)'",
        "-KeyModule IKEv2",
        "-RequireAuthorization $true",
        "-Platform '6.2+'",
        "-InterfaceAlias 'Ethernet'",
        "-Mode Tunnel",
        "-Phase1AuthSet 'nowhere'",
        "-Nonsense",
        "-Protocol TCPX",
        "-RemoteAddress Internet",
        "-Profile Domain",
    ],
)
def test_what_a_rule_says_beyond_the_model_is_doubted(more: str) -> None:
    assert doubts(f"{RULE} {more}\n") != []


def test_several_stores_are_not_one() -> None:
    assert doubts(f"{RULE} -PolicyStore ActiveStore\n{RULE.replace('-Name', '-Name q -Group')}\n") != []


def test_detection() -> None:
    assert registry.detect(Source("x.ps1", RULE.encode())) is DIALECT
    assert registry.detect(Source("x", b"Set-NetFirewallSetting -Exemptions None")) is DIALECT
    mixed = f"netsh ipsec static add policy name=P\r\n{RULE}\r\n"
    assert registry.detect(Source("x.ps1", mixed.encode())) is not DIALECT
    assert DIALECT.detect(Source("x", b"Get-NetIPsecRule | Format-List")) == 0


def test_what_is_not_verified_is_said() -> None:
    assert [d.code for d in read(RULE).diagnostics if d.code.startswith("NC")] == ["NC001"]


@cache
def emitted() -> str:
    """Return a script that the target writes."""
    request = emission_request(Sample(SAMPLES / "recommended" / "web-to-database-web-server.cmd"))
    return TARGET.emit(request).files[0].content.decode("utf-8-sig").replace("\r\n", "\n")


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_damage_raises_nothing_and_is_no_silent_gap(data: st.DataObject) -> None:
    whole = emitted()
    start = data.draw(st.integers(0, len(whole)))
    end = min(len(whole), start + data.draw(st.integers(0, 60)))
    piece = data.draw(
        st.sampled_from(["", "'", "`", "$", "@{", "#", "\n", ",", "|", "(", "\u2019"]) | st.text(max_size=5)
    )
    try:
        reading = read(whole[:start] + piece + whole[end:])
    except IpsecmigError:
        return
    assert reading.store.sources == ("x.ps1",)


@given(st.text(max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_text_can_be_read(text: str) -> None:
    try:
        assert read(f"{RULE}\n{text}").store.policies
    except IpsecmigError:
        return
