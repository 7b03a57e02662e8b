"""All traffic with many hosts is secured.

What: All traffic is secured (S21), and the inventory names more than 20 hosts with which it is.

Why: Each peer costs a negotiation and security associations, and each packet encryption: network throughput falls.

Example: A server for fifty clients with one rule that secures everything.

Instead: Secure only what needs it.

References: Microsoft, "What Is IPSec?", "Securing All Traffic in a Network".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection, is_protected
from ipsecmig.lint.rule import Family, LintRule

_MANY: Final = 20


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for the policy when it secures everything with too many hosts."""
    if inspection.everything_secured is None:
        return
    found = [inspection.find_with(host.addresses, is_protected) for host in inspection.neighbours()]
    secured = [witness for witness in found if witness is not None]
    if len(secured) > _MANY:
        message = f"all traffic with {len(secured)} hosts is secured, which costs throughput"
        yield RULE.finding(message, policy_subject(inspection.policy), secured[0])


RULE = LintRule("S25", "many-secured-hosts", Family.SCENARIO, Severity.INFO, check, __doc__)
