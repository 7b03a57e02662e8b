"""A domain policy takes the place of this one.

What: This policy is in the local store and assigned, and the source has a policy of a domain that a group policy object
assigns.

Why: One policy is in force at a time, and the one that comes by group policy goes before the local one: what the local
policy says never happens on a computer to which the group policy applies.

Example: A local policy that blocks a service, on a server to which a domain policy without that block is assigned.

Instead: Put the rules of the local policy into that of the domain, or keep the computer out of the group policy.

References: Microsoft, "Understanding IPSec Policy Precedence".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.policy import StoreKind


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for a local policy when the source assigns one of a domain."""
    policy = inspection.policy
    if policy.store.kind is not StoreKind.LOCAL or not policy.assigned:
        return
    for other in inspection.store.policies:
        if other.store.kind is StoreKind.DOMAIN and other.assigned:
            message = f'the policy "{other.name}" of the domain takes its place where group policy assigns it'
            yield RULE.finding(message, policy_subject(policy), related=(policy_subject(other),), certain=False)
            return


RULE = LintRule("X40", "overridden-by-domain", Family.FILTERS, Severity.INFO, check, __doc__)
