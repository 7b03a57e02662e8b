"""The broad rule speaks of `me` instead of `any`.

What: A filter from this host to everybody, for every protocol, negotiates security and decides about some packet.

Why: `me` counts as one host, so that the broad filter is more specific on one side than exemptions written
`any <-> address`, and neither then lies inside the other. Guidance for domain isolation therefore writes the broad
filter `any <-> any` and each exemption `any <-> address`.

Example: `me <-> any` negotiates, and `any <-> 10.0.0.1` is meant to exempt a server.

Instead: Write the broad filter as `srcaddr=any dstaddr=any`, or every exemption with `me`.

References: Microsoft, "GPO_DOMISO_IsolatedDomain_Clients_WinXP".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, filter_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.policy import Filter
from ipsecmig.model.selectors import ANY, ANY_PROTOCOL, ME
from ipsecmig.model.treatment import Protect


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each broad filter with `me` that secures some packet."""
    seen: set[int] = set()
    for specific in inspection.flat.filters:
        filter_, treatment = specific.filter, specific.treatment
        if id(filter_) in seen or not _is_broad(filter_) or not isinstance(treatment, Protect):
            continue
        witness = inspection.decided_by(specific)
        if witness is not None:
            seen.add(id(filter_))
            message = "the broad filter names `me`, so that exemptions written with `any` do not lie inside it"
            yield RULE.finding(message, filter_subject(specific.filter_list, filter_), witness)


def _is_broad(one: Filter) -> bool:
    return one.protocol == ANY_PROTOCOL and {one.source, one.destination} == {ME, ANY}


RULE = LintRule("X32", "broad-filter-of-me", Family.FILTERS, Severity.INFO, check, __doc__)
