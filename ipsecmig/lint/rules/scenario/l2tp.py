"""L2TP is secured by hand.

What: A filter that decides demands protection in transport mode for UDP 1701, the port of L2TP.

Why: Windows secures its L2TP connections with a policy of its own, which it makes while a connection is set up. A
policy by hand is one more thing that can disagree with the peer.

Example: A filter list for UDP 1701 on a Routing and Remote Access server.

Instead: Leave it to Windows, unless it was told not to (ProhibitIpSec), for example for routers with preshared keys.

References: Microsoft, "What Is IPSec?", "L2TP/IPSec for Remote Access and Site-to-Site VPN Connections"; RFC 3193.
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, list_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.lint.services import selects_l2tp
from ipsecmig.model.treatment import Protect


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each filter list with such a filter."""
    found: set[str] = set()
    for specific in inspection.flat.filters:
        name, treatment = specific.filter_list.name, specific.treatment
        if name in found or not selects_l2tp(specific.filter):
            continue
        if isinstance(treatment, Protect) and treatment.tunnel is None:
            witness = inspection.decided_by(specific)
            if witness is not None:
                found.add(name)
                yield RULE.finding("L2TP is secured by hand", list_subject(specific.filter_list), witness)


RULE = LintRule("S12", "l2tp-by-hand", Family.SCENARIO, Severity.INFO, check, __doc__)
