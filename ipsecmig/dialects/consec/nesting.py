"""Finds rules that lie inside others and treat their traffic otherwise: which one Windows follows is not documented."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations, product
from typing import Final, NamedTuple

from ipsecmig.dialects.consec import messages
from ipsecmig.dialects.consec.draft import SPECIFIC_FIRST, Draft
from ipsecmig.model.policy import Action, Filter, FilterAction, Rule
from ipsecmig.model.selectors import Address, AddressRange, AnyAddress, Me

MOST_FILTERS: Final = 1000
"""How many filters are compared with each other."""

Active = tuple[Rule, tuple[Filter, ...], FilterAction]


class _Candidate(NamedTuple):
    """A filter with the rule that it stands for."""

    filter: Filter
    rule: Rule
    is_exemption: bool


def doubt_nested(rules: Sequence[Active], draft: Draft) -> None:
    """Doubt every pair of `rules` of which one has a filter inside a filter of the other, but exemptions.

    A rule that permits inside one that does not is an exemption, which prevails.
    """
    alike: dict[tuple[object, ...], list[_Candidate]] = {}
    for rule, filters, action in rules:
        is_exemption = action.action is Action.PERMIT
        found = alike.setdefault(_manner(rule, action), [])
        found += (_Candidate(each, rule, is_exemption) for each in filters)
    if SPECIFIC_FIRST in draft.assumptions or len(alike) < 2:
        return
    count = sum(map(len, alike.values()))
    if count > MOST_FILTERS:
        draft.doubt(messages.MANY_RULES, rules[0][0].origin, "the rules", count=count)
        return
    said: set[tuple[str, str]] = set()
    for inner, outer in _nested(list(alike.values())):
        names = (inner.rule.name, outer.rule.name)
        if names not in said:
            said.add(names)
            one, other = (f'rule "{name}"' for name in names)
            draft.doubt(messages.PRECEDENCE, inner.rule.origin, one, one=one, other=other)


def _nested(groups: Sequence[Sequence[_Candidate]]) -> Iterator[tuple[_Candidate, _Candidate]]:
    """Yield the pairs of different groups of which the first is inside the second and is no exemption."""
    for inner_group, outer_group in permutations(groups, 2):
        inside = [each for each in inner_group if not each.is_exemption]
        for inner, outer in product(inside, outer_group):
            if _covers(outer.filter, inner.filter) and not _covers(inner.filter, outer.filter):
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
