"""Packets may pass encrypted but not authenticated.

What: An offer of quick mode that may be agreed on is ESP without integrity, and no AH goes with it.

Why: Encryption alone hides nothing from those who can change packets: they flip bits and watch what the hosts answer
until they have read everything. Such attacks on ESP have been carried out.

Example: add filteraction name=secure action=negotiate qmsecmethods="ESP[3DES,None]"

Instead: Name a hash in every ESP offer.

References: RFC 8221; "Attacking the IPsec Standards in Encryption-only Configurations" (Degabriele and Paterson, 2007).
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.protections import quick_mode_offers
from ipsecmig.lint.rule import Family, LintRule


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each filter action with an offer that authenticates nothing."""
    yield from quick_mode_offers(
        RULE, inspection, "no integrity", lambda offer: all(t.integrity is None for t in offer.transforms)
    )


RULE = LintRule("X11", "no-integrity", Family.CRYPTOGRAPHY, Severity.ERROR, check, __doc__)
