"""Filters of the first version that repeat those of the second for systems that know no ranges.

How the two belong together is not documented but for a flag, so it is worked out: what a flagged filter covers is its
expansion, and anything else is a filter of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from ipsecmig.model.policy import Filter
from ipsecmig.model.selectors import Address, AddressRange, PortRange

_MOST_COMPARISONS: Final = 1_000_000


def own_filters(first: Sequence[Filter], expanded: Sequence[Filter]) -> list[Filter] | None:
    """Return those of `first` that none of `expanded` covers; None where that would be too much work."""
    if len(first) * len(expanded) > _MOST_COMPARISONS:
        return None
    kinds: dict[tuple[int, bool], list[Filter]] = defaultdict(list)
    for filter_ in expanded:
        kinds[filter_.protocol, filter_.mirrored].append(filter_)
    return [f for f in first if not any(_covers(whole, f) for whole in kinds[f.protocol, f.mirrored])]


def _covers(whole: Filter, part: Filter) -> bool:
    return (
        _holds(whole.source, part.source)
        and _holds(whole.destination, part.destination)
        and _ports_hold(whole.source_port, part.source_port)
        and _ports_hold(whole.destination_port, part.destination_port)
    )


def _holds(whole: Address, part: Address) -> bool:
    if isinstance(whole, AddressRange) and isinstance(part, AddressRange):
        return whole.family is part.family and whole.first <= part.first and part.last <= whole.last
    return whole == part


def _ports_hold(whole: PortRange, part: PortRange) -> bool:
    return whole.first <= part.first and part.last <= whole.last
