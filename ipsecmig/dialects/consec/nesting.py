"""Finds rules that lie inside others and treat their traffic otherwise: which one Windows follows is not documented."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final, NamedTuple

from ipsecmig.dialects.consec import messages
from ipsecmig.dialects.consec.draft import SPECIFIC_FIRST, Draft
from ipsecmig.model.policy import Action, Filter, FilterAction, Rule
from ipsecmig.model.selectors import Address, AddressRange, AnyAddress, Me

MOST_FILTERS: Final = 2000
"""How many filters are compared with each other."""

Active = tuple[Rule, tuple[Filter, ...], FilterAction]


class _Candidate(NamedTuple):
    """A filter as it matches in one direction; the reverse of a mirrored one is another candidate."""

    filter: Filter
    rule: Rule
    action: FilterAction


def doubt_nested(rules: Sequence[Active], draft: Draft) -> None:
    """Doubt every pair of `rules` of which one has a filter inside a filter of the other, but exemptions.

    A rule that permits inside one that does not is an exemption, which prevails.
    """
    if SPECIFIC_FIRST in draft.assumptions or len({_manner(rule, action) for rule, _, action in rules}) < 2:
        return
    found = [_Candidate(each, rule, action) for rule, filters, action in rules for each in filters]
    if len(found) > MOST_FILTERS:
        draft.doubt(messages.MANY_RULES, rules[0][0].origin, "the rules", count=len(found))
        return
    said: set[tuple[str, str]] = set()
    for inner, outer in _nested(found):
        names = (inner.rule.name, outer.rule.name)
        if names not in said:
            said.add(names)
            one, other = (f'rule "{name}"' for name in names)
            draft.doubt(messages.PRECEDENCE, inner.rule.origin, one, one=one, other=other)


def _nested(found: Sequence[_Candidate]) -> Iterator[tuple[_Candidate, _Candidate]]:
    for one, other in combinations(found, 2):
        if _manner(one.rule, one.action) == _manner(other.rule, other.action):
            continue
        for inner, outer in ((one, other), (other, one)):
            is_exemption = inner.action.action is Action.PERMIT
            if not is_exemption and _is_inside(inner.filter, outer.filter):
                yield inner, outer


def _manner(rule: Rule, action: FilterAction) -> tuple[object, ...]:
    """Return everything that decides how a rule treats packets."""
    return (
        action.action,
        action.offers,
        action.pfs,
        action.pfs_group,
        action.inbound_passthrough,
        action.soft,
        rule.authentication if action.action is Action.NEGOTIATE else (),
        rule.tunnel_endpoint,
    )


def _is_inside(one: Filter, other: Filter) -> bool:
    """Whether every packet that `one` selects `other` selects too, and not the other way round."""
    return _covers(other, one) and not _covers(one, other)


def _covers(outer: Filter, inner: Filter) -> bool:
    if outer.protocol and outer.protocol != inner.protocol:
        return False
    straight = _covers_address(outer.source, inner.source) and _covers_address(outer.destination, inner.destination)
    if straight and _covers_ports(
        outer,
        inner.source_port.first,
        inner.source_port.last,
        inner.destination_port.first,
        inner.destination_port.last,
    ):
        return True
    crossed = _covers_address(outer.source, inner.destination) and _covers_address(outer.destination, inner.source)
    return bool(
        (outer.mirrored or inner.mirrored)
        and crossed
        and _covers_ports(
            outer,
            inner.destination_port.first,
            inner.destination_port.last,
            inner.source_port.first,
            inner.source_port.last,
        )
    )


def _covers_ports(outer: Filter, first: int, last: int, other_first: int, other_last: int) -> bool:
    source, destination = outer.source_port, outer.destination_port
    return (
        source.first <= first
        and last <= source.last
        and destination.first <= other_first
        and other_last <= destination.last
    )


def _covers_address(outer: Address, inner: Address) -> bool:
    """Whether `outer` holds `inner`; what is not known now (a server, a name) may lie inside anything."""
    if isinstance(outer, AnyAddress) or outer == inner:
        return True
    if isinstance(inner, AnyAddress | Me):
        return False
    if not isinstance(outer, AddressRange) or not isinstance(inner, AddressRange):
        return True
    return outer.family is inner.family and outer.first <= inner.first and inner.last <= outer.last
