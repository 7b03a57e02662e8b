"""Any policy: what netsh can say comes back the same, and nothing in a policy becomes a command."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from ground_truth import Sample, every_sample, reading_of
from hypothesis import given, settings
from strategies import netsh_stores, stores

from emit.netsh_cases import (
    emitted,
    text_of,
)
from ipsecmig.diagnostics import Severity
from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.netsh_static import convert
from ipsecmig.emit.netsh import SCRIPT, emit
from ipsecmig.emit.netsh.capabilities import JUDGES
from ipsecmig.emit.netsh.script import NEEDS_A_PERSON
from ipsecmig.model.accounting import attributes
from ipsecmig.model.attributes import AttributeKind
from ipsecmig.model.flatten import flatten
from ipsecmig.model.policy import (
    LOCAL_STORE,
    ConnectionType,
    Filter,
    Policy,
    PolicyStore,
    StoreKind,
    StoreLocation,
)
from ipsecmig.model.selectors import (
    DnsName,
)
from ipsecmig.model.targets import EmissionRequest


@settings(deadline=None, max_examples=100)
@given(netsh_stores())
def test_what_is_emitted_reads_back_as_the_same_store(store: PolicyStore) -> None:
    emission = emitted(store)
    content = emission.files[0].content
    reading = convert.read(Source(SCRIPT, content), ReadOptions())
    assert [d for d in reading.diagnostics if d.severity is Severity.ERROR] == []
    assert reading.store.not_understood == ()
    assert replace(reading.store, sources=()) == store, content.decode()


def test_every_kind_of_attribute_is_judged() -> None:
    assert set(JUDGES) == set(AttributeKind)


@settings(deadline=None, max_examples=30)
@given(stores())
def test_attributes_in_are_exact_ones_and_losses_out(store: PolicyStore) -> None:
    for policy in store.policies:
        emission = emit(EmissionRequest(store, policy, flatten(store, policy)))
        assert emission.exact + len(emission.losses) == sum(1 for _ in attributes(store, policy))
        withheld = f"# {NEEDS_A_PERSON}: " in text_of(emission)
        lost = any(loss.about is AttributeKind.POLICY_ASSIGNED for loss in emission.losses)
        assert lost == (withheld and policy.assigned)


_WORD = r'(?:[a-z]+=(?:"[^"\x00-\x1f]+"|[^\s"]+))'
_LINE = re.compile(
    rf"#.*|(?:pushd ipsec (?:static|dynamic)|popd"
    rf"|(?:add (?:filterlist|filter|filteraction|policy|rule)|set (?:store|policy|defaultrule|config)"
    rf"|delete (?:rule|policy|filterlist|filteraction))(?: {_WORD})+)?"
)


@settings(deadline=None, max_examples=30)
@given(stores())
def test_nothing_in_a_policy_becomes_a_command_of_its_own(store: PolicyStore) -> None:
    for policy in store.policies:
        emission = emit(EmissionRequest(store, policy, flatten(store, policy), ("a\nheading\r\nset store",)))
        for file in emission.files:
            lines = file.content.decode().split("\r\n")
            assert [line for line in lines if not _LINE.fullmatch(line) or "\n" in line or "\r" in line] == []


@settings(deadline=None, max_examples=30)
@given(stores())
def test_what_was_written_is_what_is_read(store: PolicyStore) -> None:
    """Also of a policy that cannot be said whole: what does stand is exactly what the source says."""
    for policy in store.policies:
        reading = convert.read(Source(SCRIPT, _script(store, policy)), ReadOptions())
        assert reading.store.not_understood == ()
        _check_subset(reading.store, store, policy)


def _script(store: PolicyStore, policy: Policy) -> bytes:
    return emit(EmissionRequest(store, policy, flatten(store, policy))).files[0].content


def _check_subset(read: PolicyStore, store: PolicyStore, policy: Policy) -> None:
    source = {_selection(f) for filters in store.filter_lists for f in filters.filters}
    assert {_selection(f) for filters in read.filter_lists for f in filters.filters} <= source
    kinds = {(a.action, a.pfs, a.inbound_passthrough, a.soft) for a in store.filter_actions}
    assert {(a.action, a.pfs, a.inbound_passthrough, a.soft) for a in read.filter_actions} <= kinds
    for written in read.policies:
        assert written.assigned in {False, policy.assigned}
        for rule in written.rules:
            assert rule.authentication in {tuple(dict.fromkeys(r.authentication)) for r in policy.rules}
            assert rule.connection_type in ConnectionType


def _selection(value: Filter) -> Filter:
    """Return what the filter selects as netsh sees it: names without the addresses that the source holds for them."""
    source, destination = (DnsName(s.name) if isinstance(s, DnsName) else s for s in (value.source, value.destination))
    return replace(value, source=source, destination=destination, description="")


@pytest.mark.parametrize("sample", every_sample(), ids=lambda s: s.name)
def test_every_sample_comes_back_the_same(sample: Sample) -> None:
    store = reading_of(sample).store
    for policy in store.policies:
        reading = convert.read(Source(SCRIPT, _script(store, policy)), ReadOptions())
        assert reading.store.policies == (_as_stored(policy, reading.store),)
        used = {rule.filter_list.casefold() for rule in policy.rules}
        wanted = [f for f in store.filter_lists if f.name.casefold() in used and f.store == policy.store]
        assert reading.store.filter_lists == tuple(replace(f, store=_where_stored(policy)) for f in wanted)
        assert reading.store.settings == replace(store.settings, service_disabled=None)


def _as_stored(policy: Policy, read: PolicyStore) -> Policy:
    """Return `policy` as netsh stores it: dynamic rules as a local policy, and never without a default response."""
    response = policy.default_response
    if response is None:
        response = read.policies[0].default_response
        assert response is not None
        assert not response.active
    return replace(policy, store=_where_stored(policy), default_response=response)


def _where_stored(policy: Policy) -> StoreLocation:
    return LOCAL_STORE if policy.store.kind is StoreKind.DYNAMIC else policy.store
