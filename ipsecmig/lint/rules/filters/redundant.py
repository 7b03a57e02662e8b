"""A filter changes nothing.

What: Without the filter every packet would be treated as it is with it: others would decide about its packets, several
of them together where one is not enough, and would treat them alike. Two rules for one filter list count too.

Why: Each filter is one more to keep right, to search and to translate. A permit that permits what passes anyway gives
the impression that what it does not name is blocked.

Example: `permit me <-> 10.1.0.0/16` beside `permit me <-> 10.0.0.0/8`, or in a policy that blocks nothing.

Instead: Remove the filter, unless it is kept as a note of what is meant to pass. Of several such filters remove one at
a time, as each may be the other's stand-in.

References: Al-Shaer and Hamed, "Discovery of policy anomalies in distributed firewalls" (2004).
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, Witness, filter_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.lint.wording import subjects, verdict
from ipsecmig.model.standing import Standing


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each filter of an active rule whose removal would change the treatment of no packet."""
    for found in inspection.verdicts:
        if found.standing is not Standing.REDUNDANT or found.packet is None:
            continue
        treatment = inspection.decisions.at(found.packet)
        if found.twin is not None:
            others, message = [found.twin], "another filter selects and does the same"
        else:
            others = list(inspection.filter_index.filters(found.instead, found.packet))
            why = "other filters do the same" if others else "nothing else matches them"
            message = f"without the filter its packets would be {verdict(treatment)} all the same: {why}"
        subject = filter_subject(found.halves[0].filter_list, found.halves[0].filter)
        boxes = (box for half in found.halves for box in half.boxes)
        shown = inspection.shown(Witness(found.packet, treatment), boxes)
        yield RULE.finding(message, subject, shown, related=subjects(others))


RULE = LintRule("X46", "redundant-filter", Family.FILTERS, Severity.INFO, check, __doc__)
