"""Output of `netsh ipsec static show`: what is read, what is learnt by structure, and what is set aside."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ground_truth import Sample, decided_samples, reading_of
from hypothesis import given, settings
from hypothesis import strategies as st
from show_output import PSEUDO, pseudo_definitions, render, render_lists
from strategies import netsh_stores

from ipsecmig.dialects import registry
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.netsh_show import convert, entry
from ipsecmig.dialects.netsh_show.vocabulary import Key, entries, normal
from ipsecmig.errors import InputError
from ipsecmig.model.flatten import flatten
from ipsecmig.model.policy import Filter, FilterList, PolicyStore, PresharedKey, Rule, Secret, StoreKind, StoreLocation
from ipsecmig.model.selectors import ANY, ANY_PORT, ME, Address, AddressRange, DnsName, Family, PortRange
from ipsecmig.model.site import Site

STATIC = {StoreKind.LOCAL, StoreKind.PERSISTENT, StoreKind.DOMAIN}
SAMPLES = [s for s in decided_samples() if {p.store.kind for p in reading_of(s).store.policies} <= STATIC]
LANGUAGES = sorted({entry.language for entry in entries()})
RESOLVED = (AddressRange(Family.IPV4, 0x0A010203, 0x0A010203),)

CAPTURE = """
FilterList Name        : exampleFilterData
Description            : ExampleDescription
Store                  : Local Store <EXAMPLE>
Last Modified          : 22/04/2021 18:47:44
GUID                   : {C4CC8FE0-8DDB-48C5-A285-F56C21ABA666}
No. of Filters         : 2
Filter(s)
---------
Description            : NONE
Mirrored               : NO
Source IP Address      : <Any IP Address>
Source Mask            : 0.0.0.0
Source DNS Name        : <Any IP Address>
Destination IP Address : <My IP Address>
Destination Mask       : 255.255.255.255
Destination DNS Name   : <My IP Address>
Protocol               : TCP
Source Port            : ANY
Destination Port       : 135

