"""Diagnosis, real-time or peer-to-peer traffic is secured.

What: ICMP, or a well-known port of telephony, conferencing or file sharing between peers, is secured with hosts that no
filter names.

Why: Such programs talk with many hosts, expect the first packet to arrive, or measure the way. They may not work while
a negotiation is going on, or with hosts that cannot do IPsec. Without ICMP a wrong path MTU or a slow link is not seen.

Example: A rule that secures all traffic, with no rule that permits ICMP.

Instead: Permit ICMP, and secure only what needs it.

References: Microsoft, "What Is IPSec?", "Securing All Traffic in a Network"; Microsoft, "Server and Domain Isolation
Using IPsec and Group Policy".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.lint.services import SENSITIVE_TO_DELAY, secured_with_strangers


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield one finding for the policy, which names all such services."""
    found = list(secured_with_strangers(inspection, SENSITIVE_TO_DELAY))
    if found:
        names = ", ".join(service.text for service, _ in found)
        message = f"secured with everybody, although it may not work so: {names}"
        yield RULE.finding(message, policy_subject(inspection.policy), found[0][1])


RULE = LintRule("S23", "secured-real-time", Family.SCENARIO, Severity.WARNING, check, __doc__)
