"""A host that the Internet reaches blocks nothing by default.

What: This host stands in a range of kind `internet` or `perimeter`, and TCP or UDP from addresses that no filter names
reaches ports that no filter names.

Why: A policy that blocks everything but what the host is there for still holds when the firewall in front of it is
misconfigured or broken.

Example: A Web server in the perimeter whose only rule secures SQL with its database.

Instead: A rule that blocks all traffic between this host and any address, and more specific ones that permit what it
serves, for example TCP 80 and 443.

References: Microsoft, "What Is IPSec?", "Packet Filtering".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection, is_clear
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.inventory import RangeKind
from ipsecmig.model.selectors import TCP, UDP
from ipsecmig.model.space import Direction


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for the policy when its host stands in such a range and an unnamed port is open."""
    exposed = inspection.pool(RangeKind.INTERNET, RangeKind.PERIMETER)
    own = [address for address in inspection.inventory.site.addresses if exposed.contains(address)]
    if not own or inspection.stranger is None:
        return
    for name, protocol in (("TCP", TCP), ("UDP", UDP)):
        boxes = inspection.plain(inspection.stranger, protocol, Direction.IN)
        witness = inspection.find((box for box in boxes if any(box.local[0] == a.first for a in own)), is_clear)
        if witness is not None:
            message = f"{own[0].text()} is exposed, and {name} ports that no filter names are open to everybody"
            yield RULE.finding(message, policy_subject(inspection.policy), witness)
            return


RULE = LintRule("S04", "exposed-without-block", Family.SCENARIO, Severity.INFO, check, __doc__)