Description            : second
Mirrored               : YES
Source IP Address      : 10.0.0.0
Source Mask            : 255.0.0.0
Source DNS Name        : NONE
Destination IP Address : <Any IP Address>
Destination Mask       : 0.0.0.0
Destination DNS Name   : <Any IP Address>
Protocol               : 47
Source Port            : ANY
Destination Port       : ANY
"""

PLAIN = PolicyStore(
    filter_lists=(
        FilterList(
            "L",
            (
                Filter(ANY, ME, 6, ANY_PORT, PortRange(135, 135), mirrored=False),
                Filter(ME, AddressRange.parse("10.1.0.0/16"), 17, PortRange(53, 53), ANY_PORT, description="names"),
            ),
        ),
    )
)


def show(text: str, **definitions: str) -> Reading:
    return convert.read(Source("show.txt", text.encode()), ReadOptions(definitions=definitions))


def codes(reading: Reading) -> set[str]:
    return {diagnostic.code for diagnostic in reading.diagnostics}


def resolved(store: PolicyStore) -> PolicyStore:
    """Return `store` with host names resolved, as the store of Windows holds them, and whole as `show` prints it."""

    def address(one: Address) -> Address:
        if one == AddressRange.whole(Family.IPV4):
            return ANY
        return DnsName(one.name, RESOLVED) if isinstance(one, DnsName) else one

    def rule(one: Rule) -> Rule:
        end = one.tunnel_endpoint
        return replace(one, tunnel_endpoint=DnsName(end.name, RESOLVED) if isinstance(end, DnsName) else end)

    lists = [
        replace(
            f,
            filters=tuple(replace(x, source=address(x.source), destination=address(x.destination)) for x in f.filters),
        )
        for f in store.filter_lists
    ]
    policies = [replace(p, rules=tuple(map(rule, p.rules)), gpo="") for p in store.policies]
    return replace(store, policies=tuple(policies), filter_lists=tuple(lists), sources=())


def bare(store: PolicyStore) -> PolicyStore:
    """Return `store` in one order and without what `show` adds or does not print."""

    def location(one: StoreLocation) -> StoreLocation:
        return StoreLocation(one.kind)

    policies = [
        replace(p, guid="", store=location(p.store), rules=tuple(replace(r, guid="") for r in p.rules))
        for p in store.policies
    ]
    lists = sorted((replace(f, guid="", store=location(f.store)) for f in store.filter_lists), key=lambda f: f.name)
    actions = sorted((replace(a, guid="", store=location(a.store)) for a in store.filter_actions), key=lambda a: a.name)
    return PolicyStore(tuple(policies), tuple(lists), tuple(actions))


def test_a_captured_filter_list_is_read_whole() -> None:
    reading = show(CAPTURE.replace("\n", "\r\n"))
    (one,) = reading.store.filter_lists
    assert (one.name, one.description) == ("exampleFilterData", "ExampleDescription")
    assert one.guid == "{c4cc8fe0-8ddb-48c5-a285-f56c21aba666}"
    assert one.filters == (
        Filter(ANY, ME, 6, ANY_PORT, PortRange(135, 135), mirrored=False),
        Filter(AddressRange.parse("10.0.0.0/8"), ANY, 47, description="second"),
    )
    assert [f.origin.line for f in one.filters] == [10, 22]
    assert reading.store.not_understood == ()
    assert codes(reading) == {"SW007"}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s.name)
def test_sample_shown_by_windows_is_the_same_policy_to_every_packet(sample: Sample) -> None:
    store = resolved(reading_of(sample).store)
    reading = registry.read(Source("show.txt", render(store).encode()), ReadOptions())
    assert reading.store.not_understood == ()
    assert bare(store) == bare(reading.store)


@settings(max_examples=60, deadline=None)
@given(netsh_stores(), st.sampled_from([None, PSEUDO]))
def test_any_store_survives_show(store: PolicyStore, language: str | None) -> None:
    store = resolved(store)
    definitions = {} if language is None else pseudo_definitions()
    reading = show(render(store, language or "en"), **definitions)
    assert {"SW037"} & codes(reading) or reading.store.not_understood == ()
    assert bare(reading.store) == bare(store)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_filter_lists_are_read_in_every_language(language: str, encoding: str) -> None:
    data = render_lists(PLAIN, language).encode(encoding)
    reading = registry.read(Source("show.txt", data), ReadOptions())
    assert reading.store.not_understood == ()
    assert bare(reading.store) == PLAIN
    assert ("SW011" in codes(reading)) == (language not in {"en", "zh-CN"})


@pytest.mark.parametrize(("language", "page"), [("zh-CN", "cp936"), ("ru", "cp866"), ("de", "cp850"), ("ko", "cp949")])
def test_labels_in_a_wrong_code_page_are_known_by_their_places(language: str, page: str) -> None:
    data = render_lists(PLAIN, language).encode(page)
    assert entry.detect(Source("x", data)) > 95
    given_page = convert.read(Source("x", data), ReadOptions(encoding=page))
    assert bare(given_page.store) == PLAIN
    try:
        garbled = convert.read(Source("x", data), ReadOptions(encoding="latin-1"))
    except InputError:
        return
    assert bare(garbled.store) == PLAIN or garbled.store.not_understood


def test_an_unknown_language_is_learnt_and_its_words_are_asked_for() -> None:
    reading = show(render_lists(PLAIN, PSEUDO))
    assert "SW012" in codes(reading)
    reasons = " ".join(one.reason for one in reading.store.not_understood)
    assert 'the value "ON" of "Mirrored" is not understood' in reasons
    assert reading.store.filter_lists[0].filters == ()
    settled = show(render_lists(PLAIN, PSEUDO), **pseudo_definitions())
    assert bare(settled.store) == PLAIN


@pytest.mark.parametrize("missing", ["Source Mask", "Source DNS Name", "Destination DNS Name"])
def test_missing_lines_of_keywords_and_names_are_no_loss(missing: str) -> None:
    text = "\n".join(line for line in CAPTURE.split("\n") if not line.startswith(missing) or "255.0" in line)
    assert bare(show(text).store) == bare(show(CAPTURE).store)
    assert show(text).store.not_understood == ()


CHANGES = {
    "SW036": ("No. of Filters         : 2", "No. of Filters         : 3"),
    "SW041": ("Source Mask            : 255.0.0.0\n", ""),
    "SW034": ("Mirrored               : YES", "Mirrored               : PERHAPS"),
    "SW030": ("Protocol               : 47", "Protocol               : 47\nNovelty                : 5"),
    "SW042": ("Destination Port       : ANY", "Destination Port       : 80"),
    "SW035": ("Destination IP Address : <My IP Address>\n", ""),
    "SW032": ("Protocol               : TCP", "Protocol               : TCP\nProtocol               : UDP"),
    "SW031": ("Store                  : Local", "Assigned               : YES\nStore                  : Local"),
    "SW033": ("Store                  : Local", "something else\nStore                  : Local"),
    "SW004": ("No. of Filters         : 2", "No. of Filters         : 2\nERR IPsec[05099] : text"),
}


@pytest.mark.parametrize(("code", "change"), CHANGES.items(), ids=str)
def test_what_is_not_understood_is_undecided(code: str, change: tuple[str, str]) -> None:
    assert change[0] in CAPTURE
    text = CAPTURE.replace(*change)
    if code == "SW033":
        text = text.replace("Description            : ExampleDescription\n", "")
    reading = show(text)
    assert code in codes(reading)
    assert reading.store.not_understood


@pytest.mark.parametrize(
    ("address", "mask"),
    [
        ("<DNS Server>", "0.0.0.0"),
        ("<My IP Address>", "255.0.0.0"),
        ("<Rechner>", "255.255.255.255"),
        ("10.0.0.0", "255.0.255.0"),
        ("nonsense", "255.255.255.255"),
    ],
)
def test_address_that_is_not_understood(address: str, mask: str) -> None:
    text = CAPTURE.replace("10.0.0.0\n", f"{address}\n").replace("255.0.0.0", mask)
    reading = show(text)
    assert "SW034" in codes(reading)
    assert len(reading.store.filter_lists[0].filters) == 1


@pytest.mark.parametrize(("address", "mask"), [("<Jede Adresse>", "0.0.0.0"), ("0.0.0.0", "0.0.0.0")])
def test_everything_under_an_empty_mask_is_any(address: str, mask: str) -> None:
    text = CAPTURE.replace("10.0.0.0\n", f"{address}\n").replace("255.0.0.0", mask)
    assert show(text).store.filter_lists[0].filters[1].source == ANY


def test_description_over_several_lines() -> None:
    text = CAPTURE.replace(": second", ": second\nthird\nnote: fourth")
    reading = show(text)
    assert reading.store.filter_lists[0].filters[1].description == "second\nthird\nnote: fourth"
    assert reading.store.not_understood == ()


def test_prompts_and_several_outputs() -> None:
    text = f"C:\\>netsh ipsec static show filterlist all\n{CAPTURE}\nC:\\>netsh ipsec static show all\n{CAPTURE}\nC:\\>"
    reading = registry.read(Source("x.txt", text.encode()), ReadOptions())
    assert bare(reading.store) == bare(show(CAPTURE).store)
    changed = CAPTURE.replace(": 135", ": 136")
    assert "SW039" in codes(show(CAPTURE + changed))


def secret_store() -> PolicyStore:
    (sample,) = (s for s in SAMPLES if s.name.endswith("l2tp-server.netsh"))
    return reading_of(sample).store


def test_preshared_keys_are_secrets_and_never_shown() -> None:
    text = render(secret_store())
    key = "N0t-A-Real-Key.Jw3Pf8Qs6Gm1Ye5Ua9Kd"
    assert key in text
    reading = show(text)
    assert reading.store.policies[0].rules[0].authentication == (PresharedKey(Secret(key)),)
    broken = [
        text,
        text.replace("Preshared Key", "Vorinstalliert"),
        text.replace("Preshared Key          :", "Preshared Key"),
        text.replace("Authentication Methods", "Authentisierung"),
        text.replace(f": {key}", f": x\r\n{key}"),
        text.replace(f": {key}", f": x\r\n{key}: {key}"),
    ]
    for one in broken:
        found = show(one)
        assert key not in repr(found.diagnostics) + repr(found.store.not_understood)
        assert one is text or found.store.not_understood


def test_state_of_the_service_is_refused_politely() -> None:
    text = "IKE Main Mode SAs at 11/23/2026 10:00:00\n\nSource Address : 10.0.0.1\nPolicy Name : x\n"
    assert entry.detect(Source("x", text.encode())) > 95
    with pytest.raises(InputError) as refused:
        show(text)
    assert [d.code for d in refused.value.diagnostics] == ["SW001"]
    mixed = show(f"C:\\>netsh ipsec dynamic show all\n{text}\nC:\\>netsh ipsec static show all\n{CAPTURE}")
    assert "SW002" in codes(mixed)
    assert bare(mixed.store) == bare(show(text + CAPTURE).store) == bare(show(CAPTURE).store)


@pytest.mark.parametrize(("number", "code"), [("05073", "SW005"), ("05099", "SW004")])
def test_failure_alone_is_an_error(number: str, code: str) -> None:
    with pytest.raises(InputError) as refused:
        show(f"\nERR IPsec[{number}] : text\n")
    assert [d.code for d in refused.value.diagnostics] == [code]


def test_empty_store_is_an_empty_store() -> None:
    reading = show("ERR IPsec[05072] : There are no policies\n")
    assert reading.store == PolicyStore(sources=("show.txt",))
    assert codes(reading) == {"SW006"}


TABLE = """\
FilterList Name   No. of Filters
---------------   --------------
{name:<15}   1

