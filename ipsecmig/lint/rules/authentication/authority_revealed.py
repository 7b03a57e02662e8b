"""Requests for certificates name the authority that is trusted.

What: A rule that authenticates by certificate does not leave the name of its authority out of the request.

Why: Anybody who begins a negotiation learns whom this host trusts, which often names the company and its services.

Example: add rule name=r policy=p filterlist=l filteraction=secure rootca="CN=Contoso Root"

Instead: Add excludecaname:yes to the authority on hosts that the Internet reaches. The other end must then know by
itself which certificate to send.

References: Microsoft TechNet, help of Windows Server 2003 on certificate authentication; netsh ipsec help.
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.protections import protections
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.policy import Certificate


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each rule whose requests name an authority."""
    for protection in protections(inspection):
        certificates = (m for m in protection.treatment.authentication if isinstance(m, Certificate))
        named = [certificate.authority for certificate in certificates if not certificate.exclude_authority_name]
        if named:
            message = f"requests for certificates name the authority: {'; '.join(named)}"
            yield RULE.finding(message, protection.rule, protection.witness)


RULE = LintRule("X26", "authority-revealed", Family.AUTHENTICATION, Severity.INFO, check, __doc__)
