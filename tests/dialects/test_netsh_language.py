"""What the commands of netsh ipsec static do to the store."""

from __future__ import annotations

from dataclasses import replace

import pytest
from netsh_language import BASE, action, after_base, codes, commands, policy, rule, run

from ipsecmig.diagnostics import NOWHERE, Origin
from ipsecmig.dialects.base import ReadOptions
from ipsecmig.dialects.containers.command import Anchor, Command, FilterRun, HostSetting, Opaque
from ipsecmig.dialects.netsh_static.execute import execute
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.policy import (
    Action,
    AhTransform,
    Certificate,
    ConnectionType,
    EspTransform,
    Filter,
    Kerberos,
    MainModeOffer,
    PresharedKey,
    QuickModeOffer,
    Secret,
    StoreKind,
    StoreLocation,
)
from ipsecmig.model.selectors import (
    ANY,
    ME,
    TCP,
    UDP,
    Address,
    AddressRange,
    DnsName,
    PortRange,
    ServerAddress,
    ServerRole,
)


def only_filter(parameters: str) -> Filter:
    reading = run(f"add filter filterlist=L {parameters}")
    (filter_list,) = reading.store.filter_lists
    (filter_,) = filter_list.filters
    return replace(filter_, origin=NOWHERE)


TO_ME_445 = Filter(ANY, ME, TCP, destination_port=PortRange(445, 445))


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("srcaddr=any dstaddr=me", Filter(ANY, ME)),
        ("srcaddr=Any dstaddr = Me protocol= tcp dstport =445", TO_ME_445),
        ("SRCADDR=ANY DSTADDR=ME PROTOCOL=TCP DSTPORT=445", TO_ME_445),
        ('srcaddr="any" dstaddr="me" protocol="6" dstport="445"', TO_ME_445),
        ("dstport=445 protocol=tcp dstaddr=me srcaddr=any", TO_ME_445),
        ("any me protocol=TCP dstport=445", TO_ME_445),
        ("any srcmask=0 srcport=0 dstaddr=me protocol=tcp dstport=445", TO_ME_445),
        ('any me "" TCP yes 0 32 0 445', TO_ME_445),
        ("srcaddr=any dstaddr=me mirror=no", Filter(ANY, ME, mirrored=False)),
        ("srcaddr=any dstaddr=me mirrored=y", Filter(ANY, ME, mirrored=True)),
        ("srcaddr=any dstaddr=me prot=udp srcp=53", Filter(ANY, ME, UDP, source_port=PortRange(53, 53))),
        ("srcaddr=any dstaddr=me protocol=47", Filter(ANY, ME, 47)),
        ("srcaddr=any dstaddr=me protocol=ICMP", Filter(ANY, ME, 1)),
        ("srcaddr=any dstaddr=me protocol=raw", Filter(ANY, ME, 255)),
        ("srcaddr=any dstaddr=me protocol=any dstport=0", Filter(ANY, ME)),
        ('srcaddr=any dstaddr=me desc="a = b, srcaddr=x"', Filter(ANY, ME, description="a = b, srcaddr=x")),
        ('srcaddr=any dstaddr=me "description=two words"', Filter(ANY, ME, description="two words")),
    ],
)
def test_a_filter_is_what_its_parameters_say(parameters: str, expected: Filter) -> None:
    assert only_filter(parameters) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("srcaddr=10.1.2.3", AddressRange.parse("10.1.2.3")),
        ("srcaddr=10.1.2.0 srcmask=24", AddressRange.parse("10.1.2.0/24")),
        ("srcaddr=10.1.2.0 srcmask=255.255.255.0", AddressRange.parse("10.1.2.0/24")),
        ("srcaddr=10.1.2.5 srcmask=255.255.255.0", AddressRange.parse("10.1.2.0/24")),
        ("srcaddr=10.1.0.0/16", AddressRange.parse("10.1.0.0/16")),
        ("srcaddr=10.1.0.0/255.255.0.0", AddressRange.parse("10.1.0.0/16")),
        ("srcaddr=10.1.2.3-10.1.2.9", AddressRange.parse("10.1.2.3-10.1.2.9")),
        ("srcaddr=2001:db8::1", AddressRange.parse("2001:db8::1")),
        ("srcaddr=2001:db8:: srcmask=32", AddressRange.parse("2001:db8::/32")),
        ("srcaddr=2001:db8::1-2001:db8::9", AddressRange.parse("2001:db8::1-2001:db8::9")),
        ("srcaddr=0.0.0.0 srcmask=0.0.0.0", ANY),
        ("srcaddr=0.0.0.0/0", ANY),
        ("srcaddr=0.0.0.0 srcmask=255.255.255.255", ME),
        ("srcaddr=0.0.0.0", ME),
        ("srcaddr=any srcmask=255.255.255.255", ANY),
        ("srcaddr=dns", ServerAddress(ServerRole.DNS)),
        ("srcaddr=Gateway srcmask=32", ServerAddress(ServerRole.GATEWAY)),
        ("srcaddr=ads.example.com", DnsName("ads.example.com")),
        ("srcaddr=anyhost", DnsName("anyhost")),
        ("srcaddr=1and1.example", DnsName("1and1.example")),
    ],
)
def test_addresses(written: str, expected: Address) -> None:
    assert only_filter(f"{written} dstaddr=me").source == expected
    swapped = written.replace("src", "dst")
    assert only_filter(f"srcaddr=me {swapped}").destination == expected


