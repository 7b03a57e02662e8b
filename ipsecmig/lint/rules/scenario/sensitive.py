"""Sensitive data may go unencrypted.

What: Traffic with a service that the inventory lists as sensitive is secured with offers of which one does not
encrypt (AH alone, or ESP without encryption), or is in clear with everybody.

Why: The peer may choose any offer. AH and ESP without encryption tell who sent the data and that it is unchanged; who
sees the packets reads it.

Example: A payroll server whose filter action offers ESP with 3DES first and AH second.

Instead: Offer only ESP with encryption to the clients of such a service.

References: Microsoft, "What Is IPSec?", "Secure Server".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection, is_clear
from ipsecmig.lint.offers import encrypts
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.lint.services import use_of
from ipsecmig.model.selectors import format_protocol
from ipsecmig.model.treatment import Protect, Treatment


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each sensitive service whose data may go unencrypted."""
    for sensitive in inspection.inventory.sensitive:
        port = "" if sensitive.port.is_any else f" port {sensitive.port.text()}"
        service = f"{sensitive.address.text()} ({format_protocol(sensitive.protocol)}{port})"
        subject = policy_subject(inspection.policy)
        witness = inspection.find(use_of(inspection, sensitive, inspection.others), _may_be_readable)
        if witness is not None:
            yield RULE.finding(f"not every offer for the sensitive {service} encrypts", subject, witness)
        anybody = () if inspection.stranger is None else (inspection.stranger,)
        witness = inspection.find(use_of(inspection, sensitive, anybody), is_clear)
        if witness is not None:
            yield RULE.finding(f"the sensitive {service} is used in clear", subject, witness)


def _may_be_readable(treatment: Treatment) -> bool:
    return isinstance(treatment, Protect) and not all(encrypts(offer) for offer in treatment.offers)


RULE = LintRule("S10", "unencrypted-sensitive-data", Family.SCENARIO, Severity.WARNING, check, __doc__)
