"""Tables: disjoint entries, looked up in turn, decide as the list of filters does."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from ipsecmig.emit.common import prefixes
from ipsecmig.emit.nftables.tables import Selection, Table, arrange, key_of
from ipsecmig.model.selectors import Family
from ipsecmig.model.space import ALL_LINKS, ALL_PORTS, ALL_PROTOCOLS, Box, Direction, Span


@st.composite
def spans(draw: DrawFn, top: int, whole: Span) -> Span:
    """Draw the whole, or an interval at the low end, where intervals meet often."""
    if draw(st.integers(0, 3)) == 0:
        return whole
    low, high = sorted((draw(st.integers(0, top)), draw(st.integers(0, top))))
    return low, high


@st.composite
def boxes(draw: DrawFn) -> Box:
    tcp = draw(st.booleans())
    return Box(
        (Direction.OUT, Direction.OUT),
        (Family.IPV4, Family.IPV4),
        draw(st.sampled_from([ALL_LINKS, ALL_LINKS, (0, 0), (1, 1)])),
        draw(spans(7, (0, Family.IPV4.last))),
        draw(spans(7, (0, Family.IPV4.last))),
        (6, 6) if tcp else ALL_PROTOCOLS,
        draw(spans(7, ALL_PORTS)) if tcp else ALL_PORTS,
        draw(spans(7, ALL_PORTS)) if tcp else ALL_PORTS,
    )


def selections(given_boxes: Sequence[tuple[Box, str, int]]) -> list[Selection]:
    """Give each box its verdict and its weight; the order of decision is that of weights, as they are sorted."""
    ordered = sorted(given_boxes, key=lambda item: (item[2], item[1]))
    return [Selection(weight, verdict, box, verdict) for box, verdict, weight in ordered]


def look_up(tables: Sequence[Table], point: Box) -> str:
    for table in tables:
        if not (table.shape.link[0] <= point.link[0] <= table.shape.link[1]):
            continue
        key = key_of(table.shape.asked, point)
        held = [
            entry
            for spans_, entry in table.entries.items()
            if all(low <= value <= high for (low, high), (value, _) in zip(spans_, key, strict=True))
        ]
        assert len(held) <= 1, "two entries of one map overlap"
        if held:
            return held[0].verdict
    return "none"


@given(
    st.lists(st.tuples(boxes(), st.sampled_from(["accept", "drop", "goto x"]), st.integers(0, 4)), max_size=12),
    st.randoms(use_true_random=False),
)
@settings(max_examples=200)
def test_tables_decide_as_the_list_does(items: list[tuple[Box, str, int]], random: Random) -> None:
    chosen = selections(items)
    tables = arrange(Family.IPV4, chosen)
    for _ in range(50):
        values = (random.randrange(2), *(random.randrange(10) for _ in range(2)), random.choice((6, 1)))
        ports = (random.randrange(10), random.randrange(10)) if values[3] == 6 else (0, 0)
        point = Box(*((v, v) for v in (Direction.OUT, Family.IPV4, *values, *ports)))
        expected = next((s.verdict for s in chosen if s.box.contains(point)), "none")
        assert look_up(tables, point) == expected


@pytest.mark.parametrize("count", [1, 300])
def test_ranges_of_one_shape_stay_in_one_map(count: int) -> None:
    everything = (0, Family.IPV4.last)
    made = [Selection(0, "accept", _box(everything, (1 + 10 * n, 7 + 10 * n + n % 6)), "L") for n in range(count)]
    assert len(arrange(Family.IPV4, made)) == 1


def _box(local: Span, remote: Span) -> Box:
    return Box((0, 0), (4, 4), ALL_LINKS, local, remote, ALL_PROTOCOLS, ALL_PORTS, ALL_PORTS)


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_prefixes_are_exactly_the_range(one: int, other: int) -> None:
    low, high = min(one, other), max(one, other)
    blocks = [(base, base + (1 << (32 - length)) - 1) for base, length in prefixes(Family.IPV4, (low, high))]
    assert blocks[0][0] == low
    assert blocks[-1][1] == high
    assert all(a[1] + 1 == b[0] for a, b in pairwise(blocks))
    assert all(base % (last - base + 1) == 0 for base, last in blocks)
    assert len(blocks) <= 62


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ((0, 2**128 - 1), [(0, 0)]),
        ((5, 5), [(5, 128)]),
        ((1, 4), [(1, 128), (2, 127), (4, 128)]),
    ],
)
def test_prefixes_of_ipv6(span: Span, expected: list[tuple[int, int]]) -> None:
    assert list(prefixes(Family.IPV6, span)) == expected
