"""Boxes found by hashing are those that looking at every box finds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipsecmig.model.selectors import Family
from ipsecmig.model.shapes import BoxIndex
from ipsecmig.model.space import ALL_LINKS, ALL_PORTS, ALL_PROTOCOLS, Box, Direction, Span

directions = st.sampled_from(list(Direction)).map(lambda one: (one, one))
families = st.sampled_from(list(Family)).map(lambda one: (one, one))


def spans(highest: int) -> st.SearchStrategy[Span]:
    """Return blocks of one mask, and as many spans that are none."""
    values = st.integers(0, 7) | st.integers(highest - 7, highest)
    blocks = st.builds(lambda value, bits: (value >> bits << bits, value | (1 << bits) - 1), values, st.integers(0, 3))
    return blocks | st.tuples(values, values).map(lambda ends: (min(ends), max(ends))) | st.just((0, highest))


ADDRESSES = spans((1 << 32) - 1)
boxes = st.builds(
    Box,
    directions,
    families,
    st.sampled_from([ALL_LINKS, (0, 0), (1, 1)]),
    ADDRESSES,
    ADDRESSES,
    spans(ALL_PROTOCOLS[1]),
    spans(ALL_PORTS[1]),
    spans(ALL_PORTS[1]),
)


@given(st.lists(boxes, max_size=30), st.lists(boxes, max_size=5))
def test_every_box_around_another_is_found_and_nothing_else(indexed: list[Box], others: list[Box]) -> None:
    index = BoxIndex((box, number) for number, box in enumerate(indexed))
    for inner in (*indexed, *others):
        around = [(box, number) for number, box in enumerate(indexed) if box.contains(inner)]
        assert sorted(index.containing(inner)) == sorted(around)


def test_boxes_that_disagree_above_the_free_bits_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[Box] = []
    original = Box.contains

    def contains(self: Box, other: Box) -> bool:
        looked_at.append(self)
        return original(self, other)

    hosts = [
        Box((0, 0), (4, 4), ALL_LINKS, (number, number), (number, number), ALL_PROTOCOLS, ALL_PORTS, ALL_PORTS)
        for number in range(1000)
    ]
    index = BoxIndex((host, None) for host in hosts)
    monkeypatch.setattr(Box, "contains", contains)
    assert [box for host in hosts for box, _ in index.containing(host)] == hosts == looked_at
