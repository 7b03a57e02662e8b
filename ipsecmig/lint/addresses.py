"""Sets of addresses, for rules that ask where the addresses of many filters lie."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from ipsecmig.model.flatten import FlatPolicy
from ipsecmig.model.selectors import AddressRange, Family
from ipsecmig.model.site import Site
from ipsecmig.model.space import Span


class AddressSet:
    """The union of some ranges of addresses."""

    def __init__(self, ranges: Iterable[AddressRange]) -> None:
        ranges = tuple(ranges)
        self._spans = {f: list(_merged((r.first, r.last) for r in ranges if r.family is f)) for f in Family}

    def contains(self, wanted: AddressRange) -> bool:
        """Whether every address of `wanted` is in the set."""
        spans = self._spans[wanted.family]
        position = bisect_right(spans, (wanted.first, wanted.family.last)) - 1
        return position >= 0 and wanted.last <= spans[position][1]


def without(span: Span, numbers: Iterable[int]) -> Iterator[Span]:
    """Yield the parts of `span` that hold none of `numbers`."""
    low, high = span
    for number in sorted(numbers):
        if low <= number <= high:
            if low < number:
                yield low, number - 1
            low = number + 1
    if low <= high:
        yield low, high


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    """Yield `spans` in ascending order, those that overlap or touch as one."""
    current: Span | None = None
    for low, high in sorted(spans):
        if current is not None and low <= current[1] + 1:
            current = (current[0], max(current[1], high))
            continue
        if current is not None:
            yield current
        current = (low, high)
    if current is not None:
        yield current


_EVERYBODY: Final = (0, Family.IPV4.last)

_NOBODY: Final = ((0, (1 << 24) - 1), (127 << 24, (128 << 24) - 1), (224 << 24, Family.IPV4.last))
"""Addresses that no single host on a network has: networks 0 and 127, and from 224.0.0.0 on (RFC 1122 3.2.1.3)."""

_EXAMPLE: Final = AddressRange.parse("198.51.100.9").first
"""The address that stands for somebody unknown where no filter names it (RFC 5737)."""


def unnamed(flat: FlatPolicy) -> AddressRange | None:
    """Return an IPv4 host that no filter of `flat` names, or None where filters name every address.

    It stands for everybody whom the policy does not know: all of them are treated alike.
    """
    terms = chain.from_iterable((specific.source, specific.destination) for specific in flat.filters)
    named = {(term.range.first, term.range.last) for term in terms if term.range.family is Family.IPV4}
    gaps = list(_free((*_spans(flat.site.addresses), *named - {_EVERYBODY})))
    if not gaps:
        return None
    if any(low <= _EXAMPLE <= high for low, high in gaps):
        return AddressRange(Family.IPV4, _EXAMPLE, _EXAMPLE)
    _, last = max(gaps, key=lambda gap: gap[1] - gap[0])
    return AddressRange(Family.IPV4, last, last)


def other_hosts(site: Site) -> tuple[AddressRange, ...]:
    """Return every IPv4 address that another host may have: neither this one's nor a multicast or broadcast address."""
    return tuple(AddressRange(Family.IPV4, *gap) for gap in _free(_spans((*site.addresses, *site.broadcasts))))


def _spans(ranges: Iterable[AddressRange]) -> Iterator[Span]:
    return ((r.first, r.last) for r in ranges if r.family is Family.IPV4)


def _free(spans: Iterable[Span]) -> Iterator[Span]:
    """Yield the IPv4 addresses that a host may have besides those in `spans`."""
    return _gaps(_merged((*spans, *_NOBODY)))


def _gaps(spans: Iterator[Span]) -> Iterator[Span]:
    """Yield what lies between the disjoint, ascending `spans` of IPv4 addresses, the last of which is the space's."""
    free = 0
    for low, high in spans:
        if free < low:
            yield free, low - 1
        free = high + 1


def besides(whole: AddressRange, hole: AddressRange) -> Iterator[AddressRange]:
    """Yield the parts of `whole` that lie outside `hole`."""
    parts = ((whole.first, min(whole.last, hole.first - 1)), (max(whole.first, hole.last + 1), whole.last))
    return (AddressRange(whole.family, low, high) for low, high in parts if low <= high)