Mirrored Source IP Address Source Mask Destination IP Address Destination Mask Protocol Source Port Destination Port
-------- ----------------- ----------- ---------------------- ---------------- -------- ----------- ----------------
NO       <Any IP Address>  0.0.0.0     <My IP Address>        255.255.255.255  TCP      ANY         135
"""


def test_table_is_read_by_its_columns() -> None:
    reading = show(TABLE.format(name="L"))
    assert "SW013" in codes(reading)
    assert reading.store.filter_lists[0].filters == PLAIN.filter_lists[0].filters[:1]
    assert reading.store.not_understood == ()


@pytest.mark.parametrize("text", [TABLE.format(name="L" * 18), CAPTURE.replace("exampleFilterData", "x" * 54)])
def test_name_that_may_be_cut_is_undecided(text: str) -> None:
    assert "SW037" in codes(show(text))


@pytest.mark.parametrize(
    "script",
    [
        "netsh ipsec static add policy name=P\nnetsh ipsec dynamic show all\n",
        "netsh ipsec static show all\n",
        "netsh ipsec static add filterlist name=L\nERR IPsec[05010] : exists\n",
    ],
)
def test_script_is_no_output(script: str) -> None:
    assert registry.detect(Source("x.txt", script.encode())).name == "netsh-static"


def test_group_policy_wins_over_the_local_assignment() -> None:
    text = render(secret_store())
    assigned = "Source Machine : X\nGPO Name : G\nLocal IPsec Policy Name : NONE\nAD Policy Name : {}\n"
    assert "SW044" in codes(show(f"{text}\n{assigned.format('Elsewhere')}"))
    reading = show(f"{text}\n{assigned.format('L2TP server')}")
    assert (reading.store.policies[0].assigned, reading.store.policies[0].gpo) == (True, "G")


def test_no_label_means_two_things() -> None:
    meanings: dict[str, set[Key]] = {}
    for row in entries():
        if isinstance(row.meaning, Key):
            meanings.setdefault(normal(row.text), set()).add(row.meaning)
    assert {text: keys for text, keys in meanings.items() if len(keys) > 1} == {}
    assert {entry.confidence for entry in entries()} == {"seen", "unverified"}
    assert {e.language for e in entries() if e.confidence == "seen"} == {"en", "zh-CN"}
    assert {e.meaning for e in entries() if e.language == "en" and isinstance(e.meaning, Key)} == set(Key)


FULL = render(secret_store())


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_output_is_never_an_accident(data: st.DataObject) -> None:
    lines = FULL.split("\r\n")
    kept = data.draw(st.lists(st.sampled_from([*lines, "", ":", "---- ---", "C:\\>x"]), max_size=30))
    cut = data.draw(st.integers(0, len(FULL)))
    for text in ("\n".join(kept), FULL[:cut], FULL[cut:], FULL[:cut] + data.draw(st.text(max_size=5)) + FULL[cut:]):
        source = Source("x.txt", text.encode("utf-8", "replace"))
        assert 0 <= entry.detect(source) <= 100
        try:
            reading = convert.read(source, ReadOptions())
        except InputError:
            continue
        for policy in reading.store.policies:
            flatten(reading.store, policy, Site())


def test_every_prefix_that_lacks_something_is_undecided() -> None:
    whole = bare(show(FULL).store)
    for cut in (*range(0, len(FULL), 13), *range(len(FULL) - 120, len(FULL))):
        try:
            reading = show(FULL[:cut])
        except InputError:
            continue
        assert reading.store.not_understood or not reading.store.policies or bare(reading.store) == whole, cut


def test_a_value_that_is_cut_off_is_undecided() -> None:
    """Half a port is a port, and half a preshared key a key."""
    cut = CAPTURE.rstrip()
    assert codes(show(CAPTURE)) == codes(show(cut)) - {"SW048"}
    assert "SW048" in codes(show(cut))
    assert show(cut).store.not_understood
    assert "SW048" not in codes(show(f"{CAPTURE}\nC:\\>"))
