"""Scripts of `netsh advfirewall consec` commands."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipsecmig.consec.objects import QuickModeSuite
from ipsecmig.consec.vocabulary import Cipher, Encapsulation, Hash
from ipsecmig.diagnostics import Severity
from ipsecmig.dialects import registry
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.consec import suites
from ipsecmig.errors import InputError
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.policy import Action, Certificate, Kerberos, MainModeOffer, PresharedKey, Secret
from ipsecmig.model.selectors import AddressRange, PortRange

N = "netsh advfirewall consec "
ADD = N + "add rule name=R endpoint1=any endpoint2=any action=requireinrequireout"
KEY = "hunter2hunter2"


def read(script: str, *assume: str, name: str = "s.bat", forced: str | None = None) -> Reading:
    return registry.read(Source(name, script.encode()), ReadOptions(assumptions=frozenset(assume)), forced)


def codes(reading: Reading) -> set[str]:
    return {d.code for d in reading.diagnostics if d.severity is not Severity.INFO}


SECURE = (
    N + 'add rule name="Secure SQL" endpoint1=10.0.0.0/255.0.0.0,192.0.2.1-192.0.2.9 endpoint2=any '
    "action=requestinrequestout protocol=tcp port1=1433,1500-1600 port2=any "
    f'auth1=computerpsk,computercert auth1psk="{KEY}" auth1ca="CN=\\\'Root\\\', O=Example certmapping:yes|CN=B" '
    "qmpfs=dhgroup14 qmsecmethods=ah:sha1+esp:sha1-aes256+30min+50000kb,esp:sha256-none"
)


def test_a_rule_with_everything() -> None:
    reading = read(SECURE)
    assert codes(reading) == set()
    store, rule = reading.store, reading.store.policies[0].rules[0]
    assert rule.name == "Secure SQL"
    assert [
        (f.source.text(), f.source_port) for f in store.filter_lists[0].filters if isinstance(f.source, AddressRange)
    ] == [
        ("10.0.0.0/8", PortRange(1433, 1433)),
        ("10.0.0.0/8", PortRange(1500, 1600)),
        ("192.0.2.1-192.0.2.9", PortRange(1433, 1433)),
        ("192.0.2.1-192.0.2.9", PortRange(1500, 1600)),
    ]
    assert rule.authentication == (
        PresharedKey(Secret(KEY)),
        Certificate('CN="Root", O=Example', map_to_account=True),
        Certificate("CN=B"),
    )
    action = store.filter_actions[0]
    assert (action.soft, action.inbound_passthrough, action.pfs_group) == (True, True, DhGroup.MODP2048)
    assert [(o.lifetime_seconds, o.lifetime_kilobytes) for o in action.offers] == [(1800, 50_000), (3600, 100_000)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ESP:SHA1-None+60min+100000kb", QuickModeSuite(Encapsulation.ESP, esp_hash=Hash.SHA1)),
        ("AH:SHA1+60min+100000kb", QuickModeSuite(Encapsulation.AH, ah_hash=Hash.SHA1)),
        (
            "AH:AESGMAC256+ESP:AESGCM256-AESGCM256+60min+100000kb",
            QuickModeSuite(Encapsulation.AH_AND_ESP, Cipher.AES_GCM256, Hash.AES_GCM256, Hash.AES_GCM256),
        ),
        ("esp:aesgmac128-none", QuickModeSuite(Encapsulation.ESP, esp_hash=Hash.AES_GCM128)),
        ("authnoencap:sha1", QuickModeSuite(Encapsulation.NONE, esp_hash=Hash.SHA1)),
    ],
)
def test_offers_of_quick_mode(text: str, expected: QuickModeSuite) -> None:
    assert suites.quick_mode_suites(text) == (expected,)


@pytest.mark.parametrize("text", ["", "esp:sha1", "ah", "esp:sha1-rc4", "ah:sha1+ah:sha1", "+60min", "esp:x-des"])
def test_what_is_no_offer(text: str) -> None:
    with pytest.raises(ValueError):
        suites.quick_mode_suites(text)


@pytest.mark.parametrize("text", ["dhgroup14:aes256-sha384", "DHGroup14-AES256-SHA384"])
@pytest.mark.parametrize("form", ["set global mainmode mmsecmethods {}", "set global mainmode mmsecmethods {} "])
def test_main_mode_of_the_store(text: str, form: str) -> None:
    script = (
        f"netsh advfirewall {form.format(text)}\nnetsh advfirewall set global mainmode mmkeylifetime 60min,5sess\n{ADD}"
    )
    main_mode = read(script).store.policies[0].main_mode
    assert main_mode.offers == (MainModeOffer(Encryption.AES256, Integrity.SHA384, DhGroup.MODP2048),)
    assert (main_mode.lifetime_seconds, main_mode.quick_mode_limit) == (3600, 5)


@pytest.mark.parametrize(("value", "bits"), [("none", 0), ("icmp,dhcp", 10), ("notconfigured", 9)])
def test_exemptions(value: str, bits: int) -> None:
    reading = read(f"netsh advfirewall set global ipsec defaultexemptions {value}\n{ADD}")
    security = reading.store.policies[0].connection_security
    assert security is not None
    assert (security.exemptions, codes(reading)) == (bits, set())


@pytest.mark.parametrize(
    ("script", "names"),
    [
        (f"{ADD}\n{N}delete rule name=R", []),
        (f"{ADD}\n{N}delete rule name=all", []),
        (f"{ADD}\nnetsh advfirewall reset", []),
        (f"{ADD}\n{N}set rule name=r new name=Q enable=no", ["Q"]),
        (f"{ADD}\n{N}show rule name=all", ["R"]),
    ],
)
def test_a_script_edits_a_store(script: str, names: list[str]) -> None:
    reading = read(script)
    assert [rule.name for policy in reading.store.policies for rule in policy.rules] == names
    assert reading.store.not_understood == ()


def test_set_rule_changes_what_it_names() -> None:
    reading = read(f"{ADD} port2=80 protocol=udp\n{N}set rule name=R new action=noauthentication endpoint2=10.0.0.1")
    filter_ = reading.store.filter_lists[0].filters[0]
    assert (filter_.destination, filter_.protocol) == (AddressRange.parse("10.0.0.1"), 17)
    assert reading.store.filter_actions[0].action is Action.PERMIT


CONTAINERS = {
    "r.nsh": "pushd advfirewall consec\nadd rule name=R endpoint1=any endpoint2=any action=requireinrequireout\npopd\n",
    "r.txt": "advfirewall consec add rule name=R endpoint1=any endpoint2=any action=requireinrequireout\n",
    "lines.txt": "advfirewall\nconsec\nadd rule name=R endpoint1=any endpoint2=any action=requireinrequireout\n",
    "r.ps1": f"$n = 'R'\n{ADD.replace('=R', '=$n')}\n",
    "r.cmd": f"@echo off\r\nset N=R\r\n{ADD.replace('=R', '=%N%').replace('advfirewall', 'advf')}\r\n",
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_gives_the_same(name: str) -> None:
    reading = read(CONTAINERS[name], name=name, forced="netsh-consec")
    assert [rule.name for rule in reading.store.policies[0].rules] == ["R"]
    assert reading.store.policies[0].rules[0].authentication == (Kerberos(),)
    assert reading.store.not_understood == ()


@pytest.mark.parametrize("name", ["r.txt", "lines.txt", "r.ps1"])
def test_it_is_detected(name: str) -> None:
    assert registry.detect(Source(name, CONTAINERS[name].encode())).name == "netsh-consec"


@pytest.mark.parametrize(
    "tail",
    [
        " foo=1",
        " protocol=999",
        " port1=80",
        " enable=maybe",
        " type=dynamic",
        " mode=tunnel",
        " mode=tunnel localtunnelendpoint=any remotetunnelendpoint=192.0.2.1",
        " localtunnelendpoint=192.0.2.1",
        " interfacetype=wiresless",
        " profile=home",
        " auth1=computerkerb,computerfoo",
        " auth1=computerntlm",
        " auth1=computerkerb auth1psk=x",
        " auth1psk=x",
        " auth2=userkerb",
        ' auth1=computercert auth1ca="CN=X catype:intermediate"',
        " auth1=computercertecdsap256 auth1ecdsap256ca=CN=X",
        " auth1=computercert auth1ca=CN=X auth1healthcert=yes",
        " qmpfs=ecdhp384",
        " qmpfs=dhgroup3",
        " qmsecmethods=esp:aesgcm128-aesgcm128",
        " qmsecmethods=esp:sha1-rc4",
        " applyauthz=yes",
        " exemptipsecprotectedconnections=yes",
        " endpoint1=any",
        " word",
    ],
)
def test_what_is_not_understood_makes_everything_undecided(tail: str) -> None:
    assert read(ADD + tail).store.not_understood


@pytest.mark.parametrize(
    "line",
    [
        N + "add rule name=X",
        N + "set rule name=unknown new enable=no",
        N + "set rule group=g new enable=no",
        N + "delete rule name=R profile=domain",
        N + "frobnicate",
        "netsh advfirewall import c:\\x.wfw",
        "netsh advfirewall set global ipsec authzcomputergrp S-1",
        "netsh advfirewall mainmode add rule name=m endpoint1=any",
        "if exist x " + N + "delete rule name=R",
        "netsh ipsec static add filterlist name=L",
        "netsh ipsec static add filter filterlist=L srcaddr=me dstaddr=any",
        "sc config PolicyAgent start= disabled",
        ADD,
    ],
)
def test_what_is_not_carried_out_is_kept_with_its_place(line: str) -> None:
    reading = read(f"{ADD}\n{line}\n", forced="netsh-consec")
    assert {n.origin.line for n in reading.store.not_understood} == {2}


def test_conditions_can_be_settled() -> None:
    reading = read(f"{ADD}\nif exist x {N}delete rule name=R", "conditions")
    assert reading.store.not_understood == ()


def test_the_reader_of_netsh_ipsec_keeps_what_is_not_its_own() -> None:
    reading = read(
        f"netsh ipsec static add policy name=P\n{ADD} auth1=computerpsk auth1psk={KEY}\nnetsh advfirewall reset"
    )
    assert reading.store.policies[0].name == "P"
    assert [n.origin.line for n in reading.store.not_understood] == [2]
    assert KEY not in repr(reading)


TAILS = ["", " auth1psk=again", " foo=1", ' "', " word", " auth1=computerkerb"]


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("before", ["", "if exist x ", "set X=%Y% & "])
@pytest.mark.parametrize("verb", ["add rule name=R", "add rule", "set rule name=R new", "frob"])
def test_a_preshared_key_never_shows(verb: str, before: str, tail: str) -> None:
    rest = "endpoint1=any endpoint2=any action=requireinrequireout"
    line = f"{before}{N}{verb} auth1=computerpsk auth1psk={KEY} {rest}{tail}"
    reading = read(f"{line}\n{line}", forced="netsh-consec")
    assert KEY not in repr(reading.diagnostics)
    assert KEY not in repr(reading.store)


@given(
    st.integers(0, len(SECURE)), st.text(st.sampled_from(" \"'=,|+:\n%&aX1"), max_size=12), st.integers(0, len(SECURE))
)
@settings(max_examples=150, deadline=None)
def test_any_mutation_is_read_and_shows_no_key(start: int, middle: str, end: int) -> None:
    script = f"{SECURE[:start]}{middle}{SECURE[end:]}"
    try:
        reading = read(script, forced="netsh-consec")
    except InputError:
        return
    if f'auth1psk="{KEY}"' in script:
        assert KEY not in repr(reading.store)
        assert KEY not in repr(reading.diagnostics)
