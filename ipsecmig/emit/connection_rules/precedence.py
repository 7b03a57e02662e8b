"""Which rules lie inside others: about these nothing is documented but that exemptions prevail."""

from __future__ import annotations

from collections.abc import Iterator, Set
from itertools import permutations, product

from ipsecmig.model.flatten import FlatPolicy, SpecificFilter
from ipsecmig.model.policy import Rule
from ipsecmig.model.space import ALL_LINKS
from ipsecmig.model.treatment import Block, Permit, Treatment


def me_is_any(flat: FlatPolicy) -> bool:
    """Whether `me`, where it stands for all addresses, may be said as `any`.

    It may not where filters without `me` treat packets otherwise: they are less specific than those with it.
    """
    with_me = {f.treatment for f in flat.filters if f.source.me or f.destination.me}
    without = {f.treatment for f in flat.filters if not (f.source.me or f.destination.me)}
    others = {t for t in without if not isinstance(t, Block)}
    return not others or (with_me <= others and len(others) == 1)


def nested(flat: FlatPolicy, made: Set[tuple[int, int]]) -> Iterator[tuple[Rule, Rule]]:
    """Yield pairs of rules, each once: the first is inside the second, treats packets otherwise and does not permit.

    `made` tells, by identity of rule and filter, which filters rules were made of.
    """
    groups: dict[Treatment, list[SpecificFilter]] = {}
    for specific in flat.filters:
        if (id(specific.rule), id(specific.filter)) in made:
            groups.setdefault(specific.treatment, []).append(specific)
    seen: set[tuple[int, int]] = set()
    for (treatment, inside), (_, outside) in permutations(groups.items(), 2):
        if isinstance(treatment, Permit):
            continue
        for inner, outer in product(inside, outside):
            key = (id(inner.rule), id(outer.rule))
            if key not in seen and _is_inside(inner, outer):
                seen.add(key)
                yield inner.rule, outer.rule


def _is_inside(inner: SpecificFilter, outer: SpecificFilter) -> bool:
    """Whether `outer` selects more than `inner` and all of it, on whatever interfaces: these are compared by nobody."""
    here = [box._replace(link=ALL_LINKS) for box in inner.boxes]
    there = [box._replace(link=ALL_LINKS) for box in outer.boxes]
    return any(a != b and b.contains(a) for a, b in product(here, there))
