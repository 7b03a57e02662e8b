"""The keys are negotiated with IKEv1.

What: A policy that protects anything negotiates its keys with version 1 of IKE, the only one that Windows policies of
this kind know.

Why: IKEv1 was moved to historic status. It gets no new algorithms, its implementations are no longer maintained with
care, and current systems begin to leave it out.

Example: Any filter action with action=negotiate, and an active default response rule.

Instead: Carry the policy over with IKEv1 as long as the other hosts are Windows 2000, XP or 2003, and plan for IKEv2
with the last of them.

References: RFC 9395; NIST SP 800-77 Revision 1.
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.protections import first
from ipsecmig.lint.rule import Family, LintRule


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for a policy that negotiates."""
    protection = first(inspection)
    if protection is not None:
        message = "keys are negotiated with IKEv1, which is historic"
        yield RULE.finding(message, policy_subject(inspection.policy), protection.witness)


RULE = LintRule("X01", "ikev1", Family.CRYPTOGRAPHY, Severity.WARNING, check, __doc__)
