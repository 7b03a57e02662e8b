"""What the commands of netsh ipsec dynamic put into force."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from netsh_language import codes, commands, run, said
from old_languages import main_mode_offers, quick_mode_offers
from strategies.netsh import netsh_authentication, netsh_filters, netsh_main_modes, netsh_quick_mode_offers

from ipsecmig.diagnostics import NOWHERE, Origin, Severity
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.containers.command import ServiceStop
from ipsecmig.dialects.netsh_static import syntax
from ipsecmig.dialects.netsh_static.dynamic_objects import DYNAMIC_STORE, POLICY_NAME
from ipsecmig.dialects.netsh_static.execute import execute
from ipsecmig.dialects.registry import detect, read
from ipsecmig.model.algorithms import DhGroup
from ipsecmig.model.flatten import flatten, select_policy
from ipsecmig.model.policy import (
    Action,
    AuthenticationMethod,
    Certificate,
    ConnectionType,
    Filter,
    FilterAction,
    Kerberos,
    MainMode,
    Policy,
    PresharedKey,
    QuickModeOffer,
    Secret,
)
from ipsecmig.model.selectors import (
    ANY,
    ME,
    TCP,
    Address,
    AddressRange,
    AnyAddress,
    DnsName,
    Family,
    Me,
    PortRange,
    ServerAddress,
)

CONTEXT = "ipsec dynamic"
BASE = """\
add mmpolicy name=M mmlifetime=60 qmpermm=5 mmsecmethods="3DES-SHA1-2"
add qmpolicy name=Q pfsgroup=grpmm soft=yes qmsecmethods="ESP[3DES,SHA1]"
"""
OPEN = "actioninbound=permit actionoutbound=permit"
SHUT = "actioninbound=block actionoutbound=block"
PEER = AddressRange.parse("10.0.0.1")


def dynamic(script: str, *assumptions: str) -> Reading:
    return run(BASE + script, *assumptions, context=CONTEXT)


def in_force(reading: Reading) -> list[tuple[tuple[Filter, ...], Action]]:
    """Return the filters of each rule with what is done to their packets."""
    found = []
    for policy in reading.store.policies:
        for rule in policy.rules:
            filter_list = reading.store.filter_list(rule.filter_list, DYNAMIC_STORE)
            action = reading.store.filter_action(rule.filter_action, DYNAMIC_STORE)
            assert filter_list is not None
            assert action is not None
            found.append((tuple(replace(f, origin=NOWHERE) for f in filter_list.filters), action.action))
    return found


def only_action(reading: Reading) -> FilterAction:
    (found,) = reading.store.filter_actions
    return found


def only_policy(reading: Reading) -> Policy:
    (found,) = reading.store.policies
    return found


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (f"me 10.0.0.1 M {OPEN}", [((Filter(ME, PEER),), Action.PERMIT)]),
        (f"srcaddr=me dstaddr=any mmpolicy=m {SHUT} mirror=no", [((Filter(ME, ANY, mirrored=False),), Action.BLOCK)]),
        ("me 10.0.0.1 M Q kerberos=yes", [((Filter(ME, PEER),), Action.NEGOTIATE)]),
        (
            f"srcaddr=me dstaddr=10.0.0.0 dstmask=24 mmpol=M qmpol=Q proto=tcp dstport=80 {OPEN}",
            [
                (
                    (Filter(ME, AddressRange.parse("10.0.0.0/24"), TCP, destination_port=PortRange(80, 80)),),
                    Action.PERMIT,
                )
            ],
        ),
        (
            "me 10.0.0.1 M Q actioninbound=permit actionoutbound=negotiate kerberos=yes",
            [
                ((Filter(PEER, ME, mirrored=False),), Action.PERMIT),
                ((Filter(ME, PEER, mirrored=False),), Action.NEGOTIATE),
            ],
        ),
        (
            "10.0.0.1 me M Q tcp dstport=80 actioninbound=permit actionoutbound=block",
            [
                ((Filter(PEER, ME, TCP, destination_port=PortRange(80, 80), mirrored=False),), Action.PERMIT),
                ((Filter(ME, PEER, TCP, PortRange(80, 80), mirrored=False),), Action.BLOCK),
            ],
        ),
        (
            "me any M mirrored=no actioninbound=permit actionoutbound=block",
            [((Filter(ME, ANY, mirrored=False),), Action.BLOCK)],
        ),
    ],
)
def test_a_rule_is_a_filter_with_its_actions(rule: str, expected: object) -> None:
    reading = dynamic(f"add rule {rule}")
    assert in_force(reading) == expected
    assert reading.store.not_understood == ()
    assert [d for d in reading.diagnostics if d.severity is Severity.ERROR] == []


def test_the_rules_are_one_assigned_policy_of_their_own() -> None:
    reading = dynamic(f"add rule me 10.0.0.1 M Q kerberos=yes\nadd rule me any M {SHUT}")
    policy = only_policy(reading)
    assert (policy.name, policy.store, policy.assigned, policy.default_response) == (
        POLICY_NAME,
        DYNAMIC_STORE,
        True,
        None,
    )
    assert (policy.main_mode.lifetime_seconds, policy.main_mode.quick_mode_limit) == (3600, 5)
    assert len(policy.rules) == 2
    assert codes(reading).count("NS100") == 1
    assert select_policy(reading.store) is policy


@pytest.mark.parametrize(
    ("word", "pfs", "group"),
    [
        ("grp1", True, DhGroup.MODP768),
        ("GRP2", True, DhGroup.MODP1024),
        ("grp3", True, DhGroup.MODP2048),
        ("GRPMM", True, None),
        ("nopfs", False, None),
        ("no", False, None),
    ],
)
def test_the_group_of_session_key_pfs(word: str, pfs: bool, group: DhGroup | None) -> None:
    reading = dynamic(f'add qmpolicy X pfsgroup={word} qmsec="AH[MD5]"\nadd rule me any M X kerberos=yes')
    assert (only_action(reading).pfs, only_action(reading).pfs_group) == (pfs, group)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("kerberos=yes", (Kerberos(),)),
        ("psk=key kerberos=y", (PresharedKey(Secret("key")), Kerberos())),
        ('rootca="CN=X certmap:yes"', (Certificate("CN=X", map_to_account=True),)),
        ("", (Kerberos(),)),
    ],
)
def test_a_rule_has_its_own_authentication(parameters: str, expected: object) -> None:
    (rule,) = only_policy(dynamic(f"add rule me any M Q {parameters}")).rules
    assert rule.authentication == expected


def test_tunnel_and_kind_of_connection() -> None:
    (rule,) = only_policy(dynamic("add rule me any M Q kerb=y tunneldst=192.0.2.1 conntype=dialup")).rules
    assert (rule.tunnel_endpoint, rule.connection_type) == (AddressRange.parse("192.0.2.1"), ConnectionType.DIALUP)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("set rule me any actioninbound=permit actionoutbound=permit", Action.PERMIT),
        ("set rule me any actioninb=negotiate actionoutb=neg qmpolicy=Q kerberos=yes", Action.NEGOTIATE),
        ("delete rule any me", Action.BLOCK),
        ("delete rule me any protocol=tcp", Action.BLOCK),
    ],
)
def test_set_rule_changes_the_rule_with_these_selectors(script: str, expected: Action) -> None:
    reading = dynamic(f"add rule me any M {SHUT}\n{script}")
    assert in_force(reading) == [((Filter(ME, ANY),), expected)]


def test_rules_follow_the_policies_that_they_name() -> None:
    reading = dynamic('add rule me any M Q kerb=y\nset mmpolicy M mmlifetime=2\nset qmpolicy Q nopfs qmsec="AH[MD5]"')
    assert only_policy(reading).main_mode.lifetime_seconds == 120
    assert only_action(dynamic("add rule me any M Q kerb=y\nset qmpolicy Q soft=no")).soft is False


@pytest.mark.parametrize("command", ["delete rule me any", "delete all", "del rule srcaddr=ME dstaddr=ANY mirr=yes"])
def test_what_is_deleted_is_not_in_force(command: str) -> None:
    reading = dynamic(f"add rule me any M {SHUT}\n{command}")
    assert reading.store.policies == ()
    assert reading.store.not_understood == ()


@pytest.mark.parametrize(
    ("script", "code", "undecided"),
    [
        ("add mmpolicy M", "NS050", False),
        ("add qmpolicy q", "NS050", False),
        ("add qmpolicy X", "NS060", False),
        ("add rule me any X", "NS053", False),
        ("add rule me any M X", "NS053", False),
        ("add rule me", "NS006", False),
        ("add rule me any M request", "NS053", False),
        ("add rule me any M action=permit", "NS004", False),
        ("add rule me any M actioninbound=request", "NS020", False),
        ("add rule me any M", "NS061", False),
        ("add rule me any M Q", "NS065", False),
        ("add rule me any M Q kerberos=no", "NS064", False),
        ("add qmpolicy X pfsgroup=grp", "NS021", False),
        (f"add rule me any M {SHUT}\nadd rule me any M {OPEN}", "NS107", False),
        ("add mmpolicy X softsa=300", "NS104", False),
        ("add rule me any M Q kerb=y\ndelete mmpolicy all", "NS056", False),
        ("add rule me any M Q kerb=y\ndelete qmpolicy Q", "NS056", False),
        ("delete mmpolicy X", "NS052", False),
        ("delete rule me any", "NS052", False),
        ("set rule me any actioninbound=block", "NS053", False),
        (f"add rule me any M {SHUT}\ndelete rule any me", "NS057", True),
        ("add rule me any M Q kerb=y\nadd mmpolicy O\nadd rule me 10.0.0.1 O Q kerb=y", "NS106", True),
        ("add rule 10.0.0.1 10.0.0.2 M actioninbound=block actionoutbound=permit", "NS105", True),
        ("add rule any any M actioninbound=block actionoutbound=permit", "NS105", True),
        ("set config strongcrlcheck 2", "NS082", True),
    ],
)
def test_what_goes_wrong_or_is_not_known_is_said(script: str, code: str, undecided: bool) -> None:
    reading = dynamic(script)
    assert code in codes(reading)
    assert bool(reading.store.not_understood) == undecided


def test_a_rule_that_negotiates_with_the_same_main_mode_under_another_name_is_no_second_main_mode() -> None:
    script = 'add mmpolicy O 5 60 mmsec="3des-sha1-2"\nadd rule me any M Q kerb=y\nadd rule me 10.0.0.1 O Q kerb=y'
    assert dynamic(script).store.not_understood == ()


def test_main_modes_of_rules_that_only_permit_or_block_do_not_matter() -> None:
    script = f"add mmpolicy O\nadd rule me any M Q kerb=y\nadd rule me 10.0.0.1 O {OPEN}"
    assert dynamic(script).store.not_understood == ()


def test_the_main_mode_that_counts_is_the_one_at_the_end() -> None:
    script = "add mmpolicy O\nadd rule me any M Q kerb=y\nadd rule me 10.0.0.1 M Q kerb=y\nset rule me any mmpolicy=O"
    assert len(dynamic(script).store.not_understood) == 1


STATIC = """\
netsh ipsec static add policy name=P assign={assign}
netsh ipsec static add filteraction name=B action=block
netsh ipsec static add filter filterlist=L srcaddr=me dstaddr=any
netsh ipsec static add rule name=R policy=P filterlist=L filteraction=B
"""
DYNAMIC = f"netsh ipsec dynamic add mmpolicy M\nnetsh ipsec dynamic add rule me 10.0.0.1 M {OPEN}\n"


def script(text: str, *assumptions: str) -> Reading:
    source = Source("s.bat", text.encode())
    assert detect(source).name == "netsh-static"
    return read(source, ReadOptions(assumptions=frozenset(assumptions)))


def test_beside_an_assigned_policy_dynamic_rules_are_undecided() -> None:
    reading = script(STATIC.format(assign="yes") + DYNAMIC)
    assert said(reading, "NS101").origin.line == 6
    assert [kept.origin.line for kept in reading.store.not_understood] == [6]
    assert [(policy.name, policy.assigned) for policy in reading.store.policies] == [("P", True), (POLICY_NAME, True)]


def test_beside_a_policy_that_is_not_assigned_they_are_alone_in_force() -> None:
    reading = script(STATIC.format(assign="no") + DYNAMIC)
    assert reading.store.not_understood == ()
    assert select_policy(reading.store).name == POLICY_NAME


def test_after_a_restart_nothing_is_left_of_them() -> None:
    reading = script(STATIC.format(assign="yes") + DYNAMIC, "restart")
    assert [policy.name for policy in reading.store.policies] == ["P"]
    assert reading.store.not_understood == ()
    assert codes(reading).count("NS102") == 2


@pytest.mark.parametrize("stop", ["net stop policyagent", "sc stop PolicyAgent & sc start PolicyAgent"])
def test_stopping_the_service_ends_them(stop: str) -> None:
    reading = script(f"{STATIC.format(assign='yes')}{DYNAMIC}{stop}\n")
    assert [policy.name for policy in reading.store.policies] == ["P"]
    assert reading.store.not_understood == ()
    assert said(reading, "NS103").origin.line == 7


def test_a_stop_that_depends_on_run_time_is_undecided() -> None:
    reading = script(f"{DYNAMIC}if exist x net stop policyagent\n")
    assert len(reading.store.not_understood) == 1


def test_a_stop_before_them_changes_nothing() -> None:
    reading = script(f"net stop policyagent\nnet start policyagent\n{DYNAMIC}")
    assert len(in_force(reading)) == 1
    assert "NS103" not in codes(reading)


def test_delete_all_takes_the_assigned_policy_out_of_force_for_a_time_not_known() -> None:
    reading = script(STATIC.format(assign="yes") + "netsh ipsec dynamic delete all\n")
    assert "NS108" in codes(reading)
    assert len(reading.store.not_understood) == 1
    assert (
        script(STATIC.format(assign="yes") + "netsh ipsec dynamic delete all\n", "restart").store.not_understood == ()
    )


def test_a_stop_alone_is_no_command_of_the_language() -> None:
    assert execute([ServiceStop("net stop x", Origin("x", 1, 1, 2))], ReadOptions()).diagnostics == ()


# --- written and read back -------------------------------------------------------------------------------------------


def said_address(address: Address, side: str) -> str:
    if isinstance(address, AddressRange):
        written = address.text()
        host, _, prefix = written.partition("/")
        return f"{side}addr={host}" + (f" {side}mask={prefix}" if prefix else "")
    if isinstance(address, DnsName):
        return f"{side}addr={address.name}"
    if isinstance(address, ServerAddress):
        return f"{side}addr={address.role.value}"
    return f"{side}addr={'me' if isinstance(address, Me) else said_any(address)}"


def said_any(address: AnyAddress) -> str:
    assert address == ANY
    return "any"


def said_filter(value: Filter) -> str:
    ports = [
        f"{side}port={port.first}"
        for side, port in (("src", value.source_port), ("dst", value.destination_port))
        if not port.is_any
    ]
    mirrored = "yes" if value.mirrored else "no"
    sides = said_address(value.source, "src"), said_address(value.destination, "dst")
    return " ".join([*sides, f"protocol={value.protocol}", f"mirrored={mirrored}", *ports])


def said_method(method: AuthenticationMethod) -> str:
    if isinstance(method, Kerberos):
        return "kerberos=yes"
    if isinstance(method, PresharedKey):
        assert method.secret is not None
        return f'psk="{method.secret.reveal()}"'
    name = method.authority.replace('"', "\\'")
    words = {True: "yes", False: "no"}
    flags = f"certmap:{words[method.map_to_account]} excludecaname:{words[method.exclude_authority_name]}"
    return f'rootca="{name} {flags}"'


def said_rule(filter_: Filter, action: Action, methods: tuple[AuthenticationMethod, ...]) -> str:
    parts = [said_filter(filter_), f"actioninbound={action.value} actionoutbound={action.value}"]
    return " ".join(["add rule mmpolicy=M qmpolicy=Q", *parts, *map(said_method, methods)])


def _is_plain(value: Filter) -> bool:
    """Whether no side of `value` is every address of IPv4 by number, which is another word for `any`."""
    return AddressRange.whole(Family.IPV4) not in (value.source, value.destination)


@st.composite
def rule_sets(draw: DrawFn) -> list[tuple[Filter, Action, tuple[AuthenticationMethod, ...]]]:
    rules = st.tuples(netsh_filters().filter(_is_plain), st.sampled_from(Action), netsh_authentication())
    drawn = draw(st.lists(rules, min_size=1, max_size=4, unique_by=lambda rule: replace(rule[0], description="")))
    return [(replace(filter_, description=""), action, methods) for filter_, action, methods in drawn]


@settings(max_examples=80, deadline=None)
@given(rule_sets(), netsh_main_modes(), st.lists(netsh_quick_mode_offers(), min_size=1, max_size=3), st.booleans())
def test_what_can_be_said_survives_writing_and_reading(
    rules: list[tuple[Filter, Action, tuple[AuthenticationMethod, ...]]],
    main_mode: MainMode,
    offers: list[QuickModeOffer],
    soft: bool,
) -> None:
    lines = [
        f"add mmpolicy M {main_mode.quick_mode_limit} {main_mode.lifetime_seconds // 60}"
        f' mmsec="{main_mode_offers(main_mode.offers)}"',
        f'add qmpolicy Q soft={"yes" if soft else "no"} qmsec="{quick_mode_offers(offers)}"',
    ]
    lines += [said_rule(*rule) for rule in rules]
    reading = run("\n".join(lines), context=CONTEXT)
    assert [d for d in reading.diagnostics if d.severity is Severity.ERROR] == []
    assert reading.store.not_understood == ()
    assert in_force(reading) == [((filter_,), action) for filter_, action, _ in rules]
    policy = only_policy(reading)
    assert [rule.authentication for rule in policy.rules] == [methods for _, _, methods in rules]
    if any(action is Action.NEGOTIATE for _, action, _ in rules):
        assert policy.main_mode == replace(main_mode, perfect_forward_secrecy=False)
    for action in reading.store.filter_actions:
        if action.action is Action.NEGOTIATE:
            assert (list(action.offers), action.soft) == (offers, soft)
    flatten(reading.store, policy)


WORDS = sorted({word for usage in syntax.usages(syntax.DYNAMIC).values() for word in (*usage.words, *usage.tags)})
VALUES = ["me", "any", "M", "Q", "yes", "permit", "10.0.0.1", "80", "tcp", "all", "grp1", '"', "x"]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([*WORDS, *(f"{word}=" for word in WORDS), *VALUES, "\n"]), max_size=20).map(" ".join))
def test_any_words_give_a_reading(text: str) -> None:
    lines = f"{BASE}add rule me any M {SHUT}\n{text}"
    reading = execute(commands(lines, CONTEXT), ReadOptions())
    for diagnostic in reading.diagnostics:
        assert 1 <= diagnostic.origin.line <= lines.count("\n") + 1
        assert diagnostic.message
    for policy in reading.store.policies:
        flatten(reading.store, policy)
