"""Single ports are opened by filters.

What: The policy blocks what comes in and secures nothing, and a filter that decides lets everybody in to one port.

Why: To open a port, a stateful firewall needs that port alone. A policy needs a list, an action and a rule, and fails
as soon as a filter is not mirrored, or another one is more specific.

Example: Under a rule that blocks everything, `permit any -> me, tcp, any port -> 80`.

Instead: An exception in Internet Connection Firewall, or in Windows Firewall after it.

References: Microsoft, "What Is IPSec?", "IPSec and ICF".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.filtering import blocks_only
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.flatten import SpecificFilter
from ipsecmig.model.selectors import AddressRange
from ipsecmig.model.selectors import Family as IpFamily
from ipsecmig.model.space import ALL_PORTS, Direction
from ipsecmig.model.treatment import Permit

_EVERYBODY = AddressRange.whole(IpFamily.IPV4)


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield one finding for the policy, however many ports it opens."""
    if blocks_only(inspection) is None:
        return
    for specific in filter(_opens_port, inspection.flat.filters):
        witness = inspection.decided_by(specific)
        if witness is not None:
            message = "a stateful firewall would open single ports with less"
            yield RULE.finding(message, policy_subject(inspection.policy), witness)
            return


def _opens_port(specific: SpecificFilter) -> bool:
    if not isinstance(specific.treatment, Permit) or specific.source.range != _EVERYBODY:
        return False
    return any(box.direction[0] == Direction.IN and box.local_port != ALL_PORTS for box in specific.boxes)


RULE = LintRule("S49", "ports-opened-by-filters", Family.SCENARIO, Severity.INFO, check, __doc__)
