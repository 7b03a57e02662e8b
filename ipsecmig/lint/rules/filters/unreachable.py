"""A filter decides about no packet.

What: Everything that the filter selects is decided by more specific filters, several of them together where one is not
enough, or is exempt from filters.

Why: Whoever reads the policy believes that the filter does something. Often an exemption was widened later, or the
order of the rules was thought to matter, which it never does.

Example: A filter that blocks 10.0.0.0/24, beside filters that permit 10.0.0.0/25 and 10.0.0.128/25.

Instead: Remove the filter, or narrow those that cover it.

References: Microsoft, "The Cable Guy, February 2005: IPsec Filter Ordering"; Microsoft, "Specifying Default Exemptions
to IPSec Filtering"; Al-Shaer and Hamed, "Discovery of policy anomalies in distributed firewalls" (2004).
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
    """Yield a finding for each filter of an active rule that is foremost nowhere."""
    for found in inspection.verdicts:
        if found.standing is not Standing.UNREACHABLE or found.packet is None:
            continue
        treatment = inspection.decisions.at(found.packet)
        related = subjects(inspection.filter_index.filters(found.instead, found.packet))
        who = "more specific filters cover" if related else "exemptions and more specific filters cover"
        message = f"the filter decides about no packet: {who} all of it; {found.packet.text()} is {verdict(treatment)}"
        subject = filter_subject(found.halves[0].filter_list, found.halves[0].filter)
        yield RULE.finding(message, subject, Witness(found.packet, treatment), related=related)


RULE = LintRule("X45", "unreachable-filter", Family.FILTERS, Severity.WARNING, check, __doc__)
