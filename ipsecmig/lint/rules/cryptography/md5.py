"""MD5 is offered.

What: An offer of main mode or quick mode that may be agreed on authenticates with MD5.

Why: MD5 is broken as a hash, and the standards forbid it for IKE, ESP and AH. SHA-1 is there in every Windows version
that has MD5, so nothing is gained by offering it.

Example: add policy name=p mmsecmethods="3DES-MD5-2"

Instead: Offer SHA1 where a host of Windows 2000, XP or 2003 takes part, and SHA-2 everywhere else.

References: RFC 8221; RFC 8247; Microsoft TechNet, "Key exchange security methods"; netsh ipsec help.
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.changes import without_offers
from ipsecmig.lint.finding import Finding
from ipsecmig.lint.inspection import Changed, Inspection
from ipsecmig.lint.offers import hashes_with
from ipsecmig.lint.protections import main_mode_offers, quick_mode_offers
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.algorithms import Integrity
from ipsecmig.model.policy import MainModeOffer, QuickModeOffer


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for main mode and for each filter action that offers MD5."""
    yield from main_mode_offers(RULE, inspection, "MD5", _main)
    yield from quick_mode_offers(RULE, inspection, "MD5", _quick)


def _main(offer: MainModeOffer) -> bool:
    return offer.integrity is Integrity.MD5


def _quick(offer: QuickModeOffer) -> bool:
    return hashes_with(offer, Integrity.MD5)


def withdrawn(inspection: Inspection) -> Changed:
    """Return the store without the offers of MD5 where others are left."""
    return without_offers(inspection, _main, _quick)


RULE = LintRule("X04", "md5", Family.CRYPTOGRAPHY, Severity.ERROR, check, __doc__, withdrawn)
