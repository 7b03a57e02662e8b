"""Packets may pass authenticated but not encrypted.

What: An offer of quick mode that may be agreed on is AH alone or ESP without encryption.

Why: Such packets cannot be changed or forged, but everybody on the way reads them. An offer that stands last may still
be the one that the other end takes. AH does not pass an address translator either, and few systems still have it.

Example: add filteraction name=sign action=negotiate qmsecmethods="AH[SHA1]"

Instead: Offer ESP with encryption only. Where packets must stay readable on the way, say so in the description and
keep ESP without encryption rather than AH.

References: RFC 8221; Microsoft TechNet, "Filter action".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.offers import encrypts
from ipsecmig.lint.protections import quick_mode_offers
from ipsecmig.lint.rule import Family, LintRule


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each filter action with an offer that does not encrypt."""
    yield from quick_mode_offers(RULE, inspection, "no encryption", lambda offer: not encrypts(offer))


RULE = LintRule("X09", "not-encrypted", Family.CRYPTOGRAPHY, Severity.WARNING, check, __doc__)
