"""Which rules lie inside others: about these nothing is documented but that exemptions prevail."""

from __future__ import annotations

from collections.abc import Iterator, Set

from ipsecmig.model.flatten import FlatPolicy
from ipsecmig.model.policy import Rule
from ipsecmig.model.shapes import BoxIndex
from ipsecmig.model.space import ALL_LINKS, Box
from ipsecmig.model.treatment import Block, Permit


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
    rules = [f for f in flat.filters if (id(f.rule), id(f.filter)) in made]
    index = BoxIndex((_on_any_link(box), outer) for outer in rules for box in outer.boxes)
    seen: set[tuple[int, int]] = set()
    for inner in rules:
        if isinstance(inner.treatment, Permit):
            continue
        for box in map(_on_any_link, inner.boxes):
            for around, outer in index.containing(box):
                key = (id(inner.rule), id(outer.rule))
                if key not in seen and around != box and outer.treatment != inner.treatment:
                    seen.add(key)
                    yield inner.rule, outer.rule


def _on_any_link(box: Box) -> Box:
    """Return `box` on all interfaces: which rule is about fewer of them decides nothing."""
    return box._replace(link=ALL_LINKS)
