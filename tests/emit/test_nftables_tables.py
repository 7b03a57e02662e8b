"""Tables: disjoint entries, looked up in turn, decide as the list of filters does."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from ipsecmig.emit.common import prefixes
from ipsecmig.emit.nftables.tables import Selection, Table, arrange, key_of
from ipsecmig.model.selectors import Family
from ipsecmig.model.space import ALL_LINKS, ALL_PORTS, ALL_PROTOCOLS, Box, Direction, Span

EVERYWHERE = (0, Family.IPV4.last)


def spans(whole: Span, *, ranges: bool) -> st.SearchStrategy[Span]:
    """Give few kinds of interval at the low end, so that shapes recur and entries meet."""
    one = st.integers(0, 3).map(lambda n: (n, n))
    blocks = st.sampled_from([(0, 1), (2, 3)])
    odd = st.sampled_from([(0, 2), (1, 2), (1, 3), (1, 4), (3, 6)])
    return st.just(whole) | one | blocks | (odd if ranges else one)


@st.composite
def boxes(draw: DrawFn) -> Box:
    tcp = draw(st.booleans())
    return Box(
        (Direction.OUT, Direction.OUT),
        (Family.IPV4, Family.IPV4),
        draw(st.sampled_from([ALL_LINKS, ALL_LINKS, ALL_LINKS, (0, 0)])),
        draw(st.just(EVERYWHERE) | spans(EVERYWHERE, ranges=draw(st.booleans()))),
        draw(spans(EVERYWHERE, ranges=draw(st.booleans()))),
        (6, 6) if tcp else ALL_PROTOCOLS,
        draw(spans(ALL_PORTS, ranges=True)) if tcp else ALL_PORTS,
        draw(st.just(ALL_PORTS) | spans(ALL_PORTS, ranges=True)) if tcp else ALL_PORTS,
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
    st.lists(st.tuples(boxes(), st.sampled_from(["accept", "drop", "goto x"]), st.integers(0, 3)), max_size=16),
    st.randoms(use_true_random=False),
)
@settings(max_examples=150)
def test_tables_decide_as_the_list_does(items: list[tuple[Box, str, int]], random: Random) -> None:
    chosen = selections(items)
    tables = arrange(Family.IPV4, chosen)
    for _ in range(50):
        values = (random.randrange(2), *(random.randrange(7) for _ in range(2)), random.choice((6, 1)))
        ports = (random.randrange(7), random.randrange(7)) if values[3] == 6 else (0, 0)
        point = Box(*((v, v) for v in (Direction.OUT, Family.IPV4, *values, *ports)))
        expected = next((s.verdict for s in chosen if s.box.contains(point)), "none")
        assert look_up(tables, point) == expected


def test_neighbours_of_another_verdict_do_not_trade_places() -> None:
    chosen = [
        Selection(0, "accept", _box((0, 0), EVERYWHERE), "L"),
        Selection(0, "accept", _box(EVERYWHERE, (0, 0)), "L"),
        Selection(0, "drop", _box((1, 1), EVERYWHERE), "L"),
    ]
    assert look_up(arrange(Family.IPV4, chosen), _box((1, 1), (0, 0))) == "accept"


@pytest.mark.parametrize("order", list(permutations([(1, 4), (3, 6), (0, 2), (5, 9)])))
def test_of_overlapping_ranges_the_first_decides(order: tuple[Span, ...]) -> None:
    chosen = [Selection(n, f"goto {n}", _box(EVERYWHERE, span), "L") for n, span in enumerate(order)]
    tables = arrange(Family.IPV4, chosen)
    for value in range(11):
        expected = next((f"goto {n}" for n, (low, high) in enumerate(order) if low <= value <= high), "none")
        assert look_up(tables, _box((5, 5), (value, value))) == expected


def test_ranges_that_cross_in_two_parts_decide_in_order() -> None:
    chosen = [
        Selection(0, "accept", _box((1, 4), (1, 4)), "L"),
        Selection(1, "drop", _box((3, 6), (3, 6)), "L"),
        Selection(2, "accept", _box((3, 6), (3, 6)), "L"),
    ]
    tables = arrange(Family.IPV4, chosen)
    points = {(2, 2): "accept", (3, 3): "accept", (4, 5): "drop", (6, 6): "drop", (2, 5): "none"}
    assert {p: look_up(tables, _box((p[0], p[0]), (p[1], p[1]))) for p in points} == points


@pytest.mark.parametrize("count", [1, 300])
def test_ranges_of_one_shape_stay_in_one_map(count: int) -> None:
    made = [Selection(0, "accept", _box(EVERYWHERE, (1 + 10 * n, 7 + 10 * n + n % 6)), "L") for n in range(count)]
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
