"""One finding: what is wrong, with which object of the policy, where, and the packet that shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ipsecmig.diagnostics import NOWHERE, Origin, Severity
from ipsecmig.model import words
from ipsecmig.model.policy import DefaultResponseRule, Filter, FilterAction, FilterList, Policy, Rule
from ipsecmig.model.space import Packet
from ipsecmig.model.treatment import Treatment


class Subject(NamedTuple):
    """The object that a finding is about, by which it is known again when lines have moved.

    `kind` is a word such as `policy`, `rule`, `filter list`, `filter action`, `filter`, `setting`; `name` tells objects
    of that kind apart, and never holds a secret.
    """

    kind: str
    name: str
    origin: Origin = NOWHERE

    @property
    def text(self) -> str:
        """The object in words, for example `rule "Secure SQL"`."""
        return f'{self.kind} "{self.name}"'


class Witness(NamedTuple):
    """A packet that shows the finding, and what it meets under the policy."""

    packet: Packet
    treatment: Treatment


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule found.

    `certain` is False where the policy alone does not prove it and the rule says so in its message. `related` are
    other objects that belong to it.
    """

    code: str
    severity: Severity
    message: str
    subject: Subject
    witness: Witness | None = None
    related: tuple[Subject, ...] = ()
    certain: bool = True


def one_each(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the first finding about each subject."""
    seen: set[Subject] = set()
    for finding in findings:
        if finding.subject not in seen:
            seen.add(finding.subject)
            yield finding


def policy_subject(policy: Policy) -> Subject:
    """Return the subject that is `policy`."""
    return Subject("policy", policy.name, policy.origin)


def rule_subject(policy: Policy, rule: Rule) -> Subject:
    """Return the subject that is `rule`; rules without a name go by their filter list."""
    name = rule.name or f"for {rule.filter_list}"
    return Subject("rule", f"{policy.name}/{name}", rule.origin)


def response_subject(policy: Policy, response: DefaultResponseRule) -> Subject:
    """Return the subject that is the default response rule of `policy`."""
    return Subject("rule", f"{policy.name}/default response", response.origin)


def list_subject(filter_list: FilterList) -> Subject:
    """Return the subject that is `filter_list`."""
    return Subject("filter list", filter_list.name, filter_list.origin)


def action_subject(action: FilterAction) -> Subject:
    """Return the subject that is `action`."""
    return Subject("filter action", action.name, action.origin)


def filter_subject(filter_list: FilterList, filter_: Filter) -> Subject:
    """Return the subject that is a filter of `filter_list`; it goes by what it selects."""
    return Subject("filter", f"{filter_list.name}/{words.filter_(filter_)}", filter_.origin)
