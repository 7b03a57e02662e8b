"""What netsh can say comes back the same when the emitted script is read."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from strategies import netsh_stores

from ipsecmig.diagnostics import Severity
from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.netsh_static import convert
from ipsecmig.emit.netsh import SCRIPT, emit
from ipsecmig.model.flatten import flatten
from ipsecmig.model.policy import PolicyStore
from ipsecmig.model.targets import Emission, EmissionRequest


def _emit(store: PolicyStore) -> Emission:
    policy = store.policies[0]
    return emit(EmissionRequest(store, policy, flatten(store, policy), ("ipsecmig test",)))


@settings(deadline=None, max_examples=100)
@given(netsh_stores())
def test_what_is_emitted_reads_back_as_the_same_store(store: PolicyStore) -> None:
    emission = _emit(store)
    content = emission.files[0].content
    reading = convert.read(Source(SCRIPT, content), ReadOptions())
    assert [d for d in reading.diagnostics if d.severity is Severity.ERROR] == []
    assert reading.store.not_understood == ()
    assert replace(reading.store, sources=()) == store, content.decode()
