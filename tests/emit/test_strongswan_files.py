"""strongSwan: the text of the emitted files, and what they say that they cannot say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import sites, stores

from emit import charon_evaluator
from emit.charon_evaluator import Settings, inner, text_of
from ipsecmig.emit import strongswan
from ipsecmig.emit.strongswan.distinguished import ca_identity
from ipsecmig.emit.strongswan.names import slug
from ipsecmig.emit.strongswan.settings import secret_value
from ipsecmig.model.accounting import attributes
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.attributes import AttributeKind
from ipsecmig.model.flatten import flatten
from ipsecmig.model.policy import (
    Action,
    AhTransform,
    AuthenticationMethod,
    Certificate,
    ConnectionType,
    DefaultResponseRule,
    EspTransform,
    Filter,
    FilterAction,
    FilterList,
    Kerberos,
    MainMode,
    MainModeOffer,
    Policy,
    PolicyStore,
    PresharedKey,
    QuickModeOffer,
    Rule,
    Secret,
    Transform,
)
from ipsecmig.model.selectors import ANY, ME, Address, AddressRange
from ipsecmig.model.site import UNKNOWN_SITE, Site
from ipsecmig.model.targets import Emission, EmissionRequest, Loss, LossKind, SecurityDirection
from ipsecmig.model.windows import WindowsVersion

ESP = EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1)
DES = EspTransform(Encryption.DES, Integrity.MD5)
AH = AhTransform(Integrity.MD5)
OFFERS: Final = (QuickModeOffer((ESP,), 3600, 100000),)
MAIN_MODE: Final = MainMode((MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024),))
SECURE = FilterAction("Secure", Action.NEGOTIATE, OFFERS)
PSK = PresharedKey(Secret("abc"))
NET = AddressRange.parse("10.2.0.0/16")
CLOSED, OPEN = SecurityDirection.FAILS_CLOSED, SecurityDirection.FAILS_OPEN


def request(
    *rules: tuple[Rule, tuple[Filter, ...]],
    action: FilterAction = SECURE,
    main_mode: MainMode = MAIN_MODE,
    response: DefaultResponseRule | None = None,
    site: Site = UNKNOWN_SITE,
    name: str = "P",
) -> EmissionRequest:
    policy = Policy(name, main_mode, tuple(rule for rule, _ in rules), response, assigned=True)
    lists = tuple(FilterList(rule.filter_list, filters) for rule, filters in rules)
    store = PolicyStore((policy,), lists, (action,))
    return EmissionRequest(store, policy, flatten(store, policy, site), ("ipsecmig", "source: test"))


def secured(
    *methods: AuthenticationMethod,
    action: FilterAction = SECURE,
    main_mode: MainMode = MAIN_MODE,
    remote: Address = NET,
    site: Site = UNKNOWN_SITE,
) -> EmissionRequest:
    rule = Rule("R", "L", action.name, methods or (PSK,))
    return request((rule, (Filter(ME, remote),)), action=action, main_mode=main_mode, site=site)


def text(emission: Emission, end: str = "swanctl.conf") -> str:
    return next(file.content.decode() for file in emission.files if file.path.endswith(end))


def parsed(asked: EmissionRequest) -> Settings:
    return charon_evaluator.parse(text(strongswan.emit(asked)))


def connections(asked: EmissionRequest) -> dict[str, Settings]:
    """Return the IKE connections of what is emitted, without those that hold shunts."""
    found = inner(charon_evaluator.parse(text(strongswan.emit(asked))), "connections")
    return {name: inner(found, name) for name in found if not name.startswith("ipsecmig-shunts")}


def only_connection(asked: EmissionRequest) -> Settings:
    (found,) = connections(asked).values()
    return found


def only_child(connection: Settings) -> Settings:
    (name,) = inner(connection, "children")
    return inner(connection, "children", name)


def losses(asked: EmissionRequest) -> dict[AttributeKind | None, Loss]:
    return {loss.about: loss for loss in strongswan.emit(asked).losses}


# --- what IKE agrees -------------------------------------------------------------------------------------------------


def test_phase_one_is_written_in_the_order_of_the_policy() -> None:
    offers = (
        MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP2048),
        MainModeOffer(Encryption.DES, Integrity.MD5, DhGroup.MODP768),
        MainModeOffer(Encryption.AES256, Integrity.SHA256, DhGroup.MODP1024),
    )
    found = only_connection(secured(main_mode=MainMode(offers)))
    assert found["proposals"] == "3des-sha1-modp2048,des-md5-modp768,aes256-sha256-modp1024"


@pytest.mark.parametrize("seconds", [28800, 14400, 300, 1, 0])
def test_the_main_mode_lifetime_on_the_wire_is_the_policys(seconds: int) -> None:
    found = only_connection(secured(main_mode=replace(MAIN_MODE, lifetime_seconds=seconds)))
    reauth, over = (int(text_of(found, key).rstrip("s")) for key in ("reauth_time", "over_time"))
    assert reauth + over == (seconds or 28800)
    assert (found["rand_time"], found["rekey_time"]) == ("0s", "0s")


@pytest.mark.parametrize(
    ("offers", "life", "size"),
    [
        ([(900, 50000)], 900, 50_000_000),
        ([(0, 0)], 3600, 100_000_000),
        ([(0, 50000), (900, 0)], 900, 50_000_000),
        ([(7200, 100000), (3600, 200000)], 3600, 100_000_000),
    ],
)
def test_quick_mode_lifetimes(offers: list[tuple[int, int]], life: int, size: int) -> None:
    action = replace(SECURE, offers=tuple(QuickModeOffer((ESP,), *lifetime) for lifetime in offers))
    child = only_child(only_connection(secured(action=action)))
    assert (child["life_time"], child["life_bytes"]) == (f"{life}s", str(size))
    assert int(text_of(child, "rekey_time").rstrip("s")) < life
    assert int(text_of(child, "rekey_bytes")) < size
    assert (AttributeKind.ACTION_LIFETIMES in losses(secured(action=action))) == (len(offers) > 1)


BARE = EspTransform(Encryption.DES, None)


@pytest.mark.parametrize(
    ("transforms", "expected", "lost"),
    [
        ([(ESP,), (DES,)], {"esp_proposals": "3des-sha1,des-md5"}, False),
        ([(EspTransform(Encryption.NULL, Integrity.SHA1),)], {"esp_proposals": "null-sha1"}, False),
        ([(AH,)], {"ah_proposals": "md5"}, False),
        ([(AH,), (ESP,)], {"ah_proposals": "md5", "esp_proposals": "3des-sha1"}, False),
        ([(ESP,), (AH,), (DES,)], {"esp_proposals": "3des-sha1,des-md5", "ah_proposals": "md5"}, True),
        ([(AH, ESP), (DES,)], {"esp_proposals": "des-md5"}, True),
        ([(BARE,), (ESP,)], {"esp_proposals": "3des-sha1"}, True),
    ],
)
def test_quick_mode_proposals(transforms: list[tuple[Transform, ...]], expected: dict[str, str], *, lost: bool) -> None:
    action = replace(SECURE, offers=tuple(QuickModeOffer(t, 3600, 100000) for t in transforms))
    child = only_child(only_connection(secured(action=action)))
    assert {key: child[key] for key in child if key.endswith("_proposals")} == expected
    assert [key for key in child if key.endswith("_proposals")] == list(expected)
    assert (AttributeKind.ACTION_OFFERS in losses(secured(action=action))) == lost


@pytest.mark.parametrize("transforms", [[(AH, ESP)], [(BARE,)], []])
def test_without_a_usable_offer_the_traffic_is_dropped(transforms: list[tuple[Transform, ...]]) -> None:
    asked = secured(action=replace(SECURE, offers=tuple(QuickModeOffer(t) for t in transforms)))
    assert connections(asked) == {}
    found = charon_evaluator.installed(charon_evaluator.parse(text(strongswan.emit(asked))))
    assert [child.mode for child in charon_evaluator.of_filters(found)] == ["drop"]
    assert losses(asked)[AttributeKind.ACTION_ACTION].direction is CLOSED


@pytest.mark.parametrize(
    ("pfs", "group", "expected"),
    [
        (False, None, "3des-sha1"),
        (True, None, "3des-sha1-modp1024,3des-sha1-modp768"),
        (True, DhGroup.MODP2048, "3des-sha1-modp2048"),
    ],
)
def test_session_key_pfs_names_groups(pfs: bool, group: DhGroup | None, expected: str) -> None:
    offers = (*MAIN_MODE.offers, MainModeOffer(Encryption.DES, Integrity.MD5, DhGroup.MODP768))
    asked = secured(action=replace(SECURE, pfs=pfs, pfs_group=group), main_mode=MainMode(offers))
    assert only_child(only_connection(asked))["esp_proposals"] == expected
    assert (AttributeKind.ACTION_PFS in losses(asked)) == ("," in expected)


def test_settings_that_windows_does_not_have_are_off() -> None:
    found = only_connection(secured())
    expected = {
        "version": "1",
        "aggressive": "no",
        "keyingtries": "1",
        "dpd_delay": "0s",
        "fragmentation": "yes",
        "encap": "no",
        "mobike": "no",
    }
    assert {key: found[key] for key in expected} == expected


# --- peers and keys --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("remote", "addresses"),
    [
        (AddressRange.parse("10.1.1.1"), "10.1.1.1/32"),
        (NET, "10.2.0.0/16"),
        (ANY, "%any"),
        (AddressRange.parse("10.0.0.1-10.0.0.2"), "10.0.0.1/32,10.0.0.2/32"),
    ],
)
def test_transport_peers_are_blocks(remote: Address, addresses: str) -> None:
    """A single address would make charon shrink the trap to one of this host's addresses: the others would leak."""
    found = only_connection(secured(remote=remote))
    assert (found["local_addrs"], found["remote_addrs"]) == ("%any", addresses)
    for name in inner(found, "children"):
        assert inner(found, "children", name)["local_ts"] == "dynamic"


