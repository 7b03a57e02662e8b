"""3DES is offered.

What: An offer of main mode or quick mode that may be agreed on encrypts with 3DES.

Why: 3DES has blocks of 64 bits, which limits how much a key may encrypt, and it is slow. It is no longer approved for
encrypting. It is also the best that Windows 2000, XP and 2003 have.

Example: add filteraction name=secure action=negotiate qmsecmethods="ESP[3DES,SHA1]"

Instead: Keep it for those hosts, with a limit in kilobytes (see X16), and offer AES first once the other end knows it.

References: RFC 8221; RFC 8247; NIST SP 800-131A Revision 2.
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.offers import encrypts_with
from ipsecmig.lint.protections import main_mode_offers, quick_mode_offers
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.algorithms import Encryption


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for main mode and for each filter action that offers 3DES."""
    cipher = Encryption.TRIPLE_DES
    yield from main_mode_offers(RULE, inspection, "3DES", lambda offer: offer.encryption is cipher)
    yield from quick_mode_offers(RULE, inspection, "3DES", lambda offer: encrypts_with(offer, cipher))


RULE = LintRule("X03", "triple-des", Family.CRYPTOGRAPHY, Severity.WARNING, check, __doc__)
