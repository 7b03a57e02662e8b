"""A persistent policy is in force beside this one.

What: The source holds a policy in the persistent store, and this policy is in the local store or in that of a domain.

Why: A persistent policy is added to whichever policy follows it, and stays when that one cannot be had. What packets
meet is then made of the filters of both, and the answers given for this policy alone do not cover it.

Example: `set store location=persistent` with a policy that blocks, and a domain policy that permits the same service.

Instead: Put what must hold from the start of the computer into the persistent policy, and nothing that overlaps with
the other.

References: Microsoft, netsh ipsec reference, "set store"; Microsoft, "Understanding IPSec Policy Precedence".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.policy import StoreKind


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for the policy when the source has a persistent one beside it."""
    if inspection.policy.store.kind is StoreKind.PERSISTENT:
        return
    beside = tuple(p for p in inspection.store.policies if p.store.kind is StoreKind.PERSISTENT and p.assigned)
    if beside:
        names = ", ".join(f'"{policy.name}"' for policy in beside)
        message = f"the persistent policy {names} is in force as well; its filters are not looked at here"
        related = tuple(map(policy_subject, beside))
        yield RULE.finding(message, policy_subject(inspection.policy), related=related)


RULE = LintRule("X36", "persistent-policy-beside", Family.FILTERS, Severity.WARNING, check, __doc__)
