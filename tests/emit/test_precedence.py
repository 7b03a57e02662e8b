"""Which connection security rules lie inside others: what hashing finds is what comparing each with each finds."""

from __future__ import annotations

from hypothesis import given
from strategies.small import small_policies, small_sites

from ipsecmig.emit.connection_rules.precedence import nested
from ipsecmig.model.flatten import FlatPolicy, SpecificFilter, flatten
from ipsecmig.model.policy import PolicyStore
from ipsecmig.model.site import Site
from ipsecmig.model.space import ALL_LINKS
from ipsecmig.model.treatment import Permit


def is_inside(inner: SpecificFilter, outer: SpecificFilter) -> bool:
    here, there = ([box._replace(link=ALL_LINKS) for box in one.boxes] for one in (inner, outer))
    return any(a != b and b.contains(a) for a in here for b in there)


def compared(flat: FlatPolicy, made: set[tuple[int, int]]) -> set[tuple[str, str]]:
    rules = [f for f in flat.filters if (id(f.rule), id(f.filter)) in made]
    return {
        (inner.rule.name, outer.rule.name)
        for inner in rules
        for outer in rules
        if inner.treatment != outer.treatment and not isinstance(inner.treatment, Permit) and is_inside(inner, outer)
    }


@given(small_policies(), small_sites())
def test_rules_inside_others_are_all_found_each_once(store: PolicyStore, site: Site) -> None:
    flat = flatten(store, store.policies[0], site)
    everything = {(id(f.rule), id(f.filter)) for f in flat.filters}
    for made in (everything, set(sorted(everything)[::2])):
        found = [(inner.name, outer.name) for inner, outer in nested(flat, made)]
        assert len(set(found)) == len(found)
        assert set(found) == compared(flat, made)
