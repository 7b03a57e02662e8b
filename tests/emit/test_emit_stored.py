"""Policies as stored objects: what can be stored comes back the same, and the rest is accounted for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import stores
from strategies.stored import stored_stores

from ipsecmig.diagnostics import NOWHERE
from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.registry import read
from ipsecmig.dialects.stored.convert import read_containers
from ipsecmig.emit.stored.capabilities import ALWAYS_EXACT, JUDGES
from ipsecmig.emit.stored.convert import Stored, to_container
from ipsecmig.model.accounting import attributes
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.attributes import AttributeKind
from ipsecmig.model.flatten import flatten
from ipsecmig.model.policy import (
    LOCAL_STORE,
    Action,
    AhTransform,
    Certificate,
    DefaultResponseRule,
    EspTransform,
    Filter,
    FilterAction,
    FilterList,
    HostSettings,
    Kerberos,
    MainMode,
    MainModeOffer,
    Policy,
    PolicyStore,
    PresharedKey,
    QuickModeOffer,
    Rule,
    Secret,
    StoreKind,
    StoreLocation,
)
from ipsecmig.model.selectors import ANY, ME, TCP, AddressRange, DnsName, PortRange, ServerAddress, ServerRole
from ipsecmig.model.site import Site
from ipsecmig.model.targets import EmissionRequest, LossKind
from ipsecmig.model.windows import WindowsVersion
from ipsecmig.stored.blobs import FilterBlob
from ipsecmig.stored.objects import ObjectClass, StoredObject

PREFIX = r"SOFTWARE\Policies\Microsoft\Windows\IPSec\Policy\Local" + "\\"


def store_policy(store: PolicyStore, policy: Policy, location: StoreLocation | None = None) -> Stored:
    request = EmissionRequest(store, policy, flatten(store, policy, Site()))
    return to_container(request, "reg", location or policy.store, lambda name: PREFIX + name)


def without_guids(store: PolicyStore) -> PolicyStore:
    """Return `store` without GUIDs, and with filters in an order of their own, as theirs means nothing."""
    return replace(
        store,
        policies=tuple(replace(p, guid="", rules=tuple(replace(r, guid="") for r in p.rules)) for p in store.policies),
        filter_lists=tuple(
            replace(f, guid="", filters=tuple(sorted(f.filters, key=lambda x: repr(replace(x, origin=NOWHERE)))))
            for f in store.filter_lists
        ),
        filter_actions=tuple(replace(a, guid="") for a in store.filter_actions),
        sources=(),
    )


@given(stored_stores())
@settings(max_examples=60, deadline=None)
def test_what_can_be_stored_comes_back_the_same(store: PolicyStore) -> None:
    (policy,) = store.policies
    written = store_policy(store, policy)
    reading = read_containers([written.container], ())
    assert reading.store.not_understood == ()
    assert without_guids(reading.store) == without_guids(store)
    assert {loss.about for loss in written.losses} <= {AttributeKind.ACTION_OFFERS, AttributeKind.DEFAULT_RESPONSE}


@given(stores())
@settings(max_examples=60, deadline=None)
def test_every_attribute_is_exact_or_lost(store: PolicyStore) -> None:
    for policy in store.policies:
        written = store_policy(store, policy, LOCAL_STORE)
        assert written.exact + len(written.losses) == sum(1 for _ in attributes(store, policy))
        assert not any(loss.about in ALWAYS_EXACT for loss in written.losses)


@given(stores())
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_understood_and_the_same_each_time(store: PolicyStore) -> None:
    for policy in store.policies:
        written = store_policy(store, policy)
        assert store_policy(store, policy) == written
        reading = read_containers([written.container], ())
        codes = {d.code for d in reading.diagnostics}
        assert not codes - {"SP010", "SP036", "SP038", "SP061", "SP071", *EXPECTED}, codes
        names = [stored.name for stored in written.container.objects]
        assert len(set(names)) == len(names)


EXPECTED = {"SP020"}
"""A policy all of whose main mode offers are lost is said to have none."""


SAMPLES = Path(__file__).parents[2] / "samples"
SCRIPTS = sorted(path for kind in ("netsh", "bat", "cmd", "ps1") for path in SAMPLES.glob(f"*/*.{kind}"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_packets_meet_the_same_under_the_stored_policy_of_a_sample(path: Path) -> None:
    store = read(Source(path.name, path.read_bytes()), ReadOptions()).store
    assert store.policies
    for policy in store.policies:
        stored = read_containers([store_policy(store, policy).container], ()).store
        assert stored.not_understood == ()
        assert _met(stored, stored.policies[0]) == _met(store, policy)


def _met(store: PolicyStore, policy: Policy) -> list[str]:
    """Return boxes and treatment of every filter under every rule, in an order that is not theirs."""
    return sorted(repr((f.boxes, f.treatment)) for f in flatten(store, policy, Site()).filters)


@pytest.mark.parametrize(
    ("stated", "left_out"),
    [
        (HostSettings(), False),
        (HostSettings(windows=WindowsVersion.VISTA), False),
        (HostSettings(exemptions=3, windows=WindowsVersion.VISTA), True),
    ],
)
def test_settings_that_are_left_out_are_said_and_the_version_of_windows_is_none(
    stated: HostSettings, left_out: bool
) -> None:
    policy = Policy("P", MainMode(()))
    written = store_policy(PolicyStore((policy,), settings=stated), policy)
    assert any(note.startswith("settings of the host") for note in written.notes) is left_out


def test_every_kind_of_attribute_is_judged() -> None:
    assert set(JUDGES) == set(AttributeKind)


ESP = EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1)
OFFERS = (QuickModeOffer((ESP,)),)
MAIN = MainMode((MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024),))
WEB = Filter(ANY, ME, TCP, destination_port=PortRange(80, 80))


def one_rule(
    rule: Rule | None = None, filter_: Filter = WEB, action: FilterAction | None = None, **changes: object
) -> tuple[PolicyStore, Policy]:
    """Return a store with one assigned policy of one rule, and the policy; `changes` are the policy's."""
    rule = rule or Rule("R", "L", "A", (PresharedKey(Secret("key")),))
    policy = replace(Policy("P", MAIN, (rule,), assigned=True), **changes)  # type: ignore[arg-type]
    action = action or FilterAction("A", Action.NEGOTIATE, OFFERS)
    return PolicyStore((policy,), (FilterList("L", (filter_,)),), (action,)), policy


