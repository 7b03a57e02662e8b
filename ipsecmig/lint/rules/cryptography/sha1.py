"""SHA-1 is offered.

What: An offer of main mode or quick mode that may be agreed on authenticates with HMAC-SHA-1.

Why: HMAC with SHA-1 is not broken, but the standards keep it only for the peers that know nothing better, and expect
to forbid it. Windows 2000, XP and 2003 know nothing better in these policies.

Example: add filteraction name=secure action=negotiate qmsecmethods="ESP[3DES,SHA1]"

Instead: Nothing, while such hosts take part. Offer SHA-256 first once the other end knows it.

References: RFC 8221; RFC 8247.
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.offers import hashes_with
from ipsecmig.lint.protections import main_mode_offers, quick_mode_offers
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.algorithms import Integrity


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for main mode and for each filter action that offers SHA-1."""
    yield from main_mode_offers(RULE, inspection, "SHA-1", lambda offer: offer.integrity is Integrity.SHA1)
    yield from quick_mode_offers(RULE, inspection, "SHA-1", lambda offer: hashes_with(offer, Integrity.SHA1))


RULE = LintRule("X05", "sha1", Family.CRYPTOGRAPHY, Severity.INFO, check, __doc__)
