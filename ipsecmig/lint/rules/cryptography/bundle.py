"""AH and ESP are asked for together.

What: An offer of quick mode that may be agreed on puts AH around ESP. It is an error when the policy is to be carried
to strongSwan, which does not know such offers, so that they are left out there.

Why: AH adds to ESP with integrity only the addresses of the outer header, at the price of a second pair of keys and a
second header, and does not pass an address translator. Hardly anything but Windows negotiates it.

Example: add filteraction name=both action=negotiate qmsecmethods="AH[SHA1]+ESP[3DES,None]"

Instead: Offer ESP with encryption and integrity, at both ends.

References: RFC 8221; swanctl.conf(5).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.losses import names
from ipsecmig.lint.protections import quick_mode_offers
from ipsecmig.lint.rule import Family, LintRule


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each filter action that offers AH and ESP in one."""
    severity = Severity.ERROR if names(inspection, "strongswan") else RULE.severity
    for finding in quick_mode_offers(RULE, inspection, "AH with ESP", lambda offer: len(offer.transforms) > 1):
        yield replace(finding, severity=severity)


RULE = LintRule("X10", "ah-with-esp", Family.CRYPTOGRAPHY, Severity.WARNING, check, __doc__)
