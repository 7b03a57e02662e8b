"""Emitted and mutated configurations: the readers and the comparison against slow oracles, packet by packet."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import SMALL_ADDRESSES, small_policies, small_sites
from target_oracles import ORACLES, Fate, Oracle, mutations, universe
from windows_oracle import on_the_wire, possible

from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.emit.registry import TARGETS
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.conflicts import decision_map
from ipsecmig.model.flatten import FlatPolicy, flatten
from ipsecmig.model.policy import (
    Action,
    AhTransform,
    EspTransform,
    Filter,
    FilterAction,
    FilterList,
    MainMode,
    MainModeOffer,
    Policy,
    PolicyStore,
    QuickModeOffer,
    Rule,
)
from ipsecmig.model.selectors import ANY, ANY_PORT, ESP, ME, TCP, AddressRange, PortRange
from ipsecmig.model.site import UNKNOWN_SITE, Site
from ipsecmig.model.space import Direction, Packet
from ipsecmig.model.targets import EmissionRequest
from ipsecmig.model.treatment import Conflict
from ipsecmig.verify.compare import Comparison, Result, compare
from ipsecmig.verify.emitted import verify_emissions
from ipsecmig.verify.observed import Observed, expected
from ipsecmig.verify.readback.registry import is_configuration, read_targets
from ipsecmig.verify.target import ReadTarget

PACKETS = tuple(universe())
CHECKED = sorted(ORACLES)
EMIT = {target.name: target.emit for target in TARGETS}
SLOW = (HealthCheck.too_slow,)


def request(store: PolicyStore, site: Site) -> EmissionRequest:
    """Return what an emitter gets for the store's policy."""
    return EmissionRequest(store, store.policies[0], flatten(store, store.policies[0], site))


def written(name: str, asked: EmissionRequest) -> str:
    """Return the one configuration file that the emitter `name` writes for these policies."""
    files = [f for f in EMIT[name](asked).files if is_configuration(f.path) and not f.secret]
    (file,) = files
    return file.content.decode()


def read_text(name: str, text: str, site: Site) -> ReadTarget:
    """Return the target that `text` configures."""
    (target,) = read_targets([Source(name, text.encode())], site, ReadOptions(encoding="utf-8"))
    return target


def fate_of(observed: Observed) -> Fate:
    """Return what the oracles can say of `observed`."""
    return Fate(observed.clear, observed.protection is not None)


@given(small_policies(), small_sites())
@settings(max_examples=10, deadline=None, suppress_health_check=SLOW)
def test_what_is_written_is_proved_equal_apart_from_its_losses(store: PolicyStore, site: Site) -> None:
    asked = request(store, site)
    bundles = verify_emissions(asked.flat, [emit(asked) for emit in EMIT.values()])
    assert len(bundles) == len(EMIT) + 2
    for bundle in bundles:
        shown = [(d.witness.text(), d.source, d.target) for d in bundle.comparison.differences]
        assert bundle.comparison.undecided == asked.flat.not_understood, bundle.targets
        assert shown == [], bundle.targets


MAIN_MODE = MainMode((MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024),))
OFFERS = (QuickModeOffer((EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1),), 3600, 100000),)


def test_esp_is_exempt_only_while_something_is_negotiated() -> None:
    """Netsh has no port ranges: with its only filter that negotiates the emitted policy loses that exemption too."""
    ports = Filter(ANY, ANY, TCP, ANY_PORT, PortRange(1, 2), mirrored=False)
    lists = (FilterList("l", (ports,)), FilterList("all", (Filter(ANY, ANY),)))
    actions = (FilterAction("s", Action.NEGOTIATE, OFFERS), FilterAction("b", Action.BLOCK))
    policy = Policy("P", MAIN_MODE, (Rule("r", "l", "s"), Rule("a", "all", "b")), assigned=True)
    asked = request(PolicyStore((policy,), lists, actions), UNKNOWN_SITE)
    (bundle,) = verify_emissions(asked.flat, [EMIT["netsh"](asked)])
    assert bundle.comparison.result is Result.EQUAL
    (target,) = read_targets([Source("p.netsh", written("netsh", asked).encode())], UNKNOWN_SITE, ReadOptions())
    unforgiven = compare(asked.flat, [target]).differences
    assert any(d.witness.protocol == ESP and not d.opens for d in unforgiven)


@pytest.mark.parametrize("name", CHECKED)
@given(small_policies(), small_sites(), st.randoms(use_true_random=False))
@settings(max_examples=6, deadline=None, suppress_health_check=SLOW)
def test_a_reader_says_of_each_packet_what_happens(name: str, store: PolicyStore, site: Site, random: Random) -> None:
    text = written(name, request(store, site))
    target, oracle = read_text(name, text, site), ORACLES[name](text)
    for packet in random.sample(PACKETS, 300):
        assert fate_of(target.map.at(packet)) == oracle(packet), packet.text()


def wrong(flat: FlatPolicy, oracle: Oracle, packets: list[Packet], *, forwards: bool) -> list[Packet]:
    """Return those of `packets` that can exist, are claimed about, and meet something else than the policy says."""
    treatments = decision_map(flat)
    found = []
    for packet in packets:
        direction, treatment = Direction(packet.direction), treatments.at(packet)
        exists = possible(on_the_wire(packet), flat.site) and packet.remote in {
            *SMALL_ADDRESSES,
            SMALL_ADDRESSES[-1] + 1,
        }
        if not exists or isinstance(treatment, Conflict) or (direction is Direction.FORWARD and not forwards):
            continue
        if oracle(packet) != fate_of(expected(treatment, direction)):
            found.append(packet)
    return found


