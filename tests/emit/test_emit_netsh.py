"""The netsh scripts: their order and their words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emit.netsh_cases import (
    KEY,
    STORE,
    commands_of,
    emitted,
    text_of,
    with_action,
    with_filter,
    with_rule,
)
from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.netsh_static import convert
from ipsecmig.emit.netsh import ROLLBACK, SCRIPT, TARGET
from ipsecmig.emit.netsh.words import distinct_names, quoted
from ipsecmig.model.algorithms import Encryption, Integrity
from ipsecmig.model.policy import (
    AhTransform,
    Certificate,
    EspTransform,
    HostSettings,
    Kerberos,
    PolicyStore,
    QuickModeOffer,
    StoreKind,
    StoreLocation,
)
from ipsecmig.model.selectors import (
    ANY,
    ANY_PORT,
    AddressRange,
    DnsName,
)


def test_the_script_builds_first_and_assigns_last() -> None:
    assert commands_of(emitted(STORE)) == [
        "pushd ipsec static",
        "set store location=local",
        'add filterlist name="SQL"',
        'add filter filterlist="SQL" srcaddr=me dstaddr=10.1.0.0 protocol=TCP mirrored=yes dstmask=255.255.0.0'
        " srcport=0 dstport=1433",
        'add filteraction name="Secure" qmpfs=no inpass=no soft=no action=negotiate'
        ' qmsecmethods="ESP[3DES,SHA1]:100000k/3600s"',
        'add policy name="Servers" mmpfs=no qmpermm=0 mmlifetime=480 activatedefaultrule=no pollinginterval=180'
        ' assign=no mmsecmethods="3DES-SHA1-2"',
        'add rule name="Secure SQL" policy="Servers" filterlist="SQL" filteraction="Secure" conntype=all activate=yes'
        f' kerberos=yes psk="{KEY}"',
        'set defaultrule policy="Servers" qmpfs=no activate=no kerberos=yes',
        'set policy name="Servers" assign=yes',
        "popd",
    ]


def test_the_rollback_takes_away_what_the_script_makes_and_nothing_else() -> None:
    assert commands_of(emitted(STORE), ROLLBACK) == [
        "pushd ipsec static",
        "set store location=local",
        'set policy name="Servers" assign=no',
        'delete rule name="Secure SQL" policy="Servers"',
        'delete policy name="Servers"',
        'delete filteraction name="Secure"',
        'delete filterlist name="SQL"',
        "popd",
    ]


def test_script_and_rollback_together_leave_an_empty_store() -> None:
    emission = emitted(STORE)
    both = "".join(text_of(emission, path) for path in (SCRIPT, ROLLBACK)).encode()
    left = convert.read(Source(SCRIPT, both), ReadOptions()).store
    assert (left.policies, left.filter_lists, left.filter_actions) == ((), (), ())


def test_files_are_described_deterministic_and_secret_where_a_key_is() -> None:
    first, second = emitted(STORE), emitted(STORE)
    assert first.files == second.files
    assert {f.path for f in first.files} == set(TARGET.files)
    assert [(f.path, f.secret) for f in first.files] == [(SCRIPT, True), (ROLLBACK, False)]
    assert not any(f.secret for f in emitted(with_rule(authentication=(Kerberos(),))).files)
    assert all(line.endswith("\r\n") for line in text_of(first).splitlines(keepends=True))


def test_every_file_says_what_it_is_and_where_it_comes_from() -> None:
    for file in emitted(STORE).files:
        head = file.content.decode().split("\r\n\r\n")[0]
        assert "# ipsecmig 0.1\r\n# from p.bat" in head
        assert f"`netsh -f {file.path}`" in head


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (ANY, "srcaddr=any"),
        (AddressRange.parse("192.0.2.7"), "srcaddr=192.0.2.7 srcmask=255.255.255.255"),
        (AddressRange.parse("192.0.2.0/25"), "srcaddr=192.0.2.0 srcmask=255.255.255.128"),
        (AddressRange.parse("192.0.2.1-192.0.2.9"), "srcaddr=192.0.2.1-192.0.2.9"),
        (AddressRange.parse("0.0.0.0/0"), "srcaddr=0.0.0.0-255.255.255.255"),
        (AddressRange.parse("0.0.0.0/1"), "srcaddr=0.0.0.0 srcmask=128.0.0.0"),
        (AddressRange.parse("2001:db8::1"), "srcaddr=2001:db8::1"),
        (AddressRange.parse("2001:db8::/126"), "srcaddr=2001:db8::-2001:db8::3"),
        (DnsName("db.example.com"), "srcaddr=db.example.com"),
    ],
)
def test_addresses_are_written_with_the_mask_that_they_need(address: object, words: str) -> None:
    (line,) = [c for c in commands_of(emitted(with_filter(source=address))) if c.startswith("add filter filterlist")]
    assert sorted(w for w in line.split() if w.startswith("src") and w != "srcport=0") == sorted(words.split())


@pytest.mark.parametrize(("protocol", "word"), [(0, "ANY"), (1, "ICMP"), (17, "UDP"), (47, "47"), (255, "RAW")])
def test_protocols_are_named_where_netsh_has_a_name(protocol: int, word: str) -> None:
    store = with_filter(protocol=protocol, destination_port=ANY_PORT)
    assert f" protocol={word} " in text_of(emitted(store))


@pytest.mark.parametrize(
    ("offer", "word"),
    [
        (QuickModeOffer((AhTransform(Integrity.MD5),)), "AH[MD5]"),
        (QuickModeOffer((EspTransform(Encryption.DES, None),), 0, 20480), "ESP[DES,None]:20480k"),
        (QuickModeOffer((EspTransform(Encryption.NULL, Integrity.SHA1),), 300), "ESP[None,SHA1]:300s"),
        (
            QuickModeOffer((EspTransform(Encryption.TRIPLE_DES, Integrity.MD5), AhTransform(Integrity.SHA1))),
            "AH[SHA1]+ESP[3DES,MD5]",
        ),
    ],
)
def test_offers_are_written_with_the_lifetimes_that_they_state(offer: QuickModeOffer, word: str) -> None:
    assert f'qmsecmethods="{word}"' in text_of(emitted(with_action(offers=(offer,))))


def test_certificates_keep_their_order_flags_and_quotes() -> None:
    methods = (Certificate('C=US, O="Example, Inc."', map_to_account=True), Kerberos(), Certificate("CN=Other"))
    expected = (
        "rootca=\"C=US, O=\\'Example, Inc.\\' certmap:yes excludecaname:no\" kerberos=yes"
        ' rootca="CN=Other certmap:no excludecaname:no"'
    )
    emission = emitted(with_rule(authentication=methods))
    assert expected in text_of(emission)
    assert emission.losses == ()


def test_the_store_of_the_policy_is_selected_and_a_domain_policy_is_assigned_in_its_object() -> None:
    domain = StoreLocation(StoreKind.DOMAIN, "corp.example.com")
    store = PolicyStore((replace(STORE.policies[0], store=domain, gpo="Servers GPO", rules=()),))
    emission = emitted(store)
    assert 'set store location=domain domain="corp.example.com"' in commands_of(emission)
    assert 'set policy name="Servers" assign=yes gponame="Servers GPO"' in commands_of(emission)
    assert 'set policy name="Servers" assign=no gponame="Servers GPO"' in commands_of(emission, ROLLBACK)
    assert emission.losses == ()


def test_settings_of_the_machine_are_set_before_the_assignment() -> None:
    commands = commands_of(emitted(replace(STORE, settings=HostSettings(1, "block", "TCP:0:3389:inbound"))))
    start = commands.index("pushd ipsec dynamic")
    assert commands[start + 1 : start + 4] == [
        "set config property=ipsecexempt value=1",
        'set config property=bootmode value="block"',
        'set config property=bootexemptions value="TCP:0:3389:inbound"',
    ]
    assert commands[-2:] == ['set policy name="Servers" assign=yes', "popd"]


@pytest.mark.parametrize("text", ["", " a", "a ", 'a"b', "a\u201cb", "a\tb", "a\u2028b", "a\\", "a\\'b"])
def test_quoting_refuses_what_netsh_could_read_differently(text: str) -> None:
    assert distinct_names([text], "stand-in") != (text,)


@pytest.mark.parametrize("text", ["a", "a b", "a'b", "%x%", "a=b", "# a", "a\\b", "宝"])
def test_quoting_keeps_everything_else(text: str) -> None:
    assert quoted(text) == f'"{text}"'
