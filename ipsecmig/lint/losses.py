"""Losses of a migration as findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import (
    Finding,
    Subject,
    action_subject,
    filter_subject,
    policy_subject,
    response_subject,
    rule_subject,
)
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import LintRule
from ipsecmig.model.policy import DefaultResponseRule, Filter, FilterAction, FilterList, Policy, Rule
from ipsecmig.model.targets import Loss, LossKind, SecurityDirection


def names(inspection: Inspection, target: str) -> bool:
    """Whether `target` is among those whose losses are known, as far as it has any."""
    return any(loss.target == target for loss in inspection.losses)


def findings(rule: LintRule, inspection: Inspection, losses: Iterable[Loss]) -> Iterator[Finding]:
    """Yield a finding of `rule` for `losses` of one object that have one reason, an error where they fail open."""
    lists = {id(filter_): found for _, found, _ in inspection.bound for filter_ in found.filters}
    alike: dict[tuple[Subject, str, LossKind, SecurityDirection, str], list[str]] = {}
    for loss in losses:
        subject = _subject(inspection.policy, loss, lists)
        why = f"{loss.reason}; {loss.advice}"
        group = alike.setdefault((subject, loss.target, loss.kind, loss.direction, why), [])
        group.append(loss.attribute if loss.about is None else loss.about.value)
    for (subject, target, kind, direction, why), what in alike.items():
        severity = Severity.ERROR if direction is SecurityDirection.FAILS_OPEN else rule.severity
        message = f"{target}: {', '.join(dict.fromkeys(what))}: {kind.value}: {why}"
        yield rule.finding(message, subject, severity=severity)


def _subject(policy: Policy, loss: Loss, lists: Mapping[int, FilterList]) -> Subject:
    match loss.subject:
        case Rule() as rule:
            return rule_subject(policy, rule)
        case FilterAction() as action:
            return action_subject(action)
        case DefaultResponseRule() as response:
            return response_subject(policy, response)
        case Filter() as filter_:
            return filter_subject(lists[id(filter_)], filter_)
        case _:
            return policy_subject(policy)
