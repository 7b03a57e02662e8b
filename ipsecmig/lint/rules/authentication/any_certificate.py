"""Every computer certificate of an authority is accepted.

What: A rule authenticates by certificate and does not map the certificate to a computer account.

Why: Any certificate that chains up to the authority then opens the door, whoever has it and for whatever it was issued.
Under the root of a public authority that is anybody; under that of a company every computer and many devices.

Example: add rule name=r policy=p filterlist=l filteraction=secure rootca="CN=Contoso Root"

Instead: Add certmap:yes, which Windows Server 2003 has, and restrict which computers may log on from the network; or
use an authority that issues for this purpose only.

References: [MS-GPIPSEC] (certificate to account mapping).
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
    """Yield a finding for each rule that accepts any certificate of an authority."""
    for protection in protections(inspection):
        certificates = (m for m in protection.treatment.authentication if isinstance(m, Certificate))
        unmapped = [certificate.authority for certificate in certificates if not certificate.map_to_account]
        if unmapped:
            message = f"every computer certificate is accepted that was issued under: {'; '.join(unmapped)}"
            yield RULE.finding(message, protection.rule, protection.witness)


RULE = LintRule("X27", "any-certificate", Family.AUTHENTICATION, Severity.WARNING, check, __doc__)