def test_ipv6_transport_peers_are_everybody() -> None:
    site = Site(windows=WindowsVersion.VISTA)
    found = only_connection(secured(remote=AddressRange.parse("fd00::/64"), site=site))
    assert found["remote_addrs"] == "%any6"
    assert only_child(found)["remote_ts"] == "fd00::/64"


def test_known_addresses_of_this_host_are_written() -> None:
    site = Site(addresses=(AddressRange.parse("10.9.0.1"), AddressRange.parse("10.9.0.2")))
    found = connections(secured(site=site))
    assert [c["local_addrs"] for c in found.values()] == ["10.9.0.1", "10.9.0.2"]
    assert [only_child(c)["local_ts"] for c in found.values()] == ["10.9.0.1/32", "10.9.0.2/32"]


def two_keys(first: Address, second: Address, keys: tuple[str, str] = ("abc", "def")) -> EmissionRequest:
    one, two = (PresharedKey(Secret(key)) for key in keys)
    return request(
        (Rule("A", "A", "Secure", (one,)), (Filter(ME, first),)),
        (Rule("B", "B", "Secure", (two,)), (Filter(ME, second),)),
    )


def secrets(asked: EmissionRequest) -> list[tuple[str, list[str]]]:
    found = inner(charon_evaluator.parse(text(strongswan.emit(asked), "secrets.conf")), "secrets")
    sections = [inner(found, name) for name in found]
    return [(text_of(s, "secret"), [text_of(s, key) for key in s if key.startswith("id")]) for s in sections]


