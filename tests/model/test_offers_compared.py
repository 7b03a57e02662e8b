"""The smallest change that makes two lists of offers agree, against every pair looked at by hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ipsecmig.model.offers import Row, contrasts, smallest_change

NAMES = ("cipher", "hash", "group")
rows = st.lists(
    st.tuples(*(st.sampled_from("abc") for _ in NAMES)).map(
        lambda a: Row("-".join(a), dict(zip(NAMES, a, strict=True)))
    ),
    max_size=4,
).map(tuple)


def distance(one: Row, other: Row) -> int:
    return sum(one.attributes[name] != other.attributes[name] for name in NAMES)


@given(rows, rows)
def test_no_pair_of_offers_is_nearer_than_the_change(policy: tuple[Row, ...], target: tuple[Row, ...]) -> None:
    change = smallest_change(policy, target)
    every = [distance(one, other) for one in policy for other in target]
    if not every or min(every) == 0:
        assert change is None
        return
    assert change is not None
    (mine,) = {row.text: row for row in policy if row.text == change.wanted}.values()
    (theirs,) = {row.text: row for row in target if row.text == change.present}.values()
    assert distance(mine, theirs) == len(change.attributes) == min(every)
    assert all(mine.attributes[name] != theirs.attributes[name] for name in change.attributes)


@given(rows, rows)
def test_named_attributes_are_those_without_a_common_value_or_those_to_change(
    policy: tuple[Row, ...], target: tuple[Row, ...]
) -> None:
    named = {contrast.attribute for contrast in contrasts(policy, target)}
    apart = {n for n in NAMES if not {r.attributes[n] for r in policy} & {r.attributes[n] for r in target}}
    change = smallest_change(policy, target)
    if change is None:
        assert named == (apart if policy or target else set())
    elif apart:
        assert named == apart
        assert apart <= set(change.attributes)
    else:
        assert named == set(change.attributes)
