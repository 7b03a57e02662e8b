"""Two filters say what one mirrored filter would.

What: A filter list holds two filters of which each is the reverse of the other, both mirrored or both not.

Why: It means the same and is twice as long, and whoever changes one of the two must remember the other.

Example: `srcaddr=me dstaddr=10.0.0.9 mirrored=no` beside `srcaddr=10.0.0.9 dstaddr=me mirrored=no`.

Instead: One filter with `mirrored=yes`. In a tunnel the two belong to two rules, and stay apart.

References: Microsoft, netsh ipsec reference, "add filter".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.changes import with_lists
from ipsecmig.lint.finding import Finding, filter_subject
from ipsecmig.lint.inspection import Changed, Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.policy import Filter, FilterList


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for the first of each two such filters."""
    for filter_list in {id(found): found for _, found, _ in inspection.bound}.values():
        for first, second in _pairs(filter_list):
            subject, other = filter_subject(filter_list, first), filter_subject(filter_list, second)
            message = "one mirrored filter would say what this filter and its reverse say"
            yield RULE.finding(message, subject, related=(other,))


def _pairs(filter_list: FilterList) -> Iterator[tuple[Filter, Filter]]:
    waiting: dict[tuple[object, ...], Filter] = {}
    for one in filter_list.filters:
        source, destination = (one.source, one.source_port), (one.destination, one.destination_port)
        other = waiting.pop((destination, source, one.protocol, one.mirrored), None)
        if other is not None:
            yield other, one
        else:
            waiting[source, destination, one.protocol, one.mirrored] = one


def joined(inspection: Inspection) -> Changed:
    """Return the store in which each two such filters are one."""

    def change(filter_list: FilterList) -> tuple[Filter, ...]:
        pairs = list(_pairs(filter_list))
        firsts, seconds = {id(first) for first, _ in pairs}, {id(second) for _, second in pairs}
        return tuple(
            replace(one, mirrored=True) if id(one) in firsts else one
            for one in filter_list.filters
            if id(one) not in seconds
        )

    return with_lists(inspection, change)


RULE = LintRule("X44", "filter-written-twice", Family.FILTERS, Severity.INFO, check, __doc__, joined)