OTHER = AddressRange.parse("10.3.0.0/16")


def test_each_key_belongs_to_its_peers() -> None:
    asked = two_keys(NET, OTHER)
    assert sorted(secrets(asked)) == [("abc", ["10.2.0.0/16"]), ("def", ["10.3.0.0/16"])]
    assert [inner(c, "remote")["id"] for c in connections(asked).values()] == ["10.2.0.0/16", "10.3.0.0/16"]
    assert AttributeKind.RULE_AUTHENTICATION not in losses(asked)


@pytest.mark.parametrize("remote", [NET, AddressRange.parse("10.2.3.4"), ANY])
def test_two_keys_for_one_peer_need_a_person(remote: Address) -> None:
    found = losses(two_keys(NET, remote))[AttributeKind.RULE_AUTHENTICATION]
    assert (found.kind, found.direction) == (LossKind.NEEDS_HUMAN, CLOSED)


def test_charon_is_given_the_key_of_the_narrower_block_last() -> None:
    assert [key for key, _ in secrets(two_keys(AddressRange.parse("10.2.3.4"), NET))] == ["def", "abc"]


def test_one_key_for_all_rules_is_one_connection() -> None:
    asked = two_keys(NET, AddressRange.parse("10.2.3.4"), ("same", "same"))
    (found,) = connections(asked).values()
    assert len(inner(found, "children")) == 2
    assert losses(asked) == {}


