"""Runs rules over one policy."""

from __future__ import annotations

from collections.abc import Iterable

from ipsecmig.lint.finding import Finding
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import LintRule
from ipsecmig.model.collector import collector_paused


@collector_paused()
def run(rules: Iterable[LintRule], inspection: Inspection) -> tuple[Finding, ...]:
    """Return what `rules` find, in the order of the source. Raises BudgetExceeded."""
    found = [finding for rule in rules for finding in rule.check(inspection)]
    return tuple(sorted(found, key=_place))


def _place(finding: Finding) -> tuple[str, int, int, str, str]:
    origin = finding.subject.origin
    return origin.file, origin.line, origin.column, finding.code, finding.subject.name
