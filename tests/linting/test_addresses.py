"""Sets of addresses, and the addresses that no filter names."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.registry import read
from ipsecmig.lint.addresses import AddressSet, other_hosts, unnamed, without
from ipsecmig.model.flatten import FlatPolicy, flatten, select_policy
from ipsecmig.model.selectors import AddressRange, Family
from ipsecmig.model.site import Site

SMALL = st.tuples(st.integers(0, 40), st.integers(0, 8))


@settings(max_examples=200, deadline=None)
@given(members=st.lists(SMALL, max_size=6), wanted=SMALL)
def test_a_range_is_in_the_set_exactly_when_each_of_its_addresses_is(
    members: list[tuple[int, int]], wanted: tuple[int, int]
) -> None:
    ranges = [AddressRange(Family.IPV4, first, first + more) for first, more in members]
    every = {address for r in ranges for address in range(r.first, r.last + 1)}
    asked = AddressRange(Family.IPV4, wanted[0], wanted[0] + wanted[1])
    expected = every.issuperset(range(asked.first, asked.last + 1))
    assert AddressSet(ranges).contains(asked) == expected


@given(span=SMALL, numbers=st.lists(st.integers(0, 50), max_size=4))
def test_a_span_without_some_numbers(span: tuple[int, int], numbers: list[int]) -> None:
    low, high = span[0], span[0] + span[1]
    left = [number for first, last in without((low, high), numbers) for number in range(first, last + 1)]
    assert left == [number for number in range(low, high + 1) if number not in numbers]


def test_the_families_are_apart() -> None:
    assert not AddressSet([AddressRange.parse("0.0.0.0/0")]).contains(AddressRange.parse("::1"))


def _flat(*filters: str, own: str = "10.0.0.5") -> FlatPolicy:
    script = "\n".join(
        [
            "ipsec static",
            "add filteraction name=a action=permit",
            "add policy name=p",
            *(f"add filter filterlist=l {filter_}" for filter_ in filters),
            "add rule name=r policy=p filterlist=l filteraction=a",
        ]
    )
    store = read(Source("p.netsh", script.encode()), ReadOptions(), "netsh-static").store
    return flatten(store, select_policy(store), Site(addresses=(AddressRange.parse(own),)))


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["srcaddr=me dstaddr=any"], "198.51.100.9"),
        (["srcaddr=me dstaddr=198.51.100.9"], "126.255.255.255"),
        (["srcaddr=me dstaddr=192.0.0.0 dstmask=255.0.0.0"], "198.51.100.9"),
        (["srcaddr=198.51.100.9 dstaddr=me", "srcaddr=any dstaddr=me"], "126.255.255.255"),
        (["srcaddr=me dstaddr=0.0.0.0 dstmask=128.0.0.0", "srcaddr=me dstaddr=128.0.0.0 dstmask=128.0.0.0"], None),
    ],
)
def test_unnamed(filters: list[str], expected: str | None) -> None:
    found = unnamed(_flat(*filters))
    assert (None if found is None else found.text()) == expected


def test_other_hosts_are_neither_this_one_nor_a_group() -> None:
    site = Site(
        addresses=(AddressRange.parse("10.0.0.5"), AddressRange.parse("2001:db8::5")),
        broadcasts=(AddressRange.parse("10.0.0.255"),),
    )
    assert [found.text() for found in other_hosts(site)] == [
        "1.0.0.0-10.0.0.4",
        "10.0.0.6-10.0.0.254",
        "10.0.1.0-126.255.255.255",
        "128.0.0.0-223.255.255.255",
    ]
