"""The policy is kept where the computer's domain does not help.

What: The policy is in the local store of a member of a domain, or in the store of a domain to which this host does not
belong, as the inventory says.

Why: Group policy gives one policy to many computers, and trust with it. Local policies must be kept right computer by
computer, and a policy in a domain never reaches a computer outside it.

Example: The same local policy, brought by script to forty servers of one domain.

Instead: Keep the policy in the domain and assign it by a group policy object to the organizational unit.

References: Microsoft, "What Is IPSec?", "Active Directory".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.policy import StoreKind


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for the policy when its store and the membership of this host do not fit; that must be known."""
    domain, store = inspection.inventory.this.domain, inspection.policy.store.kind
    if domain and store is StoreKind.LOCAL:
        message = f"a local policy on a member of {domain}: group policy would keep it alike on all members"
        yield RULE.finding(message, policy_subject(inspection.policy))
    if domain == "" and store is StoreKind.DOMAIN:
        message = "the policy is in a domain, which this host is not a member of"
        yield RULE.finding(message, policy_subject(inspection.policy))


RULE = LintRule("S40", "store-and-domain", Family.SCENARIO, Severity.INFO, check, __doc__)
