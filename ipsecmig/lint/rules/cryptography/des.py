"""DES is offered.

What: An offer of main mode or quick mode that may be agreed on encrypts with DES.

Why: A DES key has 56 bits and is found by trying all of them, in a day with hardware that anybody can rent. An offer
that stands last still counts: whoever sits between the hosts needs one that is weak.

Example: add filteraction name=secure action=negotiate qmsecmethods="ESP[DES,SHA1]"

Instead: Offer 3DES where a host of Windows 2000, XP or 2003 takes part, and AES everywhere else.

References: RFC 8221; RFC 8247; Microsoft TechNet, "Key exchange security methods"; netsh ipsec help.
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.changes import without_offers
from ipsecmig.lint.finding import Finding
from ipsecmig.lint.inspection import Changed, Inspection
from ipsecmig.lint.offers import encrypts_with
from ipsecmig.lint.protections import main_mode_offers, quick_mode_offers
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.algorithms import Encryption
from ipsecmig.model.policy import MainModeOffer, QuickModeOffer


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for main mode and for each filter action that offers DES."""
    yield from main_mode_offers(RULE, inspection, "DES", _main)
    yield from quick_mode_offers(RULE, inspection, "DES", _quick)


def _main(offer: MainModeOffer) -> bool:
    return offer.encryption is Encryption.DES


def _quick(offer: QuickModeOffer) -> bool:
    return encrypts_with(offer, Encryption.DES)


def withdrawn(inspection: Inspection) -> Changed:
    """Return the store without the offers of DES where others are left."""
    return without_offers(inspection, _main, _quick)


RULE = LintRule("X02", "des", Family.CRYPTOGRAPHY, Severity.ERROR, check, __doc__, withdrawn)
