"""A policy is complex.

What: The policy has more than 10 active rules or more than 100 filters, or its filters contradict each other: they
overlap, neither lies inside the other, and they treat packets differently.

Why: The need for security must outweigh the complexity of the policies that give it. Windows orders filters by itself,
the most specific first, so that what a large policy does is hard to tell by reading it; and which of two contradicting
filters it prefers is not documented.

Example: Thirty rules that permit single ports to single hosts beside one that secures the rest.

Instead: Fewer and wider filters, one filter list for each purpose, and none for what needs no treatment of its own.

References: Microsoft, "What Is IPSec?", "IPSec Scenarios"; Microsoft, "The Cable Guy, February 2005: IPsec Filter
Ordering".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, Witness, policy_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.space import whole_space
from ipsecmig.model.treatment import Conflict

_MANY_RULES: Final = 10
_MANY_FILTERS: Final = 100


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield one finding for the policy, which tells everything that makes it complex."""
    rules, filters = len(inspection.bound), sum(len(filter_list.filters) for _, filter_list, _ in inspection.bound)
    reasons = [f"{rules} rules"] if rules > _MANY_RULES else []
    reasons += [f"{filters} filters"] if filters > _MANY_FILTERS else []
    witness = _contradiction(inspection)
    reasons += [] if witness is None else ["filters that contradict each other"]
    if reasons:
        yield RULE.finding(f"the policy has {' and '.join(reasons)}", policy_subject(inspection.policy), witness)


def _contradiction(inspection: Inspection) -> Witness | None:
    return inspection.find(whole_space(), lambda treatment: isinstance(treatment, Conflict))


RULE = LintRule("S01", "complex-policy", Family.SCENARIO, Severity.INFO, check, __doc__)
