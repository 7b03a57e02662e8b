"""A policy is made for a computer at home.

What: An address of this host lies in a range of the inventory for homes, and the policy secures something.

Why: IPsec policies are made for administrators: a wrong one cuts the computer off, and nobody at home can find out why.
What homes have besides speaks against them as well: broadcast and multicast applications (S22), addresses that change
(S16) and a NAT in the way (S06), of which those rules tell.

Example: A policy for employees' own computers that secures traffic with the company's servers.

Instead: L2TP/IPsec by a Connection Manager profile, which needs no policy.

References: Microsoft, "What Is IPSec?", "Securing Traffic in Home Networking Scenarios".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.inventory import RangeKind


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for the policy when it secures something at home."""
    homes = inspection.pool(RangeKind.HOME)
    if inspection.protecting and any(homes.contains(address) for address in inspection.inventory.site.addresses):
        message = "the policy secures traffic of a computer at home"
        yield RULE.finding(message, policy_subject(inspection.policy), inspection.protecting[0][1])


RULE = LintRule("S35", "policy-at-home", Family.SCENARIO, Severity.INFO, check, __doc__)
