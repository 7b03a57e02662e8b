"""A rule for domain computers lets others in.

What: A rule that decides accepts Kerberos and, beside it, a preshared key or a certificate that is not mapped to an
account. With an inventory of sensitive services only rules that protect one of them are meant.

Why: Kerberos proves that the peer is a computer of a trusted domain. Whoever has the preshared key, or any certificate
under the root, passes as well, and the peer chooses the method.

Example: The rule for the clients of a payroll server, with kerberos=yes and a preshared key for a test computer.

Instead: Kerberos alone, or certificates that are mapped to accounts (certmap:yes); for single hosts outside the domain
a rule of its own, with a filter for each.

References: Microsoft, "What Is IPSec?", "Secure Server"; [MS-GPIPSEC] for the mapping of certificates.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, Witness, rule_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.lint.services import use_of
from ipsecmig.model import words
from ipsecmig.model.inventory import Sensitive
from ipsecmig.model.policy import AuthenticationMethod, Certificate, Kerberos
from ipsecmig.model.space import Box
from ipsecmig.model.treatment import Treatment


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each such rule."""
    sensitive = inspection.inventory.sensitive

    @functools.cache
    def served(treatment: Treatment) -> Witness | None:
        return inspection.find(_use(inspection, sensitive), functools.partial(operator.eq, treatment))

    for specific, witness in inspection.protecting:
        methods = specific.rule.authentication
        outside = tuple(method for method in methods if not _in_the_domain(method))
        if not outside or not any(isinstance(method, Kerberos) for method in methods):
            continue
        subject = rule_subject(inspection.policy, specific.rule)
        message = f"beside Kerberos it accepts {words.authentication(outside, with_secrets=False)}"
        shown = served(specific.treatment)
        if shown is not None:
            yield RULE.finding(f"{message}, for a sensitive service", subject, shown)
        elif not sensitive:
            message = f"{message}, if only computers of the domain should be trusted"
            yield RULE.finding(message, subject, witness, severity=Severity.INFO, certain=False)


def _in_the_domain(method: AuthenticationMethod) -> bool:
    return isinstance(method, Kerberos) or (isinstance(method, Certificate) and method.map_to_account)


def _use(inspection: Inspection, sensitive: tuple[Sensitive, ...]) -> Iterator[Box]:
    for service in sensitive:
        yield from use_of(inspection, service, inspection.others)


RULE = LintRule("S11", "outsiders-trusted", Family.SCENARIO, Severity.WARNING, check, __doc__)
