"""What is emitted of a store, and what it is called in the script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ipsecmig.emit.netsh.words import distinct_names
from ipsecmig.model.policy import FilterAction, FilterList, Policy, PolicyStore, Rule


@dataclass(frozen=True, slots=True)
class Plan:
    """One policy and what its rules use, each with its name in the script.

    `lists` and `actions` are found by their name in the source, case folded, and stand in the order of the store;
    `rules` stand in that of the policy.
    """

    policy: Policy
    policy_name: str
    lists: Mapping[str, tuple[FilterList, str]]
    actions: Mapping[str, tuple[FilterAction, str]]
    rules: tuple[tuple[Rule, str], ...]

    def renamed(self) -> tuple[tuple[str, str, str], ...]:
        """Return kind, name in the source and name in the script of everything that had to be renamed."""
        named = (
            ("policy", self.policy.name, self.policy_name),
            *(("filter list", used.name, name) for used, name in self.lists.values()),
            *(("filter action", used.name, name) for used, name in self.actions.values()),
            *(("rule", rule.name, name) for rule, name in self.rules),
        )
        return tuple(entry for entry in named if entry[1] != entry[2])


def make_plan(store: PolicyStore, policy: Policy) -> Plan:
    """Return what is emitted for `policy` of `store`: the policy itself and the objects that its rules name."""
    used_lists = {r.filter_list.casefold() for r in policy.rules}
    used_actions = {r.filter_action.casefold() for r in policy.rules}
    lists = [f for f in store.filter_lists if f.store == policy.store and f.name.casefold() in used_lists]
    actions = [a for a in store.filter_actions if a.store == policy.store and a.name.casefold() in used_actions]
    return Plan(
        policy,
        distinct_names([policy.name], "Policy")[0],
        _named(lists, "Filter list"),
        _named(actions, "Filter action"),
        tuple(zip(policy.rules, distinct_names([r.name for r in policy.rules], "Rule"), strict=True)),
    )


_Object = TypeVar("_Object", FilterList, FilterAction)


def _named(objects: Sequence[_Object], stand_in: str) -> dict[str, tuple[_Object, str]]:
    names = distinct_names([o.name for o in objects], stand_in)
    return {o.name.casefold(): (o, name) for o, name in zip(objects, names, strict=True)}
