"""The largest Diffie-Hellman group offered has 2048 bits.

What: An offer of main mode uses the group of 2048 bits, which netsh calls 3, and none a larger one.

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
from ipsecmig.model.algorithms import GROUPS, DhGroup


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for main mode whose best group is group 14."""
    group = DhGroup.MODP2048
    if all(GROUPS[o.group].bits <= GROUPS[group].bits for o in inspection.policy.main_mode.offers):
        yield from main_mode_offers(RULE, inspection, "2048 bits at most", lambda offer: offer.group is group)


RULE = LintRule("X08", "modp2048", Family.CRYPTOGRAPHY, Severity.INFO, check, __doc__)
