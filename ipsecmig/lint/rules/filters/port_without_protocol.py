"""A filter names a port, and its protocol has none.

What: A filter of an active rule has a port, and its protocol is neither TCP nor UDP.

Why: Windows looks at ports in TCP and UDP only. Whether it ignores the port of such a filter, which then selects far
more than is meant, or never matches, is not documented. netsh refuses such filters; other ways to write a policy do
not.

Example: A filter of protocol `any` with destination port 80.

Instead: One filter for TCP and one for UDP.

References: Microsoft, netsh ipsec reference, "add filter"; [MS-GPIPSEC], filter data.
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, filter_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.policy import Filter
from ipsecmig.model.selectors import PORT_PROTOCOLS, format_protocol


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each such filter."""
    for filter_list in {id(found): found for _, found, _ in inspection.bound}.values():
        for filter_ in filter_list.filters:
            if filter_.protocol not in PORT_PROTOCOLS and _has_port(filter_):
                message = f"the filter names a port, which protocol {format_protocol(filter_.protocol)} does not have"
                yield RULE.finding(message, filter_subject(filter_list, filter_))


def _has_port(filter_: Filter) -> bool:
    return not (filter_.source_port.is_any and filter_.destination_port.is_any)


RULE = LintRule("X34", "port-without-protocol", Family.FILTERS, Severity.WARNING, check, __doc__)