def test_a_filter_makes_its_list_and_keeps_its_place() -> None:
    reading = run("\nadd filter filterlist=Web srcaddr=any dstaddr=me\nadd filter filterlist=WEB srcaddr=me dstaddr=me")
    (filter_list,) = reading.store.filter_lists
    assert filter_list.name == "Web"
    assert [filter_.origin for filter_ in filter_list.filters] == [
        Origin("script.txt", 2, 1, 49),
        Origin("script.txt", 3, 1, 48),
    ]
    assert not reading.diagnostics


def test_a_value_from_a_variable_points_at_the_variable() -> None:
    anchors = (Anchor(0, 3, 10), Anchor(21, 3, 40), Anchor(24, 3, 46))
    reading = execute([Command("ipsec static", "add filterlist name=Web x", "f.bat", anchors)], ReadOptions())
    (message,) = reading.diagnostics
    assert message.origin == Origin("f.bat", 3, 46, 47)


@pytest.mark.parametrize(
    ("parameters", "lifetime", "limit", "pfs"),
    [
        ("", 28800, 0, False),
        ("mmlifetime=60", 3600, 0, False),
        ("qmpermm=5", 28800, 5, False),
        ("mmpfs=yes", 28800, 1, True),
        ("mmpfs= y qmpermm=7", 28800, 1, True),
        ("mmpfs=no qmpermm=7", 28800, 7, False),
    ],
)
def test_main_mode(parameters: str, lifetime: int, limit: int, pfs: bool) -> None:
    main_mode = policy(run(f"add policy P {parameters}")).main_mode
    assert main_mode.lifetime_seconds == lifetime
    assert (main_mode.quick_mode_limit, main_mode.perfect_forward_secrecy) == (limit, pfs)


def test_main_mode_offers_stand_in_order() -> None:
    offers = policy(run('add policy P mmsec="3DES-SHA1-3 des-md5-1"')).main_mode.offers
    assert offers == (
        MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP2048),
        MainModeOffer(Encryption.DES, Integrity.MD5, DhGroup.MODP768),
    )


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("AH[MD5]", QuickModeOffer((AhTransform(Integrity.MD5),))),
        ("ESP[3DES,SHA1]", QuickModeOffer((EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1),))),
        ("esp[none,sha1]", QuickModeOffer((EspTransform(Encryption.NULL, Integrity.SHA1),))),
        ("ESP[DES,None]", QuickModeOffer((EspTransform(Encryption.DES, None),))),
        ("AH[SHA1]:204800k/300s", QuickModeOffer((AhTransform(Integrity.SHA1),), 300, 204800)),
        ("AH[SHA1]:3600s", QuickModeOffer((AhTransform(Integrity.SHA1),), 3600)),
        ("AH[SHA1]:100000k", QuickModeOffer((AhTransform(Integrity.SHA1),), 0, 100000)),
        ("AH[SHA1]:0k/0s", QuickModeOffer((AhTransform(Integrity.SHA1),))),
        (
            "AH[SHA1]+ESP[DES,MD5]",
            QuickModeOffer((AhTransform(Integrity.SHA1), EspTransform(Encryption.DES, Integrity.MD5))),
        ),
    ],
)
def test_quick_mode_offers(written: str, expected: QuickModeOffer) -> None:
    reading = run(f'add filteraction N action=negotiate qmsec="{written} AH[SHA1]:86400s"')
    assert action(reading, "N").offers == (expected, QuickModeOffer((AhTransform(Integrity.SHA1),), 86400))
    assert not reading.diagnostics