RULE = Rule("R", "L", "A", (Kerberos(),))
MANY = replace(MAIN, quick_mode_limit=2**32)
AES = QuickModeOffer((EspTransform(Encryption.AES128, Integrity.SHA1),))
DES = QuickModeOffer((EspTransform(Encryption.DES, Integrity.SHA1),))


def with_method(method: PresharedKey | Certificate) -> Rule:
    return replace(RULE, authentication=(method,))


@pytest.mark.parametrize(
    ("made", "about", "kind"),
    [
        (one_rule(action=FilterAction("A", Action.NEGOTIATE, (AES,))), AttributeKind.ACTION_OFFERS, "needs-human"),
        (
            one_rule(replace(RULE, authentication=(PresharedKey(None),))),
            AttributeKind.RULE_AUTHENTICATION,
            "needs-human",
        ),
        (
            one_rule(replace(RULE, authentication=(Certificate("a\0b"),))),
            AttributeKind.RULE_AUTHENTICATION,
            "needs-human",
        ),
        (one_rule(replace(RULE, authentication=())), AttributeKind.RULE_ACTIVE, "needs-human"),
        (one_rule(replace(RULE, filter_list="?")), AttributeKind.RULE_ACTIVE, "needs-human"),
        (one_rule(replace(RULE, tunnel_endpoint=DnsName("gw"))), AttributeKind.RULE_TUNNEL, "needs-human"),
        (one_rule(filter_=replace(WEB, source=DnsName("x"))), AttributeKind.FILTER_SOURCE, "needs-human"),
        (one_rule(filter_=replace(WEB, protocol=1)), AttributeKind.FILTER_DESTINATION_PORT, "needs-human"),
        (one_rule(default_response=DefaultResponseRule()), AttributeKind.DEFAULT_RESPONSE, "needs-human"),
        (one_rule(main_mode=MainMode(())), AttributeKind.MAIN_MODE_OFFERS, "needs-human"),
    ],
)
def test_what_cannot_be_stored_is_left_out_and_the_policy_not_assigned(
    made: tuple[PolicyStore, Policy], about: AttributeKind, kind: str
) -> None:
    written = store_policy(*made)
    losses = {loss.about: loss.kind.value for loss in written.losses}
    assert losses == {about: kind, AttributeKind.POLICY_ASSIGNED: "needs-human"}
    assert written.container.assignments == ()
    assert written.notes[0] == "the policy is not complete, so it is not assigned"


