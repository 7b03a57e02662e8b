"""The rules that protect, as rules on authentication and on algorithms look at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ipsecmig.lint.finding import (
    Finding,
    Subject,
    Witness,
    action_subject,
    policy_subject,
    response_subject,
    rule_subject,
)
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import LintRule
from ipsecmig.model.offers import main_mode_text, quick_mode_text
from ipsecmig.model.policy import MainModeOffer, QuickModeOffer
from ipsecmig.model.treatment import Protect


class Protection(NamedTuple):
    """A rule that decides and protects, its filter action, what they ask for, and a packet that meets it.

    The default response rule is its own action, and has no packet: it answers whoever begins.
    """

    rule: Subject
    action: Subject
    treatment: Protect
    witness: Witness | None


def protections(inspection: Inspection) -> Iterator[Protection]:
    """Yield every rule that protects, the default response rule last. Raises BudgetExceeded."""
    policy = inspection.policy
    actions = {id(rule): action for rule, _, action in inspection.bound}
    for specific, witness in inspection.protecting:
        if isinstance(specific.treatment, Protect):
            action = action_subject(actions[id(specific.rule)])
            yield Protection(rule_subject(policy, specific.rule), action, specific.treatment, witness)
    response = inspection.flat.default_response
    if response is not None and policy.default_response is not None:
        subject = response_subject(policy, policy.default_response)
        yield Protection(subject, subject, response, None)


def by_action(inspection: Inspection) -> Iterator[Protection]:
    """Yield the first rule that protects of each filter action. Raises BudgetExceeded."""
    seen: set[Subject] = set()
    for protection in protections(inspection):
        if protection.action not in seen:
            seen.add(protection.action)
            yield protection


def first(inspection: Inspection) -> Protection | None:
    """Return some rule that protects, or None where the policy negotiates nothing. Raises BudgetExceeded."""
    return next(protections(inspection), None)


def main_mode_offers(
    rule: LintRule, inspection: Inspection, what: str, unwanted: Callable[[MainModeOffer], bool]
) -> Iterator[Finding]:
    """Yield a finding of `rule` about the policy where main mode offers, or accepts, what is unwanted."""
    offers = [main_mode_text(offer) for offer in inspection.policy.main_mode.offers if unwanted(offer)]
    protection = first(inspection) if offers else None
    if protection is not None:
        message = f"main mode offers {what}: {', '.join(offers)}"
        yield rule.finding(message, policy_subject(inspection.policy), protection.witness)


def quick_mode_offers(
    rule: LintRule, inspection: Inspection, what: str, unwanted: Callable[[QuickModeOffer], bool]
) -> Iterator[Finding]:
    """Yield a finding of `rule` for every filter action that offers, or accepts, what is unwanted."""
    for protection in by_action(inspection):
        offers = dict.fromkeys(quick_mode_text(o.transforms) for o in protection.treatment.offers if unwanted(o))
        if offers:
            yield rule.finding(f"quick mode offers {what}: {', '.join(offers)}", protection.action, protection.witness)