def test_a_filter_action_has_what_its_parameters_say() -> None:
    made = action(run('add filteraction N "a text" qmpfs=y inpass=y soft=n action=neg qmsec="AH[MD5]"'), "N")
    assert (made.description, made.action, made.pfs, made.inbound_passthrough, made.soft) == (
        "a text",
        Action.NEGOTIATE,
        True,
        True,
        False,
    )


@pytest.mark.parametrize(("word", "expected"), [("permit", Action.PERMIT), ("Block", Action.BLOCK)])
def test_an_action_that_does_not_negotiate_has_no_offers(word: str, expected: Action) -> None:
    made = action(run(f'add filteraction A action={word} qmsec="AH[MD5]" soft=yes'), "A")
    assert (made.action, made.offers, made.soft) == (expected, (), False)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("", (Kerberos(),)),
        ("kerberos=yes", (Kerberos(),)),
        ('psk="a b=c/d\'é"', (PresharedKey(Secret("a b=c/d'é")),)),
        ("psk=YWJj=", (PresharedKey(Secret("YWJj=")),)),
        ("psk=x kerberos=yes", (PresharedKey(Secret("x")), Kerberos())),
        ("kerberos=yes psk=x", (Kerberos(), PresharedKey(Secret("x")))),
        ("kerberos=no psk=x", (PresharedKey(Secret("x")),)),
        (
            'rootca="CN=\\\'A, B\\\' C certmap:yes excludecaname:no" kerberos=yes rootca="CN=D excludecaname:y"',
            (Certificate('CN="A, B" C', map_to_account=True), Kerberos(), Certificate("CN=D", False, True)),
        ),
    ],
)
def test_authentication_stands_in_the_order_of_preference(parameters: str, expected: tuple[object, ...]) -> None:
    reading = after_base(f"add rule R P L N {parameters}")
    assert rule(reading).authentication == expected
    assert not [d for d in reading.diagnostics if d.code != "NS065"]


@pytest.mark.parametrize(
    ("parameters", "endpoint"),
    [
        ("", None),
        ("tunnel=192.0.2.1", AddressRange.parse("192.0.2.1")),
        ("tunnel=gw.example.com", DnsName("gw.example.com")),
        ("tunnel=no", None),
    ],
)
def test_the_tunnel_endpoint(parameters: str, endpoint: object) -> None:
    assert rule(after_base(f"add rule R P L N kerberos=yes {parameters}")).tunnel_endpoint == endpoint


def test_a_rule_has_what_its_parameters_say() -> None:
    made = rule(after_base("add rule name=R pol=p filterl=l filtera=n conn=lan activate=no desc=text kerberos=yes"))
    assert (made.filter_list, made.filter_action) == ("L", "N")
    assert (made.connection_type, made.active, made.description) == (ConnectionType.LAN, False, "text")


def test_set_rule_changes_what_is_given() -> None:
    reading = after_base(
        "add rule R P L N kerberos=yes tunnel=192.0.2.1\n"
        "add filterlist L2\n"
        "set rule R P newname=R2 filterlist=l2 filteraction=b tunnel=no conntype=dialup psk=k"
    )
    made = rule(reading, "R2")
    assert (made.filter_list, made.filter_action, made.tunnel_endpoint) == ("L2", "B", None)
    assert made.connection_type is ConnectionType.DIALUP
    assert made.authentication == (PresharedKey(Secret("k")),)


@pytest.mark.parametrize(
    ("command", "left"),
    [
        ("del rule A P", ["B"]),
        ("delete rule name=a policy=p", ["B"]),
        ("del rule all P", []),
        ("delete rule all policy=P", []),
        ("delete rule id=1 policy=P", ["B"]),
        ("delete rule C P", ["A", "B"]),
        ("delete rule A Q", ["A", "B"]),
    ],
)
def test_delete_rule(command: str, left: list[str]) -> None:
    reading = after_base(f"add rule A P L B\nadd rule B P L B\n{command}")
    assert [made.name for made in policy(reading).rules] == left


def test_rules_follow_the_new_names_of_lists_and_actions() -> None:
    reading = after_base("add rule R P L B\nset filterlist l newname=L2\nset filteraction b newname=B2")
    assert (rule(reading).filter_list, rule(reading).filter_action) == ("L2", "B2")
    assert reading.store.filter_list("L2") is not None
    assert reading.store.filter_list("L") is None
    assert not reading.diagnostics


@pytest.mark.parametrize("command", ["set policy P Q", "set policy name=p newname=Q", "set policy na=P newn=Q"])
def test_a_policy_takes_a_new_name(command: str) -> None:
    assert [made.name for made in run(f"add policy P\n{command}").store.policies] == ["Q"]