def test_traps_for_packets_between_others_own_no_key() -> None:
    site = Site(addresses=(AddressRange.parse("10.9.0.1"),))
    asked = request((Rule("R", "L", "Secure", (PSK,)), (Filter(ANY, NET),)), site=site)
    assert secrets(asked) == [("abc", ["10.2.0.0/16"])]
    assert [c["remote_addrs"] for c in connections(asked).values()] == ["10.2.0.0/16", "%any"]


def test_a_key_for_everybody_has_no_owner() -> None:
    assert secrets(secured(remote=ANY)) == [("abc", [])]


def test_keys_are_in_a_file_of_their_own() -> None:
    asked = secured(PresharedKey(Secret("Open-Sesame")))
    files = strongswan.emit(asked).files
    assert [file.path for file in files if b"Open-Sesame" in file.content] == ["ipsecmig.secrets.conf"]
    assert [file.path for file in files if file.secret] == ["ipsecmig.secrets.conf"]
    assert not any(f.secret for f in strongswan.emit(secured(Kerberos())).files)


@pytest.mark.parametrize("key", ["abc", "two words", "a#b", "a{b}", "p@ss$w0rd!", "a=b;c:d"])
def test_simple_keys_are_written_as_they_are(key: str) -> None:
    assert secret_value(Secret(key)) in {f'"{key}"', "0x" + key.encode().hex()}


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20))
@settings(max_examples=200)
def test_any_key_is_read_back_and_stays_in_its_line(key: str) -> None:
    value = secret_value(Secret(key))
    assert value.isprintable()
    assert value.isascii()
    read = text_of(inner(charon_evaluator.parse(f"s {{\nsecret = {value}\n}}\n"), "s"), "secret")
    assert (bytes.fromhex(read[2:]).decode() if value.startswith("0x") else read) == key


@pytest.mark.parametrize("key", ["0x41", "0Sabc", '"', "\\", "x\ninclude /etc/passwd", " a", "é", "}"])
def test_keys_that_charon_would_read_otherwise_are_in_hex(key: str) -> None:
    assert secret_value(Secret(key)) == "0x" + key.encode().hex()


# --- authentication --------------------------------------------------------------------------------------------------


def test_kerberos_alone_traps_and_lets_nobody_in() -> None:
    asked = secured(Kerberos())
    found = only_connection(asked)
    assert inner(found, "local")["auth"] == inner(found, "remote")["auth"] == "pubkey"
    assert text_of(inner(found, "remote"), "id").startswith("CN=ipsecmig")
    assert only_child(found)["start_action"] == "trap"
    loss = losses(asked)[AttributeKind.RULE_AUTHENTICATION]
    assert (loss.kind, loss.direction) == (LossKind.NEEDS_HUMAN, CLOSED)


