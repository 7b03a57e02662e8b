"""Emitted and mutated configurations: the readers and the comparison against slow oracles, packet by packet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from random import Random

import pytest
from fates import Fate, Fates
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from mutations import structural_changes, word_changes
from strategies import SMALL_ADDRESSES, small_policies, small_sites
from target_oracles import Guard, Oracle, bundle_oracle, oracle, strongswan_oracle, universe, xfrm_oracle
from windows_oracle import on_the_wire, possible

from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.emit.registry import TARGETS
from ipsecmig.errors import InputError
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
from ipsecmig.model.space import Box, Direction, Packet
from ipsecmig.model.targets import EmissionRequest
from ipsecmig.model.treatment import Conflict
from ipsecmig.verify.compare import Comparison, Result, compare
from ipsecmig.verify.emitted import verify_emissions
from ipsecmig.verify.observed import Observed, expected
from ipsecmig.verify.readback.registry import is_configuration, read_targets
from ipsecmig.verify.target import ReadTarget

PACKETS = tuple(universe())
CHECKED = ("netsh", "nftables", "strongswan", "xfrm")
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


def understood(name: str, text: str, site: Site) -> ReadTarget | None:
    """Return the target, or None for a change that makes it refused or not understood."""
    try:
        target = read_text(name, text, site)
    except InputError:
        return None
    return None if target.not_understood else target


def fates_of(observed: Observed) -> Fates:
    """Return what the oracles can say of `observed`."""
    return frozenset(Fate(one.clear, one.protection is not None) for one in observed.alternatives)


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
    target, truth = read_text(name, text, site), oracle(name, text, site)
    for packet in random.sample(PACKETS, 300):
        if possible(on_the_wire(packet), site):
            assert fates_of(target.map.at(packet)) == truth(packet), packet.text()


def claimed(flat: FlatPolicy, packets: Sequence[Packet], *, forwards: bool) -> list[Packet]:
    """Return those of `packets` that can exist and of which the comparison says something."""
    treatments = decision_map(flat)
    known = {*SMALL_ADDRESSES, SMALL_ADDRESSES[-1] + 1}
    return [
        packet
        for packet in packets
        if possible(on_the_wire(packet), flat.site)
        and packet.remote in known
        and not isinstance(treatments.at(packet), Conflict)
        and (forwards or packet.direction != Direction.FORWARD)
    ]


def settled(fates: Fates, packet: Packet) -> Fates:
    """Return `fates` as the comparison tells them: of what comes in clear nothing more is asked."""
    if packet.direction != Direction.IN:
        return fates
    return frozenset(fate._replace(protected=fate.protected and not fate.clear) for fate in fates)


def wrong(flat: FlatPolicy, truth: Oracle, packets: Sequence[Packet]) -> set[Packet]:
    """Return those of `packets` that meet, or may meet, something else than the policy says."""
    treatments = decision_map(flat)
    return {
        packet
        for packet in packets
        if settled(truth(packet), packet) != fates_of(expected(treatments.at(packet), Direction(packet.direction)))
    }


def check(flat: FlatPolicy, comparison: Comparison, truth: Oracle, packets: Sequence[Packet]) -> None:
    """Assert that the comparison says of all `packets` what the oracle does, and that its witnesses are true."""
    assert not comparison.undecided
    mistreated = wrong(flat, truth, packets)
    if comparison.result is Result.EQUAL:
        assert [p.text() for p in mistreated] == []
    for difference in comparison.differences:
        if possible(on_the_wire(difference.witness), flat.site):
            fates = settled(truth(difference.witness), difference.witness)
            assert fates_of(difference.target) == fates, difference.witness.text()
        assert not isinstance(decision_map(flat).at(difference.witness), Conflict)
        assert difference.parameters or fates_of(difference.source) != fates_of(difference.target)
    if not comparison.truncated:
        shown = [d.box for d in comparison.differences if fates_of(d.source) != fates_of(d.target)]
        points = {packet: Box._make((value, value) for value in packet) for packet in packets}
        found = {packet for packet, point in points.items() if any(box.contains(point) for box in shown)}
        assert {p.text() for p in found} == {p.text() for p in mistreated}


def planted(random: Random, name: str, text: str, count: int) -> Iterator[str]:
    """Yield changes of `text`: some of words, some of structure."""
    for changed in (structural_changes(name, text), word_changes(text)):
        yield from random.sample(changed, min(count, len(changed)))


def truth_of(make: Callable[[], Oracle], packets: Sequence[Packet]) -> Oracle | None:
    """Return what the oracle says of all `packets`, or None where it does not know a change."""
    try:
        truth = make()
        for packet in packets:
            truth(packet)
    except (AssertionError, ValueError, KeyError, IndexError):
        return None
    return truth


@pytest.mark.parametrize("name", CHECKED)
@given(small_policies(), small_sites(), st.randoms(use_true_random=False))
@settings(max_examples=6, deadline=None, suppress_health_check=SLOW)
def test_planted_changes_are_found_with_a_true_witness(
    name: str, store: PolicyStore, site: Site, random: Random
) -> None:
    asked = request(store, site)
    assume(not asked.flat.not_understood)
    packets = claimed(asked.flat, random.sample(PACKETS, 250), forwards=name == "nftables" or bool(site.addresses))
    for mutant in planted(random, name, written(name, asked), 2):
        truth = truth_of(partial(oracle, name, mutant, site), packets)
        target = understood(name, mutant, site)
        if truth is not None and target is not None:
            check(asked.flat, compare(asked.flat, [target]), truth, packets)


KERNELS = {"xfrm": xfrm_oracle, "strongswan": strongswan_oracle}


def bundle_of(ruleset: str, kernel: str, policies: str) -> Oracle:
    """Return what becomes of a packet that meets both files."""
    return bundle_oracle(Guard(ruleset), KERNELS[kernel](policies))


@pytest.mark.parametrize("kernel", KERNELS)
@given(small_policies(), small_sites(), st.randoms(use_true_random=False))
@settings(max_examples=4, deadline=None, suppress_health_check=SLOW)
def test_changes_planted_in_one_of_a_bundle_are_found(
    kernel: str, store: PolicyStore, site: Site, random: Random
) -> None:
    """A guard left out of the ruleset, a policy left out of the kernel's: the packet meets what remains of both."""
    asked = request(store, site)
    assume(not asked.flat.not_understood)
    packets = claimed(asked.flat, random.sample(PACKETS, 120), forwards=bool(site.addresses))
    ruleset, policies = written("nftables", asked), written(kernel, asked)
    pairs = [(changed, policies) for changed in planted(random, "nftables", ruleset, 1)]
    pairs += [(ruleset, changed) for changed in planted(random, kernel, policies, 1)]
    for one, other in [(ruleset, policies), *pairs]:
        truth = truth_of(partial(bundle_of, one, kernel, other), packets)
        targets = [read_text("nftables", one, site), read_text(kernel, other, site)]
        if truth is not None and not any(target.not_understood for target in targets):
            check(asked.flat, compare(asked.flat, targets), truth, packets)


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
    treatments = decision_map(asked.flat)
    packets = claimed(asked.flat, random.sample(PACKETS, 400), forwards=name == "nftables" or bool(site.addresses))
    for mutant in planted(random, name, written(name, asked), 2):
        truth, target = truth_of(partial(oracle, name, mutant, site), packets), understood(name, mutant, site)
        if truth is None or target is None:
            continue
        opened = [
            packet
            for packet in packets
            if any(fate.clear for fate in truth(packet))
            and not expected(treatments.at(packet), Direction(packet.direction)).clear
        ]
        if opened:
            comparison = compare(asked.flat, [target], [emission.losses])
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


def test_what_may_arrive_protected_passes_a_guard() -> None:
    """A kernel's policy that lets both in, and a ruleset that lets in what arrived protected: that is what passes."""
    there = AddressRange.parse("10.0.0.1")
    actions = (FilterAction("s", Action.NEGOTIATE, OFFERS),)
    policy = Policy("P", MAIN_MODE, (Rule("r", "l", "s"),), assigned=True)
    asked = request(PolicyStore((policy,), (FilterList("l", (Filter(ME, there),)),), actions), UNKNOWN_SITE)
    optional = "\n".join(
        line.replace("level required", "level use") if " dir in " in line else line
        for line in written("xfrm", asked).splitlines()
    )
    assert "level use" in optional
    guarded = [read_text("nftables", written("nftables", asked), UNKNOWN_SITE)]
    losses = [EMIT[name](asked).losses for name in ("nftables", "xfrm")]
    both = [*guarded, read_text("xfrm", optional, UNKNOWN_SITE)]
    assert compare(asked.flat, both, losses).result is Result.EQUAL
    assert compare(asked.flat, both[1:], losses[1:]).result is Result.DIFFERENT