def test_set_policy_keeps_what_is_not_given() -> None:
    before = 'add policy P "text" mmpfs=yes mmlifetime=60 pollinginterval=5 mmsec="DES-MD5-1" assign=yes'
    made = policy(run(f"{before}\nset policy P desc=other activatedefaultrule=no gponame=G"))
    assert (made.description, made.assigned, made.gpo, made.polling_interval_seconds) == ("other", True, "G", 300)
    assert made.main_mode == policy(run(before)).main_mode
    assert made.default_response is not None
    assert not made.default_response.active


@pytest.mark.parametrize(
    ("script", "assigned"),
    [
        ("add policy A assign=y\nadd policy B assign=y", ["B"]),
        ("add policy A assign=y\nadd policy B\nset policy B assign=yes\nset policy A assign=yes", ["A"]),
        ("add policy A assign=y\nset policy A assign=n", []),
        ("add policy A assign=y\nset store persistent\nadd policy B assign=y", ["A", "B"]),
        ("set store location=domain domain=example.com\nadd policy A assign=y", []),
    ],
)
def test_the_last_assigned_policy_of_a_store_wins(script: str, assigned: list[str]) -> None:
    assert [made.name for made in run(script).store.policies if made.assigned] == assigned


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("set store Local", StoreLocation()),
        ("set store location=persistent", StoreLocation(StoreKind.PERSISTENT)),
        ("set store dom example.com", StoreLocation(StoreKind.DOMAIN, "example.com")),
    ],
)
def test_objects_carry_their_store(command: str, expected: StoreLocation) -> None:
    store = run(f"{command}\n{BASE}add rule R P L B").store
    assert store.policies[0].store == store.filter_lists[0].store == store.filter_actions[0].store == expected


def test_stores_do_not_see_each_other() -> None:
    reading = run(f"{BASE}set store persistent\nadd policy Q\nadd rule R Q L B")
    assert codes(reading) == ["NS053", "NS053"]


@pytest.mark.parametrize("active", ["yes", "no"])
def test_every_policy_has_a_default_response_rule(active: str) -> None:
    response = policy(run(f"add policy P activatedefaultrule={active}")).default_response
    assert response is not None
    assert response.active == (active == "yes")
    assert response.authentication == (Kerberos(),)


def test_set_defaultrule() -> None:
    response = policy(
        run('add policy P\nset defaultrule P qmpfs=yes activate=no qmsec="AH[MD5]" psk=k')
    ).default_response
    assert response is not None
    assert (response.pfs, response.active) == (True, False)
    assert response.offers == (QuickModeOffer((AhTransform(Integrity.MD5),)),)
    assert response.authentication == (PresharedKey(Secret("k")),)


@pytest.mark.parametrize(
    ("command", "left"),
    [
        ("delete policy p", (0, 1, 2)),
        ("del policy all", (0, 1, 2)),
        ("DELETE ALL", (0, 0, 0)),
        ("delete filterlist L", (1, 0, 2)),
        ("delete filterlist all", (1, 0, 2)),
        ("delete filteraction N", (1, 1, 1)),
        ("delete filteraction all", (1, 1, 0)),
        ("delete policy X", (1, 1, 2)),
        ("set store persistent\ndelete all", (1, 1, 2)),
    ],
)
def test_delete(command: str, left: tuple[int, int, int]) -> None:
    store = after_base(command).store
    assert (len(store.policies), len(store.filter_lists), len(store.filter_actions)) == left


@pytest.mark.parametrize(
    ("command", "left"),
    [
        ("delete filter l any me protocol=tcp dstport=80", 1),
        ("delete filter L any me protocol=tcp dstport=81", 2),
        ("delete filter L any me protocol=tcp dstport=80 mirrored=no", 2),
        ("delete filter X any me", 2),
    ],
)
def test_delete_filter_needs_every_parameter_to_match(command: str, left: int) -> None:
    reading = run(
        "add filter L any me protocol=tcp dstport=80 description=web\n"
        f"add filter L any me protocol=udp dstport=80\n{command}"
    )
    assert len(reading.store.filter_lists[0].filters) == left


def test_a_filter_that_may_be_deleted_makes_the_store_undecided() -> None:
    reading = run("add filter L any me protocol=tcp mirrored=no\ndelete filter L any me protocol=tcp")
    assert codes(reading) == ["NS057"]
    assert len(reading.store.not_understood) == 1


