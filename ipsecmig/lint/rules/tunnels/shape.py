"""A tunnel rule is not written as Windows needs it.

What: A filter of a tunnel rule is mirrored, or names a protocol or a port, or no other tunnel rule has the reverse of
its filters.

Why: A tunnel is two rules, one for each direction, whose endpoints differ; a mirrored filter would lead both directions
to one endpoint. Tunnels for single protocols or ports are not supported although they can be entered, and a tunnel with
a rule for one direction only is not applied.

Example: One rule with `tunnel=198.51.100.1` whose filter is `srcaddr=10.1.0.0 dstaddr=10.2.0.0`, mirrored.

Instead: Two rules with filters that are not mirrored and name addresses only; the outbound one ends at the peer, the
inbound one at this host.

References: KB252735; KB816514.
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, rule_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.policy import FilterList
from ipsecmig.model.selectors import ANY_PROTOCOL


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each fault of each tunnel rule."""
    tunnels = [(rule, filters) for rule, filters, _ in inspection.bound if rule.tunnel_endpoint is not None]
    directions = {frozenset((f.source, f.destination) for f in filters.filters) for _, filters in tunnels}
    for rule, filters in tunnels:
        for fault in _faults(filters):
            yield RULE.finding(fault, rule_subject(inspection.policy, rule))
        if frozenset((f.destination, f.source) for f in filters.filters) not in directions:
            message = "no tunnel rule has the reverse filters, and Windows does not apply a tunnel in one direction"
            yield RULE.finding(message, rule_subject(inspection.policy, rule))


def _faults(filters: FilterList) -> Iterator[str]:
    if any(f.mirrored for f in filters.filters):
        yield "a filter of the tunnel is mirrored"
    if any(f.protocol != ANY_PROTOCOL for f in filters.filters):
        yield "a filter of the tunnel names a protocol or a port, which tunnels do not support"


RULE = LintRule("X24", "malformed-tunnel", Family.TUNNELS, Severity.ERROR, check, __doc__)
