"""What command lines of ipsecpol and ipseccmd make."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ipsecmig.diagnostics import NOWHERE, Diagnostic, Origin, Severity
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.registry import detect, read
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.flatten import flatten, select_policy
from ipsecmig.model.policy import (
    Action,
    AhTransform,
    Certificate,
    ConnectionType,
    EspTransform,
    Filter,
    FilterAction,
    Kerberos,
    MainMode,
    MainModeOffer,
    Policy,
    PresharedKey,
    QuickModeOffer,
    Secret,
    StoreKind,
    StoreLocation,
)
from ipsecmig.model.selectors import ANY, ME, TCP, UDP, AddressRange, DnsName, PortRange

STATIC = 'ipsecpol -w REG -p "P" -r "R" '
ESP = QuickModeOffer((EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1),))


def script(text: str, *assumptions: str, file: str = "login.bat") -> Reading:
    return read(Source(file, text.encode()), ReadOptions(assumptions=frozenset(assumptions)))


def errors(reading: Reading) -> list[Diagnostic]:
    return [diagnostic for diagnostic in reading.diagnostics if diagnostic.severity is Severity.ERROR]


def codes(reading: Reading) -> set[str]:
    return {diagnostic.code for diagnostic in reading.diagnostics}


def only_policy(reading: Reading) -> Policy:
    (found,) = reading.store.policies
    return found


def only_action(reading: Reading) -> FilterAction:
    (found,) = reading.store.filter_actions
    return found


def only_filters(options: str) -> tuple[Filter, ...]:
    """Return the filters of a dynamic rule that blocks."""
    reading = script(f"ipseccmd -n BLOCK {options}\n")
    assert errors(reading) == []
    (filter_list,) = reading.store.filter_lists
    return tuple(replace(filter_, origin=NOWHERE) for filter_ in filter_list.filters)


def port(number: int) -> PortRange:
    return PortRange(number, number)


def at(text: str) -> AddressRange:
    return AddressRange.parse(text)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("*=0:1434:UDP", Filter(ANY, ME, UDP, destination_port=port(1434), mirrored=False)),
        ("0=*:1434:UDP", Filter(ME, ANY, UDP, destination_port=port(1434), mirrored=False)),
        ("0:80+*::TCP", Filter(ME, ANY, TCP, source_port=port(80))),
        ("*+131.107.1.1:110:TCP", Filter(ANY, at("131.107.1.1"), TCP, destination_port=port(110))),
        ("0+*", Filter(ME, ANY)),
        ("*=0:135:TCP", Filter(ANY, ME, TCP, destination_port=port(135), mirrored=False)),
        ("*+0:8000:tcp", Filter(ANY, ME, TCP, destination_port=port(8000))),
        (
            "0/255.255.255.255=198.51.100.5/255.255.255.255:443:tcp",
            Filter(ME, at("198.51.100.5"), TCP, destination_port=port(443), mirrored=False),
        ),
        ("*=0: 1434: UDP", Filter(ANY, ME, UDP, destination_port=port(1434), mirrored=False)),
        ("*=0::ICMP", Filter(ANY, ME, 1, mirrored=False)),
        ("*+0::RAW", Filter(ANY, ME, 255)),
        ("*+0::47", Filter(ANY, ME, 47)),
        ("*+0::0", Filter(ANY, ME)),
        ("0:0+*:0", Filter(ME, ANY)),
        ("10.1.0.0/255.255.0.0+0", Filter(at("10.1.0.0/16"), ME)),
        ("10.1.0.0/16+0", Filter(at("10.1.0.0/16"), ME)),
        ("10.1.*.*+0", Filter(at("10.1.0.0/16"), ME)),
        ("10.1.2.*+10.*.*.*", Filter(at("10.1.2.0/24"), at("10.0.0.0/8"))),
        ("*.*.*.*+0", Filter(ANY, ME)),
        (
            "10.0.0.0/255.0.0.0:1024=10.1.2.3:25:6",
            Filter(at("10.0.0.0/8"), at("10.1.2.3"), TCP, port(1024), port(25), False),
        ),
        ("0.0.0.0/0.0.0.0+0", Filter(ANY, ME)),
        ("0+mail.example.com:25:tcp", Filter(ME, DnsName("mail.example.com"), TCP, destination_port=port(25))),
        ('"0+*"', Filter(ME, ANY)),
    ],
)
def test_a_filter_is_what_it_says(written: str, expected: Filter) -> None:
    assert only_filters(f"-f {written}") == (expected,)


@pytest.mark.parametrize(
    "options", ["-f 0+10.0.0.1 *=0:80:TCP", "-f 0+10.0.0.1 -F *=0:80:TCP", '-f "0+10.0.0.1" "*=0:80:TCP"']
)
def test_several_filters(options: str) -> None:
    http = Filter(ANY, ME, TCP, destination_port=port(80), mirrored=False)
    assert only_filters(options) == (Filter(ME, at("10.0.0.1")), http)


@pytest.mark.parametrize(
    ("written", "code", "column"),
    [
        ("*0=:80:TCP", "IC021", 1),
        ("*0=: 80: TCP", "IC021", 1),
        ("*+0:80", "IC031", 5),
        ("*+0:80:ICMP", "IC031", 5),
        ("*+0:TCP", "IC020", 5),
        ("*+0:70000:TCP", "NS030", 5),
        ("*+0::SCTP", "IC023", 6),
        ("*+0::256", "IC023", 6),
        ("*", "IC020", 1),
        ("*+0+*", "IC020", 4),
        ("10.*.5.*+0", "IC024", 1),
        ("256.1.*.*+0", "IC024", 1),
        ("10.0.0.256+0", "NS023", 1),
        ("10.0.0.010+0", "NS026", 1),
        ("0+10.0.0.0/255.0.255.0", "NS028", 3),
        ("[0+*", "IC020", 4),
        ("0+*]", "IC020", 4),
        ("0+2001:db8::1", "IC020", 3),
    ],
)
def test_what_is_no_filter_is_refused_at_its_place(written: str, code: str, column: int) -> None:
    (error,) = errors(script(f"ipseccmd -n BLOCK -f {written}\n"))
    assert error.code == code
    offset = len("ipseccmd -n BLOCK -f ")
    assert error.origin.line == 1
    assert error.origin.column == offset + column
    assert offset + column < error.origin.end_column <= offset + len(written) + 1
    assert error.text == written.strip('"')
    assert error.advice


@pytest.mark.parametrize(
    ("written", "offers", "pfs", "group", "inbound"),
    [
        ("ESP[3DES,SHA]", (ESP,), False, None, False),
        ("esp[3des,sha]", (ESP,), False, None, False),
        (
            "ESP[3DES,SHA]100000k/3600s P",
            (replace(ESP, lifetime_kilobytes=100000, lifetime_seconds=3600),),
            True,
            None,
            False,
        ),
        (
            "ESP[3DES,SHA]3600S/100000KPFS2",
            (replace(ESP, lifetime_kilobytes=100000, lifetime_seconds=3600),),
            True,
            DhGroup.MODP1024,
            False,
        ),
        ("ESP[3DES,SHA]PFS", (ESP,), True, None, False),
        ("ESP[3DES,SHA]3600s", (replace(ESP, lifetime_seconds=3600),), False, None, False),
        ("AH[MD5]", (QuickModeOffer((AhTransform(Integrity.MD5),)),), False, None, False),
        (
            "AH[SHA]+ESP[DES,NONE]",
            (QuickModeOffer((AhTransform(Integrity.SHA1), EspTransform(Encryption.DES, None))),),
            False,
            None,
            False,
        ),
        (
            "ESP[NONE,MD5] ESP[3DES,SHA]",
            (QuickModeOffer((EspTransform(Encryption.NULL, Integrity.MD5),)), ESP),
            False,
            None,
            False,
        ),
        ("INPASS ESP[3DES,SHA]", (ESP,), False, None, True),
    ],
)
def test_offers(written: str, offers: object, pfs: bool, group: DhGroup | None, inbound: bool) -> None:
    reading = script(f"ipseccmd -f 0+* -n {written} -a p:key\n")
    assert errors(reading) == []
    action = only_action(reading)
    assert (action.offers, action.pfs, action.pfs_group, action.inbound_passthrough) == (offers, pfs, group, inbound)
    assert "IC040" in codes(reading)
    assert reading.store.not_understood == ()


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("ESP[3DES,SHA1]", "IC025"),
        ("ESP[3DES,SHA]:3600s", "IC025"),
        ("ESP[AES,SHA]", "IC025"),
        ("ESP[NONE,NONE]", "NS035"),
        ("AH[SHA]+AH[MD5]", "NS036"),
        ("PERMIT", "IC025"),
        ("PASS BLOCK", "IC026"),
        ("BLOCK ESP[DES,MD5]", "IC026"),
        ("P", "IC025"),
    ],
)
def test_what_is_no_negotiation_is_refused(written: str, code: str) -> None:
    (error,) = errors(script(f"ipseccmd -f 0+* -n {written}\n"))
    assert error.code == code
    assert error.expected


@pytest.mark.parametrize(("word", "action"), [("PASS", Action.PERMIT), ("block", Action.BLOCK)])
def test_pass_and_block(word: str, action: Action) -> None:
    assert only_action(script(f"ipseccmd -f 0+* -n {word}\n")).action is action


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", (Kerberos(),)),
        ("-a KERBEROS", (Kerberos(),)),
        ("-a k", (Kerberos(),)),
        ('-a PRESHARE:"a key"', (PresharedKey(Secret("a key")),)),
        ('-a "p:a key"', (PresharedKey(Secret("a key")),)),
        ("-A Preshare:x=y:z/", (PresharedKey(Secret("x=y:z/")),)),
        ('-a C:"CN=Root CA, O=X" P:abc K', (Certificate("CN=Root CA, O=X"), PresharedKey(Secret("abc")), Kerberos())),
    ],
)
def test_authentication_stands_in_the_order_of_preference(written: str, expected: object) -> None:
    reading = script(f"ipseccmd -f 0+* -n ESP[3DES,SHA] {written}\n")
    assert only_policy(reading).rules[0].authentication == expected


SECRETS = [
    "-a PRESHARE:hunter2",
    '-a PRESHARE:"a hunter2 b"',
    '-a "PRESHARE:a hunter2 b"',
    "-a p:hunter2 k",
    "-a PRESHARE: hunter2",
    "-a PRESHARED:hunter2",
    "-a PRESHARE=hunter2",
    "-a hunter2",
    "-a PRESHARE:a hunter2",
    "-a PRESHARE:a -hunter2",
    "-a PRESHARE:a -lan hunter2",
    '-a PRESHARE:"hunter2',
    "-b PRESHARE:hunter2",
    "PRESHARE:hunter2",
    "-a k -a p:hunter2",
    "-soft hunter2",
]


@pytest.mark.parametrize("written", SECRETS)
@pytest.mark.parametrize(
    "line",
    [
        "ipseccmd -f 0+* {}",
        "ipseccmd {} -confirm -f [0+*] -n PASS",
        "if exist x ipseccmd -f 0+* {}",
    ],
)
def test_no_message_shows_a_key(line: str, written: str) -> None:
    reading = script(line.format(written) + "\n")
    assert reading.diagnostics
    assert "hunter2" not in repr(reading.diagnostics)
    assert "hunter2" not in repr(reading.store)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("-1s 3DES-SHA-2", {"offers": (MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024),)}),
        (
            "-1S des-md5-1 3DES-SHA-3",
            {
                "offers": (
                    MainModeOffer(Encryption.DES, Integrity.MD5, DhGroup.MODP768),
                    MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP2048),
                )
            },
        ),
        ("-1k 10q/3600s", {"quick_mode_limit": 10, "lifetime_seconds": 3600}),
        ("-1k 3600s/10q", {"quick_mode_limit": 10, "lifetime_seconds": 3600}),
        ("-1k 5Q", {"quick_mode_limit": 5}),
        ("-1k 600S", {"lifetime_seconds": 600}),
        ("-1p", {"perfect_forward_secrecy": True, "quick_mode_limit": 1}),
    ],
)
def test_main_mode(written: str, expected: dict[str, object]) -> None:
    for line in (f"ipseccmd -f 0+* -n ESP[3DES,SHA] {written}\n", f"{STATIC}-f 0+* -n ESP[3DES,SHA] {written}\n"):
        reading = script(line)
        assert reading.store.not_understood == ()
        main_mode = only_policy(reading).main_mode
        assert {name: getattr(main_mode, name) for name in expected} == expected


def test_defaults_are_said_to_be_unverified() -> None:
    reading = script("ipseccmd -f 0+*\n")
    assert "IC041" in codes(reading)
    assert [len(offer.transforms) for offer in only_action(reading).offers] == [1, 1, 1, 1]
    assert only_policy(reading).main_mode.lifetime_seconds == 28800


@pytest.mark.parametrize(
    ("written", "tunnel", "connection"),
    [
        ("-t 192.0.2.1 -lan", at("192.0.2.1"), ConnectionType.LAN),
        ("-DIALUP -t gw.example.com", DnsName("gw.example.com"), ConnectionType.DIALUP),
        ("", None, ConnectionType.ALL),
    ],
)
def test_tunnel_and_kind_of_connection(written: str, tunnel: object, connection: ConnectionType) -> None:
    (rule,) = only_policy(script(f"ipseccmd -f 0=* -n ESP[3DES,SHA] {written}\n")).rules
    assert (rule.tunnel_endpoint, rule.connection_type) == (tunnel, connection)


def test_soft() -> None:
    reading = script("ipseccmd -f 0+* -n ESP[3DES,SHA] -soft -1e 300\n")
    assert only_action(reading).soft
    assert "NS104" in codes(reading)


def test_dynamic_mode_is_one_policy_in_force() -> None:
    reading = script("ipseccmd -f 0+* -n BLOCK\nipseccmd -f 0+10.0.0.1 -n PASS\n")
    policy = only_policy(reading)
    assert (policy.store.kind, policy.assigned, len(policy.rules)) == (StoreKind.DYNAMIC, True, 2)
    assert select_policy(reading.store) is policy
    assert reading.store.not_understood == ()


def test_filters_in_brackets_are_dropped_and_in_parentheses_let_pass() -> None:
    reading = script("ipseccmd -f [*+0] (0:80+*::TCP) 0+10.0.0.1 -a p:x\n")
    actions = {action.name: action.action for action in reading.store.filter_actions}
    assert actions == {
        "ipseccmd rule 1": Action.NEGOTIATE,
        "ipseccmd rule 1 (block)": Action.BLOCK,
        "ipseccmd rule 1 (permit)": Action.PERMIT,
    }
    assert reading.store.not_understood == ()


@pytest.mark.parametrize("written", ["ipseccmd -f [0+*] -n PASS", f"{STATIC}-f (0+*)"])
def test_brackets_where_they_are_not_documented_are_undecided(written: str) -> None:
    reading = script(f"{written}\n")
    assert errors(reading) == []
    assert "IC042" in codes(reading)
    assert reading.store.not_understood != ()


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        ("ipseccmd -f 0+* -n BLOCK\nipseccmd -u", []),
        ("ipseccmd -u\nipseccmd -f 0+* -n BLOCK", ["ipseccmd rule 1"]),
        ("ipseccmd -f 0+* -n BLOCK\nnet stop policyagent\nnet start policyagent", []),
    ],
)
def test_what_is_deleted_is_not_in_force(lines: str, left: list[str]) -> None:
    reading = script(f"{lines}\n")
    assert [rule.name for policy in reading.store.policies for rule in policy.rules] == left
    assert reading.store.not_understood == ()


def test_static_mode_builds_one_policy_of_all_lines() -> None:
    reading = script(
        'ipsecpol -w REG -p "MyPol" -y -o\n'
        'ipsecpol -w REG -p "MyPol":30 -r "GoHTTP" -n PASS -f 0:80+*::TCP\n'
        'ipsecpol -x -w reg -p mypol -r "Rest" -f *+0 -n BLOCK\n'
    )
    assert errors(reading) == []
    policy = only_policy(reading)
    assert (policy.name, policy.assigned, policy.polling_interval_seconds) == ("MyPol", True, 1800)
    assert [(rule.name, rule.filter_list, rule.filter_action) for rule in policy.rules] == [
        ("GoHTTP", "MyPol: GoHTTP", "MyPol: GoHTTP"),
        ("Rest", "MyPol: Rest", "MyPol: Rest"),
    ]
    assert [action.action for action in reading.store.filter_actions] == [Action.PERMIT, Action.BLOCK]
    assert reading.store.not_understood == ()
    assert policy.rules[1].origin == Origin("login.bat", 3, 1, 54)


def test_seen_in_the_wild_with_a_variable() -> None:
    reading = script(
        "set list=*=0:135:TCP *=0:445:TCP\nIPSecCmd -w reg -p ipsec:1 -r filterlist -f %list% -n BLOCK -x >nul\n"
    )
    assert only_policy(reading).polling_interval_seconds == 60
    assert [f.destination_port.first for f in reading.store.filter_lists[0].filters] == [135, 445]


def test_loops_and_blocks() -> None:
    reading = script(
        'if 1==1 (\n  for %%p in (135 139) do @ipseccmd.exe -w REG ^\n -p P -r "Port %%p" -f *+0:%%p:TCP -n BLOCK\n)\n'
    )
    assert [rule.name for rule in only_policy(reading).rules] == ["Port 135", "Port 139"]
    assert reading.store.not_understood == ()


@pytest.mark.parametrize(
    ("lines", "rules", "policies"),
    [
        ("{0}-f 0+* -n PASS\nipsecpol -w REG -p P -r R -o", [], ["P"]),
        ("{0}-f 0+* -n PASS\nipsecpol -w REG -p p -o", [], []),
        ("{0}-f 0+* -n PASS\nipsecpol -w REG -p Q -o", ["R"], ["P"]),
        ("{0}-f 0+* -n PASS\n{0}-f 0+* -n PASS", ["R"], ["P"]),
    ],
)
def test_delete_and_repeat(lines: str, rules: list[str], policies: list[str]) -> None:
    reading = script(lines.format(STATIC) + "\n")
    assert [policy.name for policy in reading.store.policies] == policies
    assert [rule.name for policy in reading.store.policies for rule in policy.rules] == rules
    assert len(reading.store.filter_lists) == len(rules)
    assert reading.store.not_understood == ()


@pytest.mark.parametrize(
    ("lines", "assigned"),
    [
        ("{0}-f 0+* -n PASS -x", ["P"]),
        ("{0}-f 0+* -n PASS -x\nipsecpol -w REG -p P -y", []),
        ("{0}-f 0+* -n PASS -x\nipsecpol -w REG -p Q -r S -f 0+* -n BLOCK -x", ["Q"]),
        ("{0}-f 0+* -n PASS\nipseccmd -w REG -p P -x", ["P"]),
    ],
)
def test_assignment(lines: str, assigned: list[str]) -> None:
    store = script(lines.format(STATIC) + "\n").store
    assert [policy.name for policy in store.policies if policy.assigned] == assigned


def test_a_policy_of_a_domain() -> None:
    reading = script("ipseccmd -w DS:corp.example.com -p P -r R -f 0+* -n BLOCK -x\n")
    policy = only_policy(reading)
    assert (policy.store, policy.assigned) == (StoreLocation(StoreKind.DOMAIN, "corp.example.com"), False)
    assert {"NS066", "IC040"} <= codes(reading)


def test_the_default_response_rule() -> None:
    reading = script("ipseccmd -w REG -p P -r R -f DEFAULT -n ESP[3DES,SHA] -a p:x\n")
    response = only_policy(reading).default_response
    assert response is not None
    assert (response.active, response.offers, response.authentication) == (True, (ESP,), (PresharedKey(Secret("x")),))
    assert "IC040" in codes(reading)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ("{0}-f 0+* -n PASS\n{0}-f 0+* -n BLOCK", "IC044"),
        ("{0}-f 0+* -n PASS\n{0}-f 0+10.0.0.1 -n PASS", "IC044"),
        ("{0}-f 0+* -n PASS\n{0}-f 0+* -n PASS -lan", "IC044"),
        ("{0}-f 0+* -n PASS\nipsecpol -w REG -p P -r S -f 0+* -n PASS -1p", "IC045"),
        ("ipsecpol -w REG -p P -r R -f DEFAULT\nipsecpol -w REG -p P -r S -f DEFAULT -a p:x", "IC045"),
        ("ipsecpol -w REG -p P -r R -f DEFAULT -n PASS", "IC045"),
        ("ipseccmd -f 0+* -n PASS\nipseccmd -f 0+* -n BLOCK", "IC046"),
        ("ipseccmd -f 0+* -n ESP[DES,MD5]P ESP[DES,SHA]", "IC043"),
        ("ipseccmd -f 0+* -n ESP[DES,MD5]P1 ESP[DES,SHA]P2", "IC043"),
        ("ipseccmd -f 0+* -n ESP[DES,MD5] -1f 0+*", "IC047"),
        ("ipseccmd -f 0+* -n AH[MD5] -1p\nipseccmd -f 0+10.0.0.1 -n AH[MD5]", "NS106"),
        (
            "netsh ipsec dynamic add mmpolicy M\nnetsh ipsec dynamic add rule me any M\nipseccmd -u",
            "IC049",
        ),
        ("ipseccmd -f 0.0.0.0+10.0.0.1 -n PASS", "NS044"),
        ("ipseccmd -f DEFAULT -n AH[MD5]", "IC040"),
        ("ipseccmd -f 0+* -n PASS -confirm", "NS090"),
        ("if exist x ipseccmd -f 0+* -n PASS", "NS090"),
        ("{0}-f 0+* -n PASS -x\nipseccmd -f 0+10.0.0.1 -n BLOCK", "NS101"),
    ],
)
def test_what_is_not_known_makes_the_store_undecided(lines: str, code: str) -> None:
    reading = script(lines.format(STATIC) + "\n")
    assert errors(reading) == []
    assert code in codes(reading)
    assert reading.store.not_understood != ()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("ipseccmd -f 0+* -q", "IC001"),
        ("ipseccmd 0+* -n PASS", "IC002"),
        ("ipseccmd -f -n PASS", "IC003"),
        ("ipseccmd -f 0+* -n", "IC003"),
        ("ipseccmd -f 0+* -lan yes", "IC004"),
        ("ipseccmd -w REG -p My Policy -r R -f 0+*", "IC004"),
        ("ipseccmd -f 0+* -n PASS -n BLOCK", "IC005"),
        ('ipseccmd -f 0+* -w REG -p "P -r R', "IC006"),
        ("ipseccmd -n PASS", "IC007"),
        ("ipseccmd -w REG -f 0+* -r R", "IC007"),
        ("ipseccmd -w REG -p P -f 0+*", "IC007"),
        ("ipseccmd -w REG -p P -r R", "IC007"),
        ("ipseccmd -f 0+* -lan -dialup", "IC008"),
        ("ipseccmd -w REG -p P -x -y", "IC008"),
        ("ipseccmd -u -f 0+*", "IC008"),
        ("ipseccmd -p P -r R -f 0+*", "IC009"),
        ("ipseccmd -f 0+* -x", "IC009"),
        ("ipseccmd -f 0+* -a PRESHARE:my key", "IC010"),
        ("ipseccmd -f 0+* -a NTLM", "IC027"),
        ("ipseccmd -f 0+* -1s 3DES-SHA1-2", "IC028"),
        ("ipseccmd -f 0+* -1k 10", "IC028"),
        ("ipseccmd -w HKLM -p P -r R -f 0+*", "IC029"),
        ("ipseccmd -f 0+* -1e soon", "IC030"),
        ("ipseccmd -f 0+* -t no", "NS023"),
        ("ipseccmd -w REG -p P -x", "NS053"),
    ],
)
def test_mistakes_are_refused_and_what_follows_is_still_read(line: str, code: str) -> None:
    reading = script(f"{line}\nipseccmd -f 0+10.0.0.9 -n BLOCK\n")
    assert {error.code for error in errors(reading)} == {code}
    for error in errors(reading):
        assert error.origin.line == 1
        assert error.advice
    assert [len(filter_list.filters) for filter_list in reading.store.filter_lists] == [1]
    assert {error.severity for error in script(f"{line}\nipseccmd -u\n", "errors").diagnostics} <= {
        Severity.WARNING,
        Severity.INFO,
    }


def test_every_mistake_of_a_line_is_found() -> None:
    reading = script("ipseccmd -f *0= -n PERMIT -a NTLM -zz\n")
    assert [error.code for error in errors(reading)] == ["IC021", "IC025", "IC027", "IC001"]


@pytest.mark.parametrize(
    "line",
    ["ipseccmd show filters", r"ipseccmd \\srv show all", "@IPSECCMD.EXE SHOW stats", "ipseccmd", "ipseccmd \\\\srv"],
)
def test_queries_and_help_change_nothing(line: str) -> None:
    reading = script(f"ipseccmd -f 0+* -n BLOCK\n{line}\n")
    assert errors(reading) == []
    assert len(only_policy(reading).rules) == 1
    if "show" in line.lower():
        assert "IC048" in codes(reading)
        assert reading.store.not_understood == ()


def test_a_line_for_another_host_is_said() -> None:
    reading = script("ipseccmd \\\\srv -f 0+* -n BLOCK\n")
    assert "BA008" in codes(reading)
    assert len(only_policy(reading).rules) == 1
    assert script("ipseccmd \\\\srv -f 0+* -n BLOCK\nipseccmd -f 0+* -n PASS\n").store.not_understood != ()


@pytest.mark.parametrize(
    "line",
    [
        '"C:\\Program Files\\Support Tools\\ipseccmd.exe" -f 0+* -n BLOCK',
        "cmd /c ipseccmd -f 0+* -n BLOCK",
        "start /wait ipsecpol.exe -f 0+* -n BLOCK",
        "psexec \\\\srv ipseccmd -f 0+* -n BLOCK",
        "ipseccmd -f 0+* -n BLOCK >nul 2>&1 && echo done",
    ],
)
def test_ways_to_start_the_program(line: str) -> None:
    reading = script(f"{line}\n")
    assert errors(reading) == []
    assert only_action(reading).action is Action.BLOCK


def test_powershell() -> None:
    reading = script('$port = 80\n& ipseccmd -f "*+0:${port}:TCP" -n BLOCK\n', file="x.ps1")
    assert errors(reading) == []
    (filter_list,) = reading.store.filter_lists
    assert filter_list.filters[0].destination_port == port(80)


def test_netsh_and_ipseccmd_edit_one_store() -> None:
    reading = script(
        "netsh ipsec static add policy name=P\n"
        "ipseccmd -w REG -p P -r R -f 0+* -n BLOCK\n"
        "netsh ipsec static set policy name=p assign=yes\n"
    )
    policy = only_policy(reading)
    assert (policy.assigned, [rule.name for rule in policy.rules]) == (True, ["R"])


def test_after_a_restart_dynamic_rules_are_gone() -> None:
    reading = script(f"{STATIC}-f 0+* -n PASS -x\nipseccmd -f 0+10.0.0.1 -n BLOCK\n", "restart")
    assert only_policy(reading).name == "P"
    assert "NS102" in codes(reading)
    assert reading.store.not_understood == ()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ipseccmd -f 0+* -n BLOCK\n", "ipseccmd"),
        ("@IPSECPOL \\\\h -u\n", "ipseccmd"),
        ("echo no ipseccmd here\n", "ipseccmd"),
        ("netsh ipsec static delete all\nipseccmd -u\n", "netsh-static"),
    ],
)
def test_the_format_is_detected(text: str, name: str) -> None:
    assert detect(Source("x.txt", text.encode())).name == name
    assert detect(Source("x.txt", text.encode("utf-16"))).name == name


def test_unverified_parts_warn_once_a_script() -> None:
    lines = "".join(f"ipseccmd -f 10.{n}.*.*+0 -n BLOCK\n" for n in range(3))
    said = [diagnostic for diagnostic in script(lines).diagnostics if diagnostic.code == "IC040"]
    assert [diagnostic.origin.line for diagnostic in said] == [1]


def test_what_is_read_can_be_flattened() -> None:
    reading = script("ipseccmd -f 0+* -n ESP[3DES,SHA] -a p:x\nipseccmd -f [*=0:135:TCP]\n")
    flat = flatten(reading.store, select_policy(reading.store))
    assert len(flat.filters) == 3
    assert flat.policy.main_mode == MainMode(flat.policy.main_mode.offers)


@pytest.mark.parametrize(
    "written", ["-a PRESHARE:hunter2", '-A k "p:a hunter2"', '-a c:"CN=A B" P:"hunter2', "-a p: hunter2"]
)
def test_a_line_that_cannot_be_filled_in_is_kept_without_its_key(written: str) -> None:
    reading = script(f"ipseccmd -f %1 {written}\n")
    assert len(reading.store.not_understood) == 1
    assert "hunter2" not in repr(reading)
