"""One policy in every form in which it exists is the same policy to every packet.

What the program writes itself (netsh, .reg, LDIF and the rest) is proved for every sample elsewhere, with its losses;
here are the forms that Windows writes, by writers that share nothing with the readers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from ground_truth import FORMS as FOLDER
from ground_truth import Sample, decide, decided_samples, every_sample, flat_policy, reading_of
from registry_forms import TEXT_FORMS, hive
from show_output import render

from ipsecmig.diagnostics import Severity
from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.registry import detect, read
from ipsecmig.model.flatten import flatten, select_policy
from ipsecmig.model.policy import Filter, PolicyStore, Rule, StoreKind
from ipsecmig.model.selectors import Address, AddressRange, DnsName
from ipsecmig.model.serial import dumps
from ipsecmig.stored.registry import RegistryKey
from ipsecmig.testing.policies import registry_keys
from ipsecmig.verify.compare import Result, compare
from ipsecmig.verify.readback.windows import read_policy

STORED = [
    sample
    for sample in decided_samples()
    if not {policy.store.kind for policy in reading_of(sample).store.policies} - {StoreKind.LOCAL, StoreKind.DOMAIN}
]


@cache
def keys(sample: Sample) -> tuple[RegistryKey, ...]:
    return registry_keys(reading_of(sample).store, sample.site.names)


def _resolved(sample: Sample) -> PolicyStore:
    """Return the policies with host names resolved, as Windows keeps them."""
    names: Mapping[str, tuple[AddressRange, ...]] = sample.site.names

    def address(one: Address) -> Address:
        return DnsName(one.name, names.get(one.name.casefold(), ())) if isinstance(one, DnsName) else one

    def filter_(one: Filter) -> Filter:
        return replace(one, source=address(one.source), destination=address(one.destination))

    def rule(one: Rule) -> Rule:
        end = one.tunnel_endpoint
        return one if not isinstance(end, DnsName) else replace(one, tunnel_endpoint=DnsName(end.name, names[end.name]))

    store = reading_of(sample).store
    return replace(
        store,
        policies=tuple(replace(one, rules=tuple(map(rule, one.rules))) for one in store.policies),
        filter_lists=tuple(replace(one, filters=tuple(map(filter_, one.filters))) for one in store.filter_lists),
    )


Writer = Callable[[Sample], bytes]


def _text(write: Callable[[Sequence[RegistryKey]], bytes]) -> Writer:
    return lambda sample: write(keys(sample))


FORMS: dict[str, Writer] = {
    **{name: _text(write) for name, write in TEXT_FORMS.items()},
    "hive": lambda sample: hive(keys(sample), r"HKEY_LOCAL_MACHINE\SOFTWARE"),
    "show": lambda sample: render(_resolved(sample)).encode("utf-8"),
    "ir": lambda sample: dumps(reading_of(sample).store, with_secrets=True).encode(),
}
WITHOUT_SETTINGS = ("hive", "show")
"""NoDefaultExempt is kept in the SYSTEM hive, and netsh ipsec static does not show it."""
NAMES = {"reg5-utf8": "reg", "reg5": "reg", "reg4": "reg", "query": "reg-query", "query-2003": "reg-query"} | {
    "add": "reg-add",
    "show": "netsh-show",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("sample", STORED, ids=lambda sample: sample.name)
def test_a_sample_in_another_form_is_the_same_to_every_packet(sample: Sample, form: str) -> None:
    source = Source("policy", FORMS[form](sample))
    assert detect(source).name == NAMES.get(form, form)
    reading = read(source, ReadOptions())
    assert [d for d in reading.diagnostics if d.severity is Severity.ERROR] == []
    kept = reading_of(sample).store.settings if form in WITHOUT_SETTINGS else reading.store.settings
    store = replace(reading.store, settings=kept)
    own, flat = flat_policy(sample), flatten(store, select_policy(store), sample.site)
    compared = compare(own, [read_policy(flat)], limit=1)
    assert (compared.result, compared.undecided, compared.differences) == (Result.EQUAL, own.not_understood, ())


def test_nearly_every_sample_is_tried() -> None:
    assert len(STORED) >= len(decided_samples()) - 2


FILES = sorted(path for path in FOLDER.iterdir() if path.suffix != ".tsv")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_packets_meet_under_another_form_what_the_table_says(path: Path) -> None:
    name = path.name.partition(".")[0]
    (table,) = [
        one for one in (*every_sample(), Sample(FOLDER / f"{name}.xml")) if one.path.stem == name and one.table.exists()
    ]
    store = read(Source(str(path), path.read_bytes()), ReadOptions()).store
    flat = flatten(store, select_policy(store), table.site)
    assert store.not_understood == ()
    assert [decide(flat, row.packet) for row in table.rows()] == [row.expected for row in table.rows()]
