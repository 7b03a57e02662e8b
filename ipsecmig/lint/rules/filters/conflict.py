"""Two filters overlap, and which of them wins is not documented.

What: Two filters that treat packets differently both match some packet, and neither is more specific than the other.

Why: Windows orders filters by an internal weight, and only that the more specific filter wins is documented. What
these packets meet can depend on the version, and a translation cannot promise to be equal.

Example: `me <-> any, tcp any -> 445` is blocked and `me <-> 10.0.0.0/8, any protocol` is permitted: SMB to 10.0.0.9.

Instead: Write a third filter for what both match, or narrow one of the two until it lies inside the other.

References: Microsoft, "The Cable Guy, February 2005: IPsec Filter Ordering"; HP-UX IPSec manual, interoperability with
Windows.
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, Witness, filter_subject, policy_subject
from ipsecmig.lint.inspection import Inspection, Predicate
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.lint.wording import verdict
from ipsecmig.model.conflicts import ConflictPair
from ipsecmig.model.treatment import Conflict


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each pair of filters in conflict, an error where they differ in what becomes of packets."""
    pairs: dict[frozenset[int], ConflictPair] = {}
    for pair in inspection.conflicts.pairs:
        pairs.setdefault(frozenset((id(pair.first.filter), id(pair.second.filter))), pair)
    for pair in pairs.values():
        shown = inspection.find([pair.box], _undecided_between(pair))
        if shown is not None:
            yield _finding(pair, shown)
    if inspection.conflicts.truncated:
        message = "more filters of this policy are in conflict than are listed"
        yield RULE.finding(message, policy_subject(inspection.policy), severity=Severity.WARNING)


def _undecided_between(pair: ConflictPair) -> Predicate:
    both = {pair.first.treatment, pair.second.treatment}
    return lambda treatment: isinstance(treatment, Conflict) and both <= treatment.candidates


def _finding(pair: ConflictPair, shown: Witness) -> Finding:
    first, second = (filter_subject(one.filter_list, one.filter) for one in (pair.first, pair.second))
    verdicts = [verdict(pair.first.treatment), verdict(pair.second.treatment)]
    same = verdicts[0] == verdicts[1]
    outcome = "secured in different ways" if same else " or ".join(verdicts)
    message = f"packets that this filter and another match are {outcome}; which of the two wins is not documented"
    severity = Severity.WARNING if same else Severity.ERROR
    return RULE.finding(message, first, shown, severity=severity, related=(second,))


RULE = LintRule("X23", "filter-conflict", Family.FILTERS, Severity.ERROR, check, __doc__)