def test_further_methods_answer_but_never_ask() -> None:
    asked = secured(Kerberos(), PSK, PresharedKey(Secret("other")))
    first, second = connections(asked).values()
    assert only_child(first)["start_action"] == "trap"
    assert only_child(second)["start_action"] == "none"
    assert only_child(first)["priority"] == only_child(second)["priority"]


@pytest.mark.parametrize(
    ("method", "kind", "direction"),
    [
        (PresharedKey(None), LossKind.NEEDS_HUMAN, CLOSED),
        (PresharedKey(Secret("clé")), LossKind.NEEDS_HUMAN, CLOSED),
        (Certificate("CN=Root"), LossKind.NEEDS_HUMAN, CLOSED),
        (Certificate("CN=Root", map_to_account=True), LossKind.DROPPED, OPEN),
        (Kerberos(), LossKind.NEEDS_HUMAN, CLOSED),
    ],
)
def test_methods_that_lose_something(
    method: AuthenticationMethod, kind: LossKind, direction: SecurityDirection
) -> None:
    loss = losses(secured(method))[AttributeKind.RULE_AUTHENTICATION]
    assert (loss.kind, loss.direction) == (kind, direction)


def test_certificates_are_accepted_under_their_authority_only() -> None:
    found = only_connection(secured(Certificate("C=US,S=WA,O=Example,CN=Root", exclude_authority_name=True)))
    assert inner(found, "remote")["ca_id"] == "C=US, ST=WA, O=Example, CN=Root"
    assert (found["send_cert"], found["send_certreq"]) == ("always", "no")


@pytest.mark.parametrize(
    ("windows", "strongswan_name"),
    [
        ("CN=Root", "CN=Root"),
        ("E=ca@example.com, S=WA", "E=ca@example.com, ST=WA"),
        ('O="Example, Inc.",CN=Root', 'O="Example, Inc.", CN=Root'),
        ("no name at all", "no name at all"),
        ("CN=x\nload = yes", "CN=x?load = yes"),
    ],
)
def test_names_of_authorities(windows: str, strongswan_name: str) -> None:
    assert ca_identity(windows) == strongswan_name


@pytest.mark.parametrize(("offers", "count"), [(OFFERS, 1), ((), 0)])
def test_the_default_response_rule_only_answers(offers: tuple[QuickModeOffer, ...], count: int) -> None:
    asked = request(response=DefaultResponseRule(True, (PSK,), offers))
    found = connections(asked)
    assert len(found) == count
    for connection in found.values():
        child = only_child(connection)
        assert connection["remote_addrs"] == "%any"
        assert (child["start_action"], child["local_ts"], child["remote_ts"]) == ("none", "dynamic", "dynamic")
    assert (AttributeKind.DEFAULT_RESPONSE in losses(asked)) == (count == 0)


# --- what it cannot say ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "about", "direction"),
    [
        (secured(action=replace(SECURE, soft=True)), AttributeKind.ACTION_SOFT, CLOSED),
        (secured(action=replace(SECURE, inbound_passthrough=True)), AttributeKind.ACTION_INBOUND_PASSTHROUGH, CLOSED),
        (secured(main_mode=replace(MAIN_MODE, perfect_forward_secrecy=True)), AttributeKind.MAIN_MODE_PFS, OPEN),
        (secured(main_mode=replace(MAIN_MODE, quick_mode_limit=5)), AttributeKind.MAIN_MODE_QUICK_MODE_LIMIT, OPEN),
        (
            request((Rule("R", "L", "Secure", (PSK,), connection_type=ConnectionType.LAN), (Filter(ME, NET),))),
            AttributeKind.RULE_CONNECTION_TYPE,
            CLOSED,
        ),
    ],
)
def test_losses(asked: EmissionRequest, about: AttributeKind, direction: SecurityDirection) -> None:
    assert {key: loss.direction for key, loss in losses(asked).items()} == {about: direction}


