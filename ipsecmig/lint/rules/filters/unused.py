"""Something in the store has no effect.

What: A filter list or filter action that no rule of any policy in its store uses, a filter list without filters that an
active rule uses, a rule that is not active, or a policy that is not assigned although one can be.

Why: What has no effect is read, copied and kept right all the same, and may be taken for protection that is in force.

Example: `add filteraction name=old ...` that no `add rule` names.

Instead: Remove it, or put it to use. What was left out on purpose deserves a word in its description.

References: Microsoft, netsh ipsec reference, "delete filterlist", "delete filteraction" and "set policy".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.changes import without
from ipsecmig.lint.finding import Finding, action_subject, list_subject, policy_subject, rule_subject
from ipsecmig.lint.inspection import Changed, Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.policy import FilterAction, FilterList, StoreKind


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each object without effect in the store of the policy."""
    policy = inspection.policy
    if not policy.assigned and policy.store.kind is not StoreKind.DOMAIN:
        yield RULE.finding("the policy is not assigned", policy_subject(policy))
    yield from _unused(inspection)
    for rule in policy.rules:
        if not rule.active:
            yield RULE.finding("the rule is not active", rule_subject(policy, rule))
    for rule, filter_list, _ in inspection.bound:
        if not filter_list.filters:
            message = f'the filter list "{filter_list.name}" has no filters, so that the rule does nothing'
            yield RULE.finding(message, rule_subject(policy, rule), related=(list_subject(filter_list),))


def _unused(inspection: Inspection) -> Iterator[Finding]:
    for one in _unwanted(inspection):
        if isinstance(one, FilterList):
            yield RULE.finding("no rule uses the filter list", list_subject(one))
        else:
            yield RULE.finding("no rule uses the filter action", action_subject(one))


def _unwanted(inspection: Inspection) -> Iterator[FilterList | FilterAction]:
    here = inspection.policy.store
    rules = [rule for policy in inspection.store.policies if policy.store == here for rule in policy.rules]
    lists = {rule.filter_list.casefold() for rule in rules}
    actions = {rule.filter_action.casefold() for rule in rules}
    for filter_list in inspection.store.filter_lists:
        if filter_list.store == here and filter_list.name.casefold() not in lists:
            yield filter_list
    for action in inspection.store.filter_actions:
        if action.store == here and action.name.casefold() not in actions:
            yield action


def cleared(inspection: Inspection) -> Changed:
    """Return the store without the filter lists and actions that no rule uses; the rest is a person's to decide."""
    unwanted = {id(one) for one in _unwanted(inspection)}
    return without(inspection.store, lambda one: id(one) in unwanted), inspection.policy


RULE = LintRule("X33", "without-effect", Family.FILTERS, Severity.INFO, check, __doc__, cleared)