@pytest.mark.parametrize(
    ("made", "about", "kind"),
    [
        (one_rule(action=FilterAction("A", Action.NEGOTIATE, (DES,))), AttributeKind.ACTION_OFFERS, "needs-human"),
        (
            one_rule(action=FilterAction("A", Action.NEGOTIATE, OFFERS, pfs=True, pfs_group=DhGroup.MODP2048)),
            AttributeKind.ACTION_PFS,
            "needs-human",
        ),
        (one_rule(polling_interval_seconds=0), AttributeKind.POLICY_POLLING_INTERVAL, "narrowed"),
        (one_rule(polling_interval_seconds=2**32), AttributeKind.POLICY_POLLING_INTERVAL, "narrowed"),
        (one_rule(main_mode=replace(MAIN, lifetime_seconds=0)), AttributeKind.MAIN_MODE_LIFETIME, "widened"),
        (
            one_rule(main_mode=MANY),
            AttributeKind.MAIN_MODE_QUICK_MODE_LIMIT,
            "narrowed",
        ),
        (one_rule(gpo="Servers"), AttributeKind.POLICY_GPO, "dropped"),
        (one_rule(name="a\0b"), AttributeKind.POLICY_NAME, "needs-human"),
    ],
)
def test_what_is_stored_otherwise_is_lost(made: tuple[PolicyStore, Policy], about: AttributeKind, kind: str) -> None:
    written = store_policy(*made)
    assert {loss.about: loss.kind.value for loss in written.losses} == {about: kind}
    assert len(written.container.assignments) == 1


def test_another_store_is_a_loss_and_a_domain_needs_a_group_policy_object() -> None:
    written = store_policy(*one_rule(), StoreLocation(StoreKind.DOMAIN, "example.com"))
    assert [(loss.about, loss.kind) for loss in written.losses] == [
        (AttributeKind.POLICY_STORE, LossKind.DROPPED),
        (AttributeKind.POLICY_ASSIGNED, LossKind.NEEDS_HUMAN),
    ]
    assert written.container.assignments == ()


def test_preshared_keys_make_it_a_secret() -> None:
    assert store_policy(*one_rule()).secret
    assert "key" not in repr(store_policy(*one_rule())).replace("\\x00", "").replace("keyword", "")
    assert not store_policy(*one_rule(RULE)).secret


def test_guids_of_the_source_are_kept_unless_shared() -> None:
    guid = "{72385233-70FA-11D1-864C-14A300000000}"
    store, policy = one_rule(replace(RULE, guid=guid), guid=guid)
    objects = store_policy(store, policy).container.objects
    assert objects[0].guid == guid.lower()
    assert [o.guid == guid.lower() for o in objects].count(True) == 1


def _filter_blob(filter_: Filter) -> FilterBlob:
    def data(stored: StoredObject) -> bytes:
        (value,) = stored.attributes["ipsecdata"].values
        assert isinstance(value, bytes)
        return value

    objects = store_policy(*one_rule(filter_=filter_)).container.objects
    return FilterBlob.parse(next(data(o) for o in objects if o.kind is ObjectClass.FILTER))


@pytest.mark.parametrize(
    ("side", "stored"),
    [
        (ANY, (0, 0, 0)),
        (ME, (0, 0xFFFFFFFF, 0)),
        (AddressRange.parse("192.0.2.1"), (0xC0000201, 0xFFFFFFFF, 0)),
        (AddressRange.parse("10.0.0.0/8"), (0x0A000000, 0xFF000000, 0)),
        (ServerAddress(ServerRole.DNS), (0, 0xFFFFFFFF, 0x81)),
        (ServerAddress(ServerRole.GATEWAY), (0, 0xFFFFFFFF, 0x84)),
    ],
)
def test_filters_are_of_the_first_version_where_it_can_say_them(
    side: AddressRange, stored: tuple[int, int, int]
) -> None:
    (spec,) = _filter_blob(Filter(ME, side)).filters
    assert (spec.destination, spec.destination_mask, spec.special) == stored


@pytest.mark.parametrize("side", ["0.0.0.0", "0.0.0.0/0", "10.0.0.1-10.0.0.3", "2001:db8::1", "2001:db8::/32"])
def test_other_filters_are_of_the_second_version(side: str) -> None:
    blob = _filter_blob(Filter(ME, AddressRange.parse(side)))
    assert blob.filters == ()
    assert blob.section is not None
    assert len(blob.section.filters) == 1


def test_a_name_with_several_addresses_is_a_filter_for_each() -> None:
    name = DnsName("db", (AddressRange.parse("192.0.2.1"), AddressRange.parse("192.0.2.2")))
    assert [spec.destination for spec in _filter_blob(Filter(ME, name)).filters] == [0xC0000201, 0xC0000202]


@given(st.permutations([Kerberos(), PresharedKey(Secret("k")), Certificate("CN=Root", True, False)]))
@settings(max_examples=6, deadline=None)
def test_ah_and_soft_and_the_order_of_methods_survive(methods: list[Kerberos]) -> None:
    offer = QuickModeOffer((AhTransform(Integrity.MD5), ESP), 900, 100000)
    action = FilterAction("A", Action.NEGOTIATE, (offer,), pfs=True, inbound_passthrough=True, soft=True)
    store, policy = one_rule(replace(RULE, authentication=tuple(methods)), action=action)
    read = read_containers([store_policy(store, policy).container], ()).store
    assert without_guids(read) == without_guids(store)
