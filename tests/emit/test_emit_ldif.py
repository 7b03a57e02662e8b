"""What is written as LDIF is read back as the same policy, and every attribute is exact or a loss."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from strategies import stores
from strategies.stored import stored_stores

from ipsecmig.dialects import registry
from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.emit.ldif import RESTORE, ROLLBACK, emit
from ipsecmig.model.accounting import attributes
from ipsecmig.model.attributes import AttributeKind
from ipsecmig.model.flatten import flatten
from ipsecmig.model.policy import (
    MainMode,
    Policy,
    PolicyStore,
    PresharedKey,
    StoreKind,
    StoreLocation,
)
from ipsecmig.model.targets import Emission, EmissionRequest
from ipsecmig.stored.distinguished import parse_dn
from ipsecmig.stored.ldif import records
from ipsecmig.verify.compare import compare
from ipsecmig.verify.readback.windows import read_policy

CORP = StoreLocation(StoreKind.DOMAIN, "corp.example")


def emitted(store: PolicyStore, policy: Policy) -> Emission:
    return emit(EmissionRequest(store, policy, flatten(store, policy), ("made by a test", "Ä\n-dn: x")))


def in_domain(store: PolicyStore) -> PolicyStore:
    return replace(
        store,
        policies=tuple(replace(one, store=CORP, assigned=False, gpo="") for one in store.policies),
        filter_lists=tuple(replace(one, store=CORP) for one in store.filter_lists),
        filter_actions=tuple(replace(one, store=CORP) for one in store.filter_actions),
    )


@settings(deadline=None, max_examples=60)
@given(stored_stores())
def test_what_is_written_is_read_back_as_the_same_policy(store: PolicyStore) -> None:
    store = in_domain(store)
    for policy in store.policies:
        files = emitted(store, policy).files
        reading = registry.read(Source(RESTORE, files[0].content), ReadOptions())
        assert reading.store.not_understood == ()
        (read,) = reading.store.policies
        assert (read.name, read.store, read.description) == (policy.name, CORP, policy.description)
        result = compare(flatten(store, policy), [read_policy(flatten(reading.store, read))])
        assert not result.differences


@settings(deadline=None, max_examples=30)
@given(stores())
def test_attributes_in_are_exact_ones_and_losses_out(store: PolicyStore) -> None:
    for policy in store.policies:
        emission = emitted(store, policy)
        assert len(emission.losses) + emission.exact == len(list(attributes(store, policy)))
        assert emission == emitted(store, policy)


@settings(deadline=None, max_examples=40)
@given(stored_stores())
def test_entries_come_after_what_they_refer_to_and_go_before_it(store: PolicyStore) -> None:
    for policy in store.policies:
        restore, rollback = emitted(store, policy).files
        there: list[bytes] = []
        for record in records(restore.content):
            lines = [(v.attribute, v.data) for v in record.values()]
            if not lines:
                continue
            assert all(data in there for name, data in lines if name.endswith("reference") and name != "add")
            if ("changetype", b"add") in lines:
                there.append(lines[0][1])
        gone = [[v.data for v in record.values()] for record in records(rollback.content)]
        assert [one for one in gone if one] == [[dn, b"delete"] for dn in reversed(there)]


BARE = Policy("Büro", MainMode(()), store=CORP, assigned=True, gpo="Default Domain Policy")


def test_the_domain_is_that_of_the_store_or_a_placeholder_for_ldifde() -> None:
    for policy, domain in ((BARE, "DC=corp,DC=example"), (replace(BARE, store=StoreLocation()), "DC=X")):
        emission = emitted(PolicyStore((policy,)), policy)
        names = [v.data.decode() for r in records(emission.files[0].content) for v in r.values() if v.attribute == "dn"]
        assert names
        assert all(name.endswith(f",CN=IP Security,CN=System,{domain}") and parse_dn(name) for name in names)
        command = b"-c DC=X DC=corp,DC=example"
        assert (command in emission.files[0].content) == (command in emission.files[1].content) == (domain == "DC=X")


def test_no_group_policy_object_is_touched_and_that_is_a_loss() -> None:
    emission = emitted(PolicyStore((BARE,)), BARE)
    lost = {loss.about for loss in emission.losses}
    assert AttributeKind.POLICY_GPO in lost or AttributeKind.POLICY_ASSIGNED in lost
    assert b"CN=Policies" not in emission.files[0].content


@settings(deadline=None, max_examples=40)
@given(stored_stores())
def test_a_file_with_preshared_keys_is_secret(store: PolicyStore) -> None:
    for policy in store.policies:
        methods = [m for rule in policy.rules for m in rule.authentication]
        methods += policy.default_response.authentication if policy.default_response is not None else ()
        emission = emitted(store, policy)
        holds = any(isinstance(m, PresharedKey) for m in methods)
        assert emission.files[0].secret == holds
        assert emission.files[1].path == ROLLBACK
        assert not emission.files[1].secret