def check(flat: FlatPolicy, comparison: Comparison, oracle: Oracle, packets: list[Packet], *, forwards: bool) -> None:
    """Assert that the comparison is right about `packets` and that its witnesses are true."""
    if comparison.result is Result.UNDECIDED:
        return
    mistreated = wrong(flat, oracle, packets, forwards=forwards)
    if comparison.result is Result.EQUAL:
        assert [p.text() for p in mistreated] == []
    for difference in comparison.differences:
        assert fate_of(difference.target) == oracle(difference.witness), difference.witness.text()
        assert not isinstance(decision_map(flat).at(difference.witness), Conflict)
        assert (
            difference.parameters
            or difference.source.clear != difference.target.clear
            or ((difference.source.protection is None) != (difference.target.protection is None))
        )


@pytest.mark.parametrize("name", CHECKED)
@given(small_policies(), small_sites(), st.randoms(use_true_random=False))
@settings(max_examples=8, deadline=None, suppress_health_check=SLOW)
def test_planted_changes_are_found_with_a_true_witness(
    name: str, store: PolicyStore, site: Site, random: Random
) -> None:
    asked = request(store, site)
    assume(not asked.flat.not_understood)
    text = written(name, asked)
    changed = mutations(text)
    for mutant in random.sample(changed, min(4, len(changed))):
        try:
            oracle = ORACLES[name](mutant)
            fates = {packet: oracle(packet) for packet in random.sample(PACKETS, 400)}
        except (AssertionError, ValueError, KeyError, IndexError):
            continue
        target = read_text(name, mutant, site)
        comparison = compare(asked.flat, [target])
        forwards = name == "nftables" or bool(site.addresses)
        check(asked.flat, comparison, oracle, list(fates), forwards=forwards)


@pytest.mark.parametrize("name", CHECKED)
@given(small_policies(), small_sites(), st.randoms(use_true_random=False))
@settings(max_examples=6, deadline=None, suppress_health_check=SLOW)
def test_a_mutant_that_opens_beyond_its_losses_is_not_called_equal(
    name: str, store: PolicyStore, site: Site, random: Random
) -> None:
    """What the emission itself does rightly and the mutant opens is told, whatever the losses forgive in closing."""
    asked = request(store, site)
    emission = EMIT[name](asked)
    assume(not asked.flat.not_understood and not any(x.direction.value == "fails-open" for x in emission.losses))
    text = written(name, asked)
    changed = mutations(text)
    for mutant in random.sample(changed, min(3, len(changed))):
        try:
            oracle = ORACLES[name](mutant)
            treatments = decision_map(asked.flat)
            packets = random.sample(PACKETS, 400)
            mistreated = wrong(asked.flat, oracle, packets, forwards=name == "nftables" or bool(site.addresses))
        except (AssertionError, ValueError, KeyError, IndexError):
            continue
        opened = [
            p for p in mistreated if oracle(p).clear and not expected(treatments.at(p), Direction(p.direction)).clear
        ]
        if opened:
            comparison = compare(asked.flat, [read_text(name, mutant, site)], [emission.losses])
            assert comparison.result is not Result.EQUAL, opened[0].text()


def test_a_bundle_is_forgiven_the_weaker_protection_that_one_of_its_targets_reports() -> None:
    """A packet filter says nothing of how packets are protected, so that the kernel's policies are alone in it."""
    weak = (
        QuickModeOffer((EspTransform(Encryption.NULL, Integrity.SHA1),)),
        QuickModeOffer((AhTransform(Integrity.MD5),)),
    )
    there = AddressRange.parse("10.0.0.0")
    lists = (
        FilterList("all", (Filter(ANY, ANY, mirrored=False),)),
        FilterList("one", (Filter(ANY, there, mirrored=False),)),
    )
    actions = (FilterAction("w", Action.NEGOTIATE, weak), FilterAction("s", Action.NEGOTIATE, OFFERS))
    policy = Policy("P", MAIN_MODE, (Rule("a", "all", "w"), Rule("o", "one", "s")), assigned=True)
    asked = request(PolicyStore((policy,), lists, actions), UNKNOWN_SITE)
    for bundle in verify_emissions(asked.flat, [EMIT[name](asked) for name in ("nftables", "strongswan", "xfrm")]):
        assert bundle.comparison.result is Result.EQUAL, bundle.targets


def test_another_protection_of_the_answers_is_told_by_the_loss_and_forgiven_with_it() -> None:
    """Packets to this host ask for one protection and those from it for another, of one selector of charon's."""
    weak = (QuickModeOffer((EspTransform(Encryption.NULL, Integrity.SHA1),), 3600, 100000),)
    there = AddressRange.parse("10.0.0.0")
    lists = (
        FilterList("in", (Filter(ANY, ME, mirrored=False),)),
        FilterList("out", (Filter(ANY, there, mirrored=False),)),
    )
    actions = (FilterAction("w", Action.NEGOTIATE, weak), FilterAction("s", Action.NEGOTIATE, OFFERS))
    policy = Policy("P", MAIN_MODE, (Rule("i", "in", "w"), Rule("o", "out", "s")), assigned=True)
    asked = request(PolicyStore((policy,), lists, actions), UNKNOWN_SITE)
    (bundle,) = verify_emissions(asked.flat, [EMIT["strongswan"](asked)])
    assert bundle.comparison.result is Result.EQUAL
    assert any(
        d.opens and d.parameters
        for d in compare(asked.flat, [read_text("strongswan", written("strongswan", asked), UNKNOWN_SITE)]).differences
    )
