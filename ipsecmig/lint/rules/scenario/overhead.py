"""One pair of ends has many security associations.

What: More than 10 filters that decide secure traffic between the same two ends.

Why: Each filter gets security associations of its own, which are negotiated, kept and renewed apart. The first packets
of each wait for a negotiation.

Example: Fifteen filters, one for each port, between an application server and its database.

Instead: One filter for all traffic between the two hosts, or for the one protocol.

References: Microsoft, "What Is IPSec?", "Site-to-Site IPSec Tunneling with Non-Microsoft Gateways", on the overhead and
latency of IPsec; RFC 2401 4.4.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.expansion import Term
from ipsecmig.model.flatten import SpecificFilter
from ipsecmig.model.standing import Standing
from ipsecmig.model.treatment import Protect

_MANY: Final = 10


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each pair of ends with too many."""
    ends: dict[tuple[str, str], list[SpecificFilter]] = {}
    for verdict in inspection.verdicts:
        half = verdict.halves[0]
        if isinstance(half.treatment, Protect) and verdict.standing is not Standing.UNREACHABLE:
            pair = sorted((_end(half.source), _end(half.destination)))
            ends.setdefault((pair[0], pair[1]), []).append(half)
    for (one, other), filters in ends.items():
        if len(filters) > _MANY:
            message = f"{len(filters)} filters secure the traffic between {one} and {other}, one by one"
            yield RULE.finding(message, policy_subject(inspection.policy), inspection.decided_by(filters[0]))


def _end(term: Term) -> str:
    return "this host" if term.me and not term.range.is_host else term.range.text()


RULE = LintRule("S15", "many-associations", Family.SCENARIO, Severity.INFO, check, __doc__)
