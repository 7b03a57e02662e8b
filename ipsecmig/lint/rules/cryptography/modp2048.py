"""Diffie-Hellman group 14 (2048 bits) is offered.

What: An offer of main mode that may be agreed on uses the group of 2048 bits, which netsh calls 3.

Why: 2048 bits are enough today. Guidance for what must stay secret for long asks for 3072 bits or an elliptic curve,
which Windows 2000, XP and 2003 do not have.

Example: add policy name=p mmsecmethods="3DES-SHA1-3"

Instead: Nothing, while such hosts take part. Take a group of 3072 bits or a curve of 256 once the other end knows it.

References: BSI TR-02102-3.
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.protections import main_mode_offers
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.algorithms import DhGroup


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for main mode with group 14."""
    yield from main_mode_offers(RULE, inspection, "2048 bits", lambda offer: offer.group is DhGroup.MODP2048)


RULE = LintRule("X08", "modp2048", Family.CRYPTOGRAPHY, Severity.INFO, check, __doc__)
