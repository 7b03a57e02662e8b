"""The mode does not fit: L2TP in a tunnel, or transport between networks.

What: A tunnel rule has a filter for UDP 1701, or a transport rule decides about traffic between two networks to neither
of which this host belongs. Where this host's addresses are not known that it belongs to neither is assumed.

Why: L2TP/IPsec is IPsec in transport mode: L2TP itself is the tunnel. In transport mode a host protects its own packets
only; those that it forwards between two networks it cannot, and it drops what it must protect.

Example: On a router, a rule without a tunnel endpoint that secures 10.1.0.0/16 with 10.2.0.0/16.

Instead: No policy for L2TP; for traffic between networks two tunnel rules, one for each direction.

References: Microsoft, "What Is IPSec?", "L2TP/IPSec for Remote Access and Site-to-Site VPN Connections"; RFC 2401 4.1;
RFC 3193.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, Subject, rule_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.lint.services import selects_l2tp
from ipsecmig.model.expansion import Term
from ipsecmig.model.flatten import SpecificFilter
from ipsecmig.model.selectors import AddressRange
from ipsecmig.model.space import Direction
from ipsecmig.model.treatment import Protect


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each such rule."""
    found: set[int] = set()
    for specific in inspection.flat.filters:
        if id(specific.rule) in found or not isinstance(specific.treatment, Protect):
            continue
        subject = rule_subject(inspection.policy, specific.rule)
        if specific.treatment.tunnel is None:
            finding = _forwarded(inspection, specific, subject)
        elif selects_l2tp(specific.filter):
            finding = RULE.finding("a tunnel rule names UDP 1701, but L2TP/IPsec uses transport mode", subject)
        else:
            finding = None
        if finding is not None:
            found.add(id(specific.rule))
            yield finding


def _forwarded(inspection: Inspection, specific: SpecificFilter, subject: Subject) -> Finding | None:
    """Return the finding of a transport filter that selects only what is forwarded between networks."""
    known = bool(inspection.inventory.site.addresses)
    forwarded = [box for box in specific.boxes if box.direction[0] == Direction.FORWARD]
    if not (_is_network(specific.source) and _is_network(specific.destination)):
        return None
    if known and len(forwarded) < len(specific.boxes):
        return None
    witness = inspection.find(forwarded, functools.partial(operator.eq, specific.treatment))
    if witness is None:
        return None
    ends = f"{specific.source.range.text()} and {specific.destination.range.text()}"
    message = f"transport mode cannot secure traffic between the networks {ends}"
    if known:
        return RULE.finding(message, subject, witness)
    message += ", if this host is in neither"
    return RULE.finding(message, subject, witness, severity=Severity.INFO, certain=False)


def _is_network(term: Term) -> bool:
    everybody = AddressRange.whole(term.range.family)
    return not term.range.is_host and term.range != everybody


RULE = LintRule("S13", "wrong-mode", Family.TUNNELS, Severity.WARNING, check, __doc__)
