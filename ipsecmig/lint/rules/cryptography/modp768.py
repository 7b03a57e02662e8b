"""Diffie-Hellman group 1 (768 bits) is offered.

What: An offer of main mode that may be agreed on uses the group of 768 bits, which netsh calls 1.

Why: Discrete logarithms in groups of this size have been computed. Whoever computes this one group once can read
every exchange that used it.

Example: add policy name=p mmsecmethods="3DES-SHA1-1"

Instead: Use the group of 2048 bits, which netsh calls 3 and Windows Server 2003 has; with older peers, 2.

References: RFC 8247; Microsoft TechNet, "Key exchange methods".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.changes import without_offers
from ipsecmig.lint.finding import Finding
from ipsecmig.lint.inspection import Changed, Inspection
from ipsecmig.lint.protections import main_mode_offers
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.algorithms import DhGroup
from ipsecmig.model.policy import MainModeOffer


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for main mode with group 1."""
    yield from main_mode_offers(RULE, inspection, "768 bits", _main)


def _main(offer: MainModeOffer) -> bool:
    return offer.group is DhGroup.MODP768


def withdrawn(inspection: Inspection) -> Changed:
    """Return the store without the offers of this group where others are left."""
    return without_offers(inspection, _main, lambda _: False)


RULE = LintRule("X06", "modp768", Family.CRYPTOGRAPHY, Severity.ERROR, check, __doc__, withdrawn)
