"""What filters contribute, against removing each of them and looking at every packet again."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from strategies.small import small_policies, small_sites

from ipsecmig.model.conflicts import decision_map
from ipsecmig.model.flatten import FlatPolicy, SpecificFilter, flatten
from ipsecmig.model.policy import PolicyStore
from ipsecmig.model.site import Site
from ipsecmig.model.specificity import contest_maps
from ipsecmig.model.standing import Standing, Verdict, ranking


def without(flat: FlatPolicy, halves: tuple[SpecificFilter, ...]) -> FlatPolicy:
    """Return `flat` less these filters; its exemptions stay."""
    gone = {id(half) for half in halves}
    return replace(flat, filters=tuple(f for f in flat.filters if id(f) not in gone))


def decides(flat: FlatPolicy, halves: tuple[SpecificFilter, ...]) -> bool:
    """Whether some packet has one of `halves` among its foremost filters."""
    gone = {id(half) for half in halves}
    boxes = [(box, f) for f in flat.filters for box in f.boxes]
    (contests,) = contest_maps((flat,), 1_000_000)
    return any(
        contests.map.find(box, lambda contest, number=number: number in contest) is not None  # type: ignore[misc]
        for (box, specific), number in zip(boxes, contests.numbers, strict=True)
        if id(specific) in gone
    )


@settings(max_examples=120, deadline=None)
@given(small_policies(), small_sites())
def test_standing_is_what_removal_shows(store: PolicyStore, site: Site) -> None:
    flat = flatten(store, store.policies[0], site)
    ranked = ranking(flat)
    (contests,) = contest_maps((flat,), 1_000_000)
    assert ranked.contests().numbers == contests.numbers
    assert ranked.contests().map.is_equal(contests.map)
    verdicts = list(ranked.verdicts())
    assert sum(len(v.halves) for v in verdicts) == len(flat.filters)
    for verdict in verdicts:
        if verdict.standing is Standing.UNREACHABLE:
            assert not decides(flat, verdict.halves)
        if verdict.standing is not Standing.NEEDED:
            assert alike(flat, without(flat, verdict.halves))
        else:
            assert decides(flat, verdict.halves)
            assert doubtful(flat, verdict) or not alike(flat, without(flat, verdict.halves))


def alike(one: FlatPolicy, other: FlatPolicy) -> bool:
    """Whether both treat every packet alike, asked of two maps built apart."""
    return not decision_map(one).differences(decision_map(other), lambda a, b: a == b, limit=1).differences


def doubtful(flat: FlatPolicy, verdict: Verdict) -> bool:
    """Whether halves of the filter overlap, or another filter is its twin and was taken as the one to drop."""
    boxes = [box for half in verdict.halves for box in half.boxes]
    mine = {id(half) for half in verdict.halves}
    twins = (f for f in flat.filters if id(f) not in mine and f.treatment == verdict.halves[0].treatment)
    overlap = any(one.intersection(other) for n, one in enumerate(boxes) for other in boxes[:n])
    return overlap or any(set(twin.boxes) & set(boxes) for twin in twins)