@pytest.mark.parametrize(
    "script",
    [
        "show all",
        "sh policy name=x level=verbose",
        "show",
        "dump",
        "?",
        "help",
        "set batch mode=enable",
        "set interactive mode=disable",
        "exportpolicy file = ./x.ipsec",
        "exp x.ipsec",
    ],
)
@pytest.mark.parametrize("condition", ["", "if asked"])
def test_what_changes_nothing_is_silent(script: str, condition: str) -> None:
    reading = run(script, condition=condition)
    assert not reading.diagnostics
    assert not reading.store.not_understood


@pytest.mark.parametrize("script", ["importpolicy x.ipsec", "importpolicy file=x", "restorepolicyexamples win2k"])
def test_imports_are_not_understood_unless_assumed_empty(script: str) -> None:
    assert len(run(script).store.not_understood) == 1
    assert not run(script, "imports").store.not_understood


def test_references_after_an_import_are_undecided_not_wrong() -> None:
    reading = run("importpolicy x.ipsec\nset policy P assign=y")
    assert codes(reading) == ["NS080", "NS055"]
    assert len(reading.store.not_understood) == 2


def test_what_is_conditional_is_kept_but_not_carried_out() -> None:
    reading = run("add policy P", condition="if exist x")
    assert not reading.store.policies
    assert [kept.text for kept in reading.store.not_understood] == ["add policy P"]
    assert "if exist x" in reading.store.not_understood[0].reason
    assert codes(reading) == ["NS090"]
    assert [made.name for made in run("add policy P", "conditions", condition="if exist x").store.policies] == ["P"]


def test_deleting_from_an_empty_store_depends_on_nothing() -> None:
    reading = run("delete policy P\ndelete all", condition="if exist x")
    assert not reading.diagnostics
    assert not reading.store.not_understood
    reading = execute([*commands("add policy P"), *commands("delete all", condition="if exist x")], ReadOptions())
    assert codes(reading) == ["NS090"]


def test_the_assumption_errors_turns_errors_into_warnings() -> None:
    script = "add policy P frobnicate=1\nadd policy Q"
    assert [d.severity.label for d in run(script).diagnostics] == ["error"]
    assert [d.severity.label for d in run(script, "errors").diagnostics] == ["warning"]
    assert [made.name for made in run(script, "errors").store.policies] == ["Q"]


def test_rule_numbers_are_undecided_unless_assumed() -> None:
    script = "add rule R P L B\nset rule id=1 policy=P activate=no"
    reading = after_base(script)
    assert codes(reading) == ["NS058"]
    assert len(reading.store.not_understood) == 1
    reading = after_base(script, "rule-ids")
    assert not reading.diagnostics
    assert not rule(reading).active


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("set config property=ipsecexempt value=3", (3, None, None)),
        ("set config ipsecex 0", (0, None, None)),
        ("set config property=bootmode value=Block", (None, "block", None)),
        ('set config bootexemptions "TCP:0:3389:inbound"', (None, None, "TCP:0:3389:inbound")),
    ],
)
def test_dynamic_settings_of_the_host(command: str, expected: tuple[object, ...]) -> None:
    reading = run(command, context="ipsec dynamic")
    settings = reading.store.settings
    assert (settings.exemptions, settings.boot_mode, settings.boot_exemptions) == expected
    assert not reading.diagnostics


def test_other_dynamic_commands_are_kept() -> None:
    reading = run("set config strongcrlcheck 1\nset config ikelogging 1\nshow all", context="ipsec dynamic")
    assert [kept.text for kept in reading.store.not_understood] == ["set config strongcrlcheck 1"]
    assert codes(reading) == ["NS082", "NS083"]


def test_other_contexts_are_kept_without_their_keys() -> None:
    reading = run("consec add rule name=x auth1psk=hunter2", context="advfirewall")
    assert [kept.text for kept in reading.store.not_understood] == ["advfirewall consec add rule name=x auth1psk=..."]


def test_settings_and_opaque_statements() -> None:
    place = Origin("f", 7, 1, 5)
    reading = execute(
        [HostSetting("exemptions", 1, place), Opaque("call x.bat psk=hunter2", "it is another file", place)],
        ReadOptions(),
        ("f",),
    )
    assert reading.store.settings.exemptions == 1
    (kept,) = reading.store.not_understood
    assert (kept.text, kept.reason, kept.origin) == ("call x.bat psk=...", "it is another file", place)
    assert codes(reading) == ["NS091"]
    assert reading.store.sources == ("f",)


def test_statements_run_in_order_with_runs_among_them() -> None:
    run_ = FilterRun("netsh ipsec static add filter L any me\n", "script.txt", 2)
    reading = execute([*commands("add filterlist L x"), run_, *commands("delete filterlist L", first=3)], ReadOptions())
    assert not reading.store.filter_lists
