"""Repairs: changes of a policy that take away what a rule found, each with what it does to packets.

A repair is a function of the policy as data; the corrected script is then written anew. Whether it is safe is not a
promise of the rule but a proof: the policy before and after it are compared over all packets, and one that changes what
any of them meets is made only when that was asked for. Where a policy was not understood whole there is no such proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from ipsecmig.lint.finding import Finding
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import LintRule
from ipsecmig.model.conflicts import treat_alike
from ipsecmig.model.decision import DifferenceSet
from ipsecmig.model.treatment import Treatment


class Step(NamedTuple):
    """One repair that was made: the inspections before and after, and what it changes.

    `effect` is the packets that meet something else, None for none; `beside` is in words what else changes.
    """

    rule: LintRule
    before: Inspection
    after: Inspection
    effect: DifferenceSet[Treatment, Treatment] | None
    beside: tuple[str, ...] = ()


class Withheld(NamedTuple):
    """One repair that was not made, and why; `repairable` is whether it could be if changes were allowed."""

    rule: LintRule
    reason: str
    repairable: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of repairing: the last state, the steps to it, and what was left undone."""

    inspection: Inspection
    steps: tuple[Step, ...]
    withheld: tuple[Withheld, ...]


MOST_BOXES: Final = 20
"""How many boxes of changed packets are listed for one repair."""

LEFT: Final = "what is left of it needs a person's decision"
"""Why a repair stays undone where there is nothing to put in the place of what is found."""

MOST_ROUNDS: Final = 4
"""How often one rule repairs what its own repair brought about."""


def repair(rules: Iterable[LintRule], inspection: Inspection, *, unsafe: bool) -> Outcome:
    """Repair what `rules` find, one rule after another; those that change what packets meet only if `unsafe`.

    Raises BudgetExceeded.
    """
    steps: list[Step] = []
    withheld: list[Withheld] = []
    for rule in rules:
        found = [] if rule.repair is None else list(rule.check(inspection))
        if not found:
            continue
        changed, left = _repaired(rule, inspection, found)
        alike, beside = treat_alike(inspection.flat, changed.flat), tuple(_beside(inspection, changed))
        reason = _objection(inspection, harmless=alike and not beside)
        if left == found or (reason and not unsafe):
            withheld.append(Withheld(rule, LEFT) if left == found else Withheld(rule, reason, repairable=True))
            continue
        steps.append(Step(rule, inspection, changed, None if alike else _effect(inspection, changed), beside))
        inspection = changed
        if left:
            withheld.append(Withheld(rule, LEFT))
    return Outcome(inspection, tuple(steps), tuple(withheld))


def _repaired(rule: LintRule, inspection: Inspection, found: list[Finding]) -> tuple[Inspection, list[Finding]]:
    """Return the policy after the repairs of `rule`, of which one can bring about another, and what is still found."""
    for _ in range(MOST_ROUNDS):
        if rule.repair is None or not found:
            break
        inspection = inspection.repaired(*rule.repair(inspection))
        found = list(rule.check(inspection))
    return inspection, found


def _objection(inspection: Inspection, *, harmless: bool) -> str:
    """Return why a repair is not known to be safe, empty where it is."""
    if not harmless:
        return "it changes what packets or peers meet"
    if inspection.flat.not_understood:
        return "the policy was not understood whole, so that nothing proves that it changes nothing"
    return ""


def _beside(before: Inspection, after: Inspection) -> Iterator[str]:
    """Yield what else than the treatment of packets differs, and matters."""
    one, other = before.flat.default_response, after.flat.default_response
    if one != other:
        yield (
            "the default response rule no longer answers hosts that begin to negotiate"
            if other is None
            else ("the default response rule answers hosts that begin to negotiate otherwise")
        )
    settings = (replace(each.store.settings, exemptions=None) for each in (before, after))
    if len(set(settings)) > 1:
        yield "settings of the machine are others"


def _effect(before: Inspection, after: Inspection) -> DifferenceSet[Treatment, Treatment]:
    return before.decisions.differences(after.decisions, lambda a, b: a == b, MOST_BOXES)
