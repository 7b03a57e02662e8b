"""The keys of quick mode all derive from one exchange.

What: A filter action negotiates without session key PFS, under a policy without master key PFS.

Why: Whoever learns the secret of one main mode then has every key that was derived from it: all traffic since main mode
began, on all connections between the two hosts.

Example: add filteraction name=secure action=negotiate qmpfs=no

Instead: Say qmpfs=yes in the filter action, at both ends. mmpfs=yes in the policy does the same but authenticates again
every time (see X42).

References: Microsoft TechNet, "Key exchange methods"; NIST SP 800-77 Revision 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.changes import with_negotiation
from ipsecmig.lint.finding import Finding
from ipsecmig.lint.inspection import Changed, Inspection
from ipsecmig.lint.protections import by_action
from ipsecmig.lint.rule import Family, LintRule


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each filter action without PFS of either kind."""
    if inspection.policy.main_mode.perfect_forward_secrecy:
        return
    for protection in by_action(inspection):
        if not protection.treatment.pfs:
            message = "neither session key PFS (qmpfs) nor master key PFS (mmpfs) is asked for"
            yield RULE.finding(message, protection.action, protection.witness)


def with_pfs(inspection: Inspection) -> Changed:
    """Return the store with session key PFS wherever quick mode is negotiated."""
    return with_negotiation(
        inspection, lambda one: one, lambda one: replace(one, pfs=True), lambda one: replace(one, pfs=True)
    )


RULE = LintRule("X14", "no-pfs", Family.CRYPTOGRAPHY, Severity.WARNING, check, __doc__, with_pfs)
