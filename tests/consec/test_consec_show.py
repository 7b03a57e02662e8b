"""What `netsh advfirewall consec show rule name=all verbose` prints."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipsecmig.diagnostics import Severity
from ipsecmig.dialects import registry
from ipsecmig.dialects.base import Evidence, Reading, ReadOptions, Source
from ipsecmig.dialects.consec import show
from ipsecmig.dialects.consec.entry import LISTING
from ipsecmig.model.flatten import flatten
from ipsecmig.model.policy import Certificate, PresharedKey, Secret

KEY = "hunter2hunter2"


def block(name: str = "R", **fields: str) -> str:
    values = {
        "Description": "for tests",
        "Enabled": "Yes",
        "Profiles": "Domain,Private,Public",
        "Type": "Static",
        "Mode": "Transport",
        "InterfaceTypes": "Any",
        "Endpoint1": "Any",
        "Endpoint2": "10.0.0.0/255.0.0.0",
        "Protocol": "TCP",
        "Port1": "Any",
        "Port2": "1433",
        "Action": "RequireInRequireOut",
        "Auth1": "ComputerPSK",
        "Auth1PSK": KEY,
        "MainModeSecMethods": "DHGroup2-AES128-SHA256, DHGroup2-3DES-SHA1",
        "MainModeKeyLifetime": "480min,0sess",
        "QuickModeSecMethods": "ESP:SHA1-None+60min+100000kb,AH:SHA1+60min+100000kb",
        "QuickModePFS": "None",
        "Rule source": "Local Setting",
        "ApplyAuthorization": "No",
        **fields,
    }
    lines = [f"{label + ':':<38}{value}" for label, value in values.items()]
    return "\n".join([f"{'Rule Name:':<38}{name}", "-" * 70, *lines, "", ""])


def read(text: str) -> Reading:
    return registry.read(Source("show.txt", text.encode()), ReadOptions())


def codes(reading: Reading) -> set[str]:
    return {d.code for d in reading.diagnostics if d.severity is not Severity.INFO}


def test_a_listing_is_detected_and_read() -> None:
    text = f"\n{block()}{block('Q', Action='NoAuthentication', Endpoint1='192.0.2.1')}Ok.\n"
    source = Source("show.txt", text.encode("utf-16"))
    assert registry.detect(source) is LISTING
    reading = registry.read(source, ReadOptions())
    assert reading.evidence is Evidence.LISTING
    policy = reading.store.policies[0]
    assert [rule.name for rule in policy.rules] == ["R", "Q"]
    assert policy.rules[0].authentication == (PresharedKey(Secret(KEY)),)
    assert [offer.integrity.value for offer in policy.main_mode.offers] == ["sha256", "sha1"]
    assert reading.store.not_understood == ()
    assert policy.rules[1].origin.line == 25


def test_certificates_are_detailed_below_their_names() -> None:
    more = block(Auth1="ComputerCert", Auth1CAName="CN=A: first", Auth1CertMapping="Yes", Auth1ExcludeCAName="No")
    more = more.replace(f"{'Auth1PSK:':<38}{KEY}\n", "").rstrip("\n")
    again = "\nAuth1CAName: CN=B\nAuth1CertMapping: No\nAuth1CertType: Root\nAuth1HealthCert: No\n"
    reading = read(more + again)
    assert codes(reading) == {"CS037"}
    assert reading.store.policies[0].rules[0].authentication == (
        Certificate("CN=A: first", map_to_account=True),
        Certificate("CN=B"),
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"Novel": "x"},
        {"Endpunkt1": "Any"},
        {"Enabled": "Oui"},
        {"Type": "Dynamic"},
        {"Mode": "Tunnel"},
        {"Auth2": "UserKerb"},
        {"Auth1": "ComputerNTLM"},
        {"QuickModePFS": "ECDHP384"},
        {"MainModeSecMethods": "ECDHP384-AES256-SHA384"},
        {"MainModeKeyLifetime": "soon"},
        {"QuickModeSecMethods": "AH:AESGMAC256+ESP:AESGCM256-AESGCM256+60min+100000kb"},
        {"ApplyAuthorization": "Yes"},
        {"Auth1CertType": "Intermediate", "Auth1": "ComputerCert"},
    ],
)
def test_what_is_not_understood_makes_everything_undecided(fields: dict[str, str]) -> None:
    assert read(block(**fields)).store.not_understood


def test_a_label_that_is_not_known_is_named_and_its_value_is_not() -> None:
    reading = read(block().replace("Auth1PSK:", "Cle partagee:"))
    assert any("Cle partagee" in n.reason for n in reading.store.not_understood)
    assert KEY not in repr(reading.store.not_understood)
    assert KEY not in repr(reading.diagnostics)


def test_different_main_modes_are_undecided() -> None:
    assert read(block() + block("Q", MainModeKeyLifetime="60min,0sess")).store.not_understood


FORMS = {
    "show.txt": block("A", Action="RequireInRequestOut") + block("B", Action="NoAuthentication", Endpoint2="10.0.0.5"),
    "script.bat": "\n".join(
        [
            "netsh advfirewall set global mainmode mmsecmethods dhgroup2:aes128-sha256,dhgroup2:3des-sha1",
            "netsh advfirewall consec add rule name=A endpoint1=any endpoint2=10.0.0.0/8 protocol=tcp port2=1433"
            f" action=requireinrequestout auth1=computerpsk auth1psk={KEY} qmsecmethods=esp:sha1-none,ah:sha1",
            "netsh advfirewall consec add rule name=B endpoint1=any endpoint2=10.0.0.5 protocol=tcp port2=1433"
            " action=noauthentication",
        ]
    ),
}


def test_a_listing_and_a_script_of_one_policy_say_the_same() -> None:
    flats = []
    for name, text in FORMS.items():
        reading = registry.read(Source(name, text.encode()), ReadOptions())
        assert reading.store.not_understood == ()
        flats.append(flatten(reading.store, reading.store.policies[0]))
    one, other = flats
    assert list(one.layers()) == list(other.layers())
    assert len(one.filters) > 2


@given(st.integers(0, 1500), st.text(st.sampled_from(" :-\nAuth1PSK"), max_size=10), st.integers(0, 1500))
@settings(max_examples=150, deadline=None)
def test_any_mutation_is_read(start: int, middle: str, end: int) -> None:
    text = block() + block("Q")
    text = f"{text[:start]}{middle}{text[end:]}"
    store = show.read_text(text, "x")
    assert KEY not in repr(store.refused)
    if text.count(KEY) == text.count(f"{'Auth1PSK:':<38}{KEY}"):
        assert all(KEY not in repr(rule.unread) for rule in store.rules)
