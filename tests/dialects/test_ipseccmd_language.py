"""Command lines of ipseccmd: what they can say survives writing and reading, and any text gives a reading."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from old_languages import main_mode_offers, quick_mode_offers
from strategies import address_ranges
from strategies.netsh import netsh_authentication, netsh_main_modes, netsh_names, netsh_quick_mode_offers

from ipsecmig.diagnostics import NOWHERE, Severity
from ipsecmig.dialects.base import Reading, ReadOptions
from ipsecmig.dialects.containers.command import IPSECCMD, Anchor, Command, Statement
from ipsecmig.dialects.ipseccmd import messages, syntax
from ipsecmig.dialects.netsh_static.execute import execute
from ipsecmig.dialects.notes import Note
from ipsecmig.model.algorithms import GROUPS, DhGroup
from ipsecmig.model.flatten import flatten
from ipsecmig.model.policy import (
    Action,
    AuthenticationMethod,
    Certificate,
    ConnectionType,
    Filter,
    FilterAction,
    Kerberos,
    MainMode,
    PresharedKey,
    Rule,
)
from ipsecmig.model.selectors import (
    ANY,
    ANY_PORT,
    ME,
    PORT_PROTOCOLS,
    Address,
    AddressRange,
    DnsName,
    Family,
    PortRange,
)


def run(text: str) -> Reading:
    statements: list[Statement] = [
        Command(IPSECCMD, line, "x.bat", (Anchor(0, number, 1),))
        for number, line in enumerate(text.split("\n"), 1)
        if line.strip()
    ]
    return execute(statements, ReadOptions())


# --- what the command line can say -----------------------------------------------------------------------------------


def _is_sayable(value: AddressRange) -> bool:
    return value.prefix_length not in (None, 0) and not (value.is_host and value.first == 0)


def sayable_addresses() -> SearchStrategy[Address]:
    """IPv4 hosts and subnets, any, me and host names."""
    stated = address_ranges(Family.IPV4).filter(_is_sayable)
    return st.one_of(st.just(ANY), st.just(ME), stated, st.just(DnsName("db.example.com")))


@st.composite
def sayable_filters(draw: DrawFn) -> Filter:
    protocol = draw(st.one_of(st.sampled_from([0, 1, 6, 17, 255]), st.integers(0, 255)))
    port = st.just(ANY_PORT)
    if protocol in PORT_PROTOCOLS:
        port |= st.integers(1, 65535).map(lambda p: PortRange(p, p))
    return Filter(
        draw(sayable_addresses()), draw(sayable_addresses()), protocol, draw(port), draw(port), draw(st.booleans())
    )


@st.composite
def sayable_actions(draw: DrawFn) -> FilterAction:
    action = draw(st.sampled_from(Action))
    if action is not Action.NEGOTIATE:
        return FilterAction("", action)
    offers = tuple(draw(st.lists(netsh_quick_mode_offers(), min_size=1, max_size=3)))
    pfs = draw(st.booleans())
    groups = st.none() | st.sampled_from([g for g, row in GROUPS.items() if row.netsh is not None])
    group: DhGroup | None = draw(groups) if pfs else None
    return FilterAction("", action, offers, pfs, group, draw(st.booleans()), draw(st.booleans()))


def _plain(methods: tuple[AuthenticationMethod, ...]) -> tuple[AuthenticationMethod, ...]:
    """Return `methods` with certificates as the command line names them: without quotation marks and flags."""
    return tuple(Certificate(m.authority.replace('"', "")) if isinstance(m, Certificate) else m for m in methods)


@st.composite
def sayable_rules(draw: DrawFn) -> tuple[Rule, tuple[Filter, ...], FilterAction]:
    name = draw(netsh_names())
    filters = tuple(draw(st.lists(sayable_filters(), min_size=1, max_size=3, unique=True)))
    host = address_ranges(Family.IPV4).map(lambda r: AddressRange(r.family, r.first, r.first))
    rule = Rule(
        name,
        f"P: {name}",
        f"P: {name}",
        _plain(draw(netsh_authentication())),
        draw(st.none() | host | st.just(DnsName("gw.example.com"))),
        draw(st.sampled_from(ConnectionType)),
    )
    return rule, filters, draw(sayable_actions())


# --- the writer ------------------------------------------------------------------------------------------------------


def said_address(address: Address) -> str:
    if isinstance(address, AddressRange):
        host, _, prefix = address.text().partition("/")
        mask = ".".join(str(byte) for byte in (0xFFFFFFFF << 32 - int(prefix or 32) & 0xFFFFFFFF).to_bytes(4, "big"))
        return f"{host}/{mask}" if prefix else host
    if isinstance(address, DnsName):
        return address.name
    return "*" if address == ANY else "0"


def said_side(address: Address, port: PortRange) -> str:
    return said_address(address) if port.is_any else f"{said_address(address)}:{port.first}"


def said_filter(value: Filter) -> str:
    destination = said_side(value.destination, value.destination_port)
    colon = "::" if value.destination_port.is_any else ":"
    sign = "+" if value.mirrored else "="
    return f"{said_side(value.source, value.source_port)}{sign}{destination}{colon}{value.protocol}"


def said_action(value: FilterAction) -> str:
    if value.action is not Action.NEGOTIATE:
        return {Action.PERMIT: "PASS", Action.BLOCK: "BLOCK"}[value.action]
    pfs = ""
    if value.pfs:
        pfs = " P" if value.pfs_group is None else f"PFS{GROUPS[value.pfs_group].netsh}"
    inpass = "INPASS " if value.inbound_passthrough else ""
    return inpass + quick_mode_offers(value.offers, sha="SHA", colon="", pfs=pfs) + (" -soft" if value.soft else "")


def said_method(method: AuthenticationMethod) -> str:
    if isinstance(method, Kerberos):
        return "K"
    if isinstance(method, PresharedKey):
        assert method.secret is not None
        return f'PRESHARE:"{method.secret.reveal()}"'
    return f'CERT:"{method.authority}"'


def said_rule(rule: Rule, filters: tuple[Filter, ...], action: FilterAction) -> str:
    tunnel = [] if rule.tunnel_endpoint is None else [f"-t {said_address(rule.tunnel_endpoint)}"]
    kind = [] if rule.connection_type is ConnectionType.ALL else [f"-{rule.connection_type.value}"]
    parts = [
        f"-f {' '.join(map(said_filter, filters))}",
        f"-n {said_action(action)}",
        f"-a {' '.join(map(said_method, rule.authentication))}",
    ]
    return " ".join([*parts, *tunnel, *kind])


def said_main_mode(value: MainMode) -> str:
    pfs = " -1p" if value.perfect_forward_secrecy else ""
    offers = main_mode_offers(value.offers, sha="SHA")
    return f"-1s {offers} -1k {value.quick_mode_limit}q/{value.lifetime_seconds}s{pfs}"


# --- round trips -----------------------------------------------------------------------------------------------------

RULES = st.lists(sayable_rules(), min_size=1, max_size=3, unique_by=lambda rule: rule[0].name.casefold())


def read_rules(reading: Reading) -> list[tuple[tuple[Filter, ...], FilterAction]]:
    found = []
    (policy,) = reading.store.policies
    for rule in policy.rules:
        filter_list = reading.store.filter_list(rule.filter_list, policy.store)
        action = reading.store.filter_action(rule.filter_action, policy.store)
        assert filter_list is not None
        assert action is not None
        filters = tuple(replace(filter_, origin=NOWHERE) for filter_ in filter_list.filters)
        found.append((filters, replace(action, name="", store=FilterAction("", Action.BLOCK).store)))
    return found


@settings(max_examples=100, deadline=None)
@given(RULES, netsh_main_modes(), st.integers(0, 5000), st.booleans())
def test_a_stored_policy_survives(
    rules: list[tuple[Rule, tuple[Filter, ...], FilterAction]], main_mode: MainMode, minutes: int, assigned: bool
) -> None:
    head = f'ipseccmd -w REG -p "P:{minutes}" {said_main_mode(main_mode)}'
    lines = [f'{head} -r "{rule.name}" {said_rule(rule, filters, action)}' for rule, filters, action in rules]
    reading = run("\n".join([*lines, f"ipseccmd -w REG -p P {'-x' if assigned else '-y'}"]))
    assert [d for d in reading.diagnostics if d.severity is Severity.ERROR] == []
    assert reading.store.not_understood == ()
    (policy,) = reading.store.policies
    assert policy.rules == tuple(rule for rule, _, _ in rules)
    assert read_rules(reading) == [(filters, action) for _, filters, action in rules]
    assert (policy.main_mode, policy.polling_interval_seconds, policy.assigned) == (main_mode, minutes * 60, assigned)


@settings(max_examples=60, deadline=None)
@given(sayable_rules(), netsh_main_modes())
def test_a_dynamic_rule_survives(sayable: tuple[Rule, tuple[Filter, ...], FilterAction], main_mode: MainMode) -> None:
    reading = run(f"ipseccmd {said_rule(*sayable)} {said_main_mode(main_mode)}")
    rule, filters, action = sayable
    assert reading.store.not_understood == ()
    assert read_rules(reading) == [(filters, action)]
    (policy,) = reading.store.policies
    (read,) = policy.rules
    assert (read.authentication, read.tunnel_endpoint, read.connection_type) == (
        rule.authentication,
        rule.tunnel_endpoint,
        rule.connection_type,
    )
    if action.action is Action.NEGOTIATE:
        assert policy.main_mode == main_mode


# --- fuzz ------------------------------------------------------------------------------------------------------------

LINES = [
    'ipseccmd -w REG -p "MyPol":5 -r "Go HTTP" -f 0:80+*::TCP *=0: 1434: UDP -n PASS -x',
    "ipsecpol \\\\srv -f (0+*) [10.*.*.*+0] DEFAULT db.example.com=0/255.255.255.255::47 -lan",
    'ipseccmd -f 0+* -n INPASS ESP[3DES,SHA]100000k/3600s P AH[MD5]+ESP[NONE,SHA] -a k PRESHARE:"a b" C:"CN=X" -soft',
    "ipseccmd -f 0=* -t 192.0.2.1 -1s 3DES-SHA-2 DES-MD5-1 -1k 10q/3600s -1p -1e 300 -1f 0+* -confirm -dialup",
    "ipseccmd -w DS:example.com -p P -o",
    "ipseccmd -w REG -p MyPol -r S -f 0+* -y",
    "ipseccmd -u",
    "ipseccmd show all",
]
WORDS = sorted({word for line in LINES for word in line.split()} | {'"', "-", "P", ":", "[", "-w", "%1"})


def check(reading: Reading, lines: int) -> None:
    for diagnostic in reading.diagnostics:
        assert 1 <= diagnostic.origin.line <= lines
        assert 1 <= diagnostic.origin.column < diagnostic.origin.end_column
        assert diagnostic.message
        assert "hunter2" not in diagnostic.text
    for policy in reading.store.policies:
        for rule in policy.rules:
            assert reading.store.filter_list(rule.filter_list, policy.store) is not None
            assert reading.store.filter_action(rule.filter_action, policy.store) is not None
        flatten(reading.store, policy)


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=60))
def test_any_text(text: str) -> None:
    check(run(f"ipseccmd {text}"), 1)
    check(run(text), 1)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*WORDS, "\n"]), max_size=25).map(" ".join))
def test_any_words(text: str) -> None:
    check(run(f"ipseccmd {text}"), text.count("\n") + 1)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_cut_and_spliced_lines(data: st.DataObject) -> None:
    text = "\n".join(data.draw(st.lists(st.sampled_from(LINES), min_size=1, max_size=5)))
    start, end = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, len(text)))
    check(run(text[:start] + text[end:]), 10)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["-a p:hunter2", '-a k P:"x hunter2 y"', '-a PRESHARE:"hunter2"']), st.data())
def test_no_neighbour_of_a_key_brings_it_to_light(method: str, data: st.DataObject) -> None:
    words = data.draw(st.lists(st.sampled_from(WORDS), max_size=8).filter(lambda ws: not any('"' in w for w in ws)))
    at = data.draw(st.integers(0, len(words)))
    reading = run(" ".join(["ipseccmd", *words[:at], method, *words[at:]]))
    assert "hunter2" not in repr(reading)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([*WORDS, " ", "\t"]), max_size=15).map("".join))
def test_sections_cover_the_text(text: str) -> None:
    position = 0
    for section in syntax.sections(text):
        assert not text[position : section.start].strip(" \t")
        assert text[section.start :].startswith(section.option)
        position = section.end
    assert not text[position:].strip(" \t")


def test_every_option_of_the_grammar_is_read() -> None:
    reading = run("\n".join(LINES))
    assert [d.code for d in reading.diagnostics if d.severity is Severity.ERROR] == []
    check(reading, len(LINES))


NOTES = [value for value in vars(messages).values() if isinstance(value, Note)]


@pytest.mark.parametrize("note", NOTES, ids=lambda note: note.code)
def test_notes_have_codes_of_their_own_and_give_advice(note: Note) -> None:
    assert [other.code for other in NOTES].count(note.code) == 1
    assert note.code.startswith("IC")
    assert note.advice or note.severity is Severity.INFO