def test_a_plain_policy_loses_nothing() -> None:
    assert losses(secured()) == {}


@given(stores(), sites())
@settings(max_examples=60)
def test_every_attribute_is_exact_or_lost(store: PolicyStore, site: Site) -> None:
    for policy in store.policies:
        emission = strongswan.emit(EmissionRequest(store, policy, flatten(store, policy, site), (policy.name,)))
        assert len(emission.losses) + emission.exact == len(list(attributes(store, policy)))
        for child in charon_evaluator.installed(charon_evaluator.parse(text(emission))):
            assert child.priority >= 1000
            assert not child.widened


# --- names -----------------------------------------------------------------------------------------------------------

HOSTILE: Final = [
    "x { y",
    'a"b',
    "a#b",
    "a\ninclude /etc/shadow\n",
    "back\\",
    "\u2028\u202e\x07",
    "é" * 300,
    "include",
    "}",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_cannot_leave_their_place(name: str) -> None:
    asked = request((Rule(name, name, "Secure", (PSK,)), (Filter(ME, NET),)), name=name)
    plain = request((Rule(slug(name), slug(name), "Secure", (PSK,)), (Filter(ME, NET),)), name="p")
    made, expected = (charon_evaluator.parse(text(strongswan.emit(r))) for r in (asked, plain))
    assert made == expected
    for file in strongswan.emit(asked).files:
        assert all(line.isprintable() for line in file.content.decode().split("\n"))


def test_a_child_is_named_by_what_it_says_and_nothing_else() -> None:
    """Charon keeps a child that is only renamed under its old name, and could then never take it away again."""
    asked, renamed = (request((Rule(n, n, "Secure", (PSK,)), (Filter(ME, NET),)), name=n) for n in ("one", "two"))
    other = request((Rule("one", "one", "Secure", (PSK,)), (Filter(ME, OTHER),)), name="one")
    names = [
        {c.name for c in charon_evaluator.of_filters(charon_evaluator.installed(parsed(r)))}
        for r in (asked, renamed, other)
    ]
    assert names[0] == names[1]
    assert not names[0] & names[2]


@given(st.text(max_size=60))
def test_slugs_are_plain_words(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", slug(name))


# --- the other files -------------------------------------------------------------------------------------------------


def test_charon_adds_no_routes_and_no_holes() -> None:
    found = inner(charon_evaluator.parse(text(strongswan.emit(secured()), "ipsecmig-strongswan.conf")), "charon")
    assert found["install_routes"] == "no"
    assert inner(found, "plugins", "bypass-lan")["load"] == "no"


def test_every_file_says_what_it_is() -> None:
    for file in strongswan.emit(secured()).files:
        head = file.content.decode().split("\n\n")[0]
        assert "# ipsecmig\n# source: test\n" in head
        assert "'P'" in head


def test_the_rollback_is_a_script_that_names_everything() -> None:
    emission = strongswan.emit(secured())
    (script,) = (file for file in emission.files if file.executable)
    assert script.content.startswith(b"#!/bin/sh\n")
    assert subprocess.run(["sh", "-n"], input=script.content, check=False).returncode == 0
    for file in emission.files:
        assert file is script or file.path.encode() in script.content
    for name in connections(secured()):
        assert f"--ike {name} ".encode() in script.content


def test_the_bytes_do_not_depend_on_the_process() -> None:
    code = (
        "import sys; from emit.test_strongswan_files import *\n"
        "for asked in (two_keys(NET, OTHER), secured(Kerberos(), PSK, Certificate('CN=a')), secured(remote=ANY)):\n"
        "    for file in strongswan.emit(asked).files: sys.stdout.buffer.write(file.content)\n"
    )
    root = Path(__file__).parents[2]
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"{root}:{root / 'tests'}"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert b"10.3.0.0/16" in runs[0]
