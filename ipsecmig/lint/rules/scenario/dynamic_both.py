"""Both ends of secured traffic have dynamic addresses.

What: A filter that decides demands protection between two ranges of kind `dynamic`; `me` counts when all of this host's
addresses lie in one.

Why: Neither end can be told from other hosts by its address, so the filter must be wide, and every host in it must
do IPsec.

Example: A policy that secures traffic between all notebooks of a network whose addresses DHCP gives out.

Instead: Give the servers among them static addresses, and secure the traffic with those.

References: Microsoft, "What Is IPSec?", "Securing Traffic in Environments That Use Dynamic IP Addresses".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, filter_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.inventory import RangeKind
from ipsecmig.model.treatment import Protect


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each such filter."""
    dynamic = inspection.pool(RangeKind.DYNAMIC)
    found: set[int] = set()
    for specific in inspection.flat.filters:
        if id(specific.filter) in found or not isinstance(specific.treatment, Protect):
            continue
        if dynamic.contains(specific.source.range) and dynamic.contains(specific.destination.range):
            witness = inspection.decided_by(specific)
            if witness is not None:
                found.add(id(specific.filter))
                subject = filter_subject(specific.filter_list, specific.filter)
                yield RULE.finding("both ends have dynamic addresses", subject, witness)


RULE = LintRule("S17", "dynamic-at-both-ends", Family.SCENARIO, Severity.WARNING, check, __doc__)
