"""Several sources of one host: what Windows holds is believed first, and what contradicts it is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ipsecmig.diagnostics import Origin, Severity
from ipsecmig.dialects.base import Evidence, Reading
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.policy import (
    Action,
    EspTransform,
    Filter,
    FilterAction,
    FilterList,
    HostSettings,
    MainMode,
    MainModeOffer,
    NotUnderstood,
    Policy,
    PolicyStore,
    PresharedKey,
    QuickModeOffer,
    Rule,
    Secret,
    StoreKind,
    StoreLocation,
)
from ipsecmig.model.selectors import ANY, ME, TCP, PortRange
from ipsecmig.model.windows import WindowsVersion
from ipsecmig.verify.merging import CLASH, CONTRADICTION, NOT_COMPARED, merge

MAIN_MODE = MainMode((MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024),))
ESP = (QuickModeOffer((EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1),)),)
PERSISTENT = StoreLocation(StoreKind.PERSISTENT)


def web(port: int = 80, *, key: str | None = "k", mirrored_as_two: bool = False, assigned: bool = True) -> PolicyStore:
    """Return a store whose policy protects one port."""
    filters: tuple[Filter, ...] = (Filter(ANY, ME, TCP, destination_port=PortRange(port, port)),)
    if mirrored_as_two:
        there = replace(filters[0], mirrored=False)
        back = Filter(ME, ANY, TCP, source_port=PortRange(port, port), mirrored=False)
        filters = (there, back)
    methods = (PresharedKey(None if key is None else Secret(key)),)
    rule = Rule("web", "Web", "Secure", methods)
    return PolicyStore(
        (Policy("Servers", MAIN_MODE, (rule,), assigned=assigned),),
        (FilterList("Web", filters),),
        (FilterAction("Secure", Action.NEGOTIATE, ESP),),
    )


def read(store: PolicyStore, evidence: Evidence, file: str) -> Reading:
    """Return `store` as if read from `file`, where everything has its place."""
    at = Origin(file, 3, 1)
    return Reading(
        replace(
            store,
            policies=tuple(replace(p, origin=at) for p in store.policies),
            filter_lists=tuple(replace(f, origin=at) for f in store.filter_lists),
            filter_actions=tuple(replace(a, origin=at) for a in store.filter_actions),
            sources=(file,),
        ),
        (),
        evidence,
    )


STORED = read(web(), Evidence.STORE, "export.reg")


def codes(reading: Reading) -> list[str]:
    return [d.code for d in reading.diagnostics]


@pytest.mark.parametrize(
    "said",
    [
        web(),
        web(mirrored_as_two=True),
        web(key=None),
        PolicyStore(filter_lists=web().filter_lists),
        PolicyStore(filter_actions=(replace(web().filter_actions[0], description="as shown"),)),
    ],
    ids=["the same", "otherwise written", "without the key", "its filter list", "its filter action"],
)
@pytest.mark.parametrize("evidence", [Evidence.SCRIPT, Evidence.LISTING])
def test_what_agrees_adds_nothing(said: PolicyStore, evidence: Evidence) -> None:
    merged = merge([read(said, evidence, "show.txt"), STORED])
    assert codes(merged) == []
    assert replace(merged.store, sources=()) == replace(STORED.store, sources=())
    assert merged.store.sources == ("show.txt", "export.reg")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (web(81), 'the policy "Servers" is not what it is in export.reg: they differ at out tcp '),
        (web(key="other"), 'the policy "Servers" is not what it is in export.reg: they differ at '),
        (web(assigned=False), 'the policy "Servers" is assigned in export.reg only'),
        (PolicyStore((replace(web().policies[0], name="Extra"),)), 'the policy "Extra" is not in the store that '),
        (PolicyStore(filter_lists=web(81).filter_lists), 'the filter list "Web" is not what it is in export.reg'),
        (PolicyStore(filter_lists=(FilterList("More"),)), 'the filter list "More" is not in the store that '),
    ],
    ids=["port", "key", "assigned", "extra policy", "filter list", "extra filter list"],
)
def test_what_contradicts_the_store_is_said_and_leaves_it_undecided(said: PolicyStore, message: str) -> None:
    merged = merge([STORED, read(said, Evidence.LISTING, "show.txt")])
    assert codes(merged) == [CONTRADICTION]
    (complaint,) = merged.diagnostics
    assert complaint.message.startswith(message)
    assert (complaint.severity, complaint.origin) == (Severity.WARNING, Origin("show.txt", 3, 1))
    assert [doubt.text for doubt in merged.store.not_understood] == [complaint.message]
    assert merged.store.policies == STORED.store.policies


def test_no_key_is_told_by_a_contradiction() -> None:
    merged = merge([STORED, read(web(key="Open-Sesame"), Evidence.LISTING, "show.txt")])
    assert "Open-Sesame" not in repr(merged)


def test_a_listing_that_was_not_understood_whole_decides_nothing() -> None:
    doubtful = replace(web(), not_understood=(NotUnderstood("Etikett", "an unknown label"),))
    merged = merge([read(doubtful, Evidence.LISTING, "show.txt"), STORED])
    assert codes(merged) == []
    assert merged.store.not_understood == ()
    merged = merge(
        [read(replace(doubtful, policies=web(mirrored_as_two=True).policies), Evidence.LISTING, "s"), STORED]
    )
    assert codes(merged) == []


def test_undecided_comparison_is_told() -> None:
    without_list = replace(web(), filter_lists=())
    merged = merge([read(replace(without_list, policies=_described(web())), Evidence.LISTING, "show.txt"), STORED])
    assert codes(merged) == [NOT_COMPARED]
    assert merged.store.not_understood == ()


def _described(store: PolicyStore) -> tuple[Policy, ...]:
    return tuple(replace(policy, description="as shown") for policy in store.policies)


def test_another_store_of_the_host_is_added() -> None:
    here = web()
    there = PolicyStore(
        tuple(replace(p, store=PERSISTENT) for p in here.policies),
        tuple(replace(f, store=PERSISTENT) for f in here.filter_lists),
        tuple(replace(a, store=PERSISTENT) for a in here.filter_actions),
    )
    merged = merge([STORED, read(there, Evidence.LISTING, "show.txt")])
    assert codes(merged) == []
    assert [policy.store for policy in merged.store.policies] == [here.policies[0].store, PERSISTENT]


def test_listings_without_a_store_complete_each_other() -> None:
    policies, lists = replace(web(), filter_lists=()), PolicyStore(filter_lists=web().filter_lists)
    merged = merge([read(policies, Evidence.LISTING, "p.txt"), read(lists, Evidence.LISTING, "f.txt")])
    assert codes(merged) == []
    assert replace(merged.store, sources=()) == web()


def test_scripts_must_not_use_one_name_twice() -> None:
    merged = merge([read(web(), Evidence.SCRIPT, "a.cmd"), read(web(81), Evidence.SCRIPT, "b.cmd")])
    assert codes(merged) == [CLASH]
    assert merged.diagnostics[0].severity is Severity.ERROR


def test_settings_that_contradict_each_other() -> None:
    one = read(PolicyStore(settings=HostSettings(exemptions=3)), Evidence.STORE, "a.reg")
    other = read(PolicyStore(settings=HostSettings(exemptions=1, boot_mode="block")), Evidence.LISTING, "b.txt")
    merged = merge([one, other])
    assert codes(merged) == [CONTRADICTION]
    assert merged.store.settings == HostSettings(exemptions=3, boot_mode="block")
    assert merged.store.not_understood


def test_versions_of_windows_that_contradict_each_other() -> None:
    one = read(PolicyStore(settings=HostSettings(windows=WindowsVersion.VISTA)), Evidence.STORE, "one")
    other = read(PolicyStore(settings=HostSettings(windows=WindowsVersion.XP)), Evidence.STORE, "other")
    merged = merge([one, other])
    assert [one.message for one in merged.diagnostics] == ["the setting windows is xp here and vista elsewhere"]
    assert merged.store.settings.windows is WindowsVersion.VISTA


@pytest.mark.parametrize("windows", WindowsVersion)
@pytest.mark.parametrize("exemptions", [None, 0, 3])
def test_what_one_source_states_of_the_host_is_no_contradiction(
    windows: WindowsVersion, exemptions: int | None
) -> None:
    stated = replace(STORED.store, settings=HostSettings(exemptions=exemptions, windows=windows))
    merged = merge([replace(STORED, store=stated), read(web(mirrored_as_two=True), Evidence.LISTING, "show.txt")])
    assert codes(merged) == []
    assert merged.store.settings == stated.settings
