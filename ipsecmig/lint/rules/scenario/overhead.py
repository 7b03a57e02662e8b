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
from itertools import islice
from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.expansion import Term
from ipsecmig.model.flatten import SpecificFilter
from ipsecmig.model.treatment import Protect

_MANY: Final = 10


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each pair of ends with too many."""
    ends: dict[tuple[str, str], list[SpecificFilter]] = {}
    for specific in inspection.flat.filters:
        if isinstance(specific.treatment, Protect) and not specific.mirror:
            pair = _end(specific.source), _end(specific.destination)
            ends.setdefault((min(pair), max(pair)), []).append(specific)
    for pair, filters in ends.items():
        if len(filters) > _MANY:
            witnesses = filter(None, (inspection.decided_by(specific) for specific in filters))
            found = list(islice(witnesses, _MANY + 1))
            if len(found) > _MANY:
                message = f"more than {_MANY} filters secure the traffic between {pair[0]} and {pair[1]}, one by one"
                yield RULE.finding(message, policy_subject(inspection.policy), found[0])


def _end(term: Term) -> str:
    return "this host" if term.me and not term.range.is_host else term.range.text()


RULE = LintRule("S15", "many-associations", Family.SCENARIO, Severity.INFO, check, __doc__)
