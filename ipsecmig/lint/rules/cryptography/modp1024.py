"""Diffie-Hellman group 2 (1024 bits) is offered.

What: An offer of main mode that may be agreed on uses the group of 1024 bits, which netsh calls 2. It is an error where
no offer has a larger group.

Why: A group of 1024 bits that many hosts share is within reach of those who can afford one large computation.
National guidance asks for 2048 bits or more, and preferably for 3072.

Example: add policy name=p mmsecmethods="3DES-SHA1-2"

Instead: Use the group of 2048 bits, which netsh calls 3 and Windows Server 2003 has. Windows 2000 and XP do not.

References: RFC 8247; "Imperfect Forward Secrecy: How Diffie-Hellman Fails in Practice" (Logjam); BSI TR-02102-3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.protections import main_mode_offers
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.algorithms import GROUPS, DhGroup


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for main mode with group 2."""
    group = DhGroup.MODP1024
    largest = max((GROUPS[o.group].bits for o in inspection.policy.main_mode.offers), default=0)
    severity = Severity.WARNING if largest > GROUPS[group].bits else RULE.severity
    for finding in main_mode_offers(RULE, inspection, "1024 bits", lambda offer: offer.group is group):
        yield replace(finding, severity=severity)


RULE = LintRule("X07", "modp1024", Family.CRYPTOGRAPHY, Severity.ERROR, check, __doc__)
