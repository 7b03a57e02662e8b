"""One key encrypts too much with a cipher of 64-bit blocks.

What: An offer of quick mode with DES or 3DES has a lifetime of 10,000,000 kilobytes or more.

Why: Blocks of 64 bits begin to repeat after some 32 GB under one key, and where they repeat the traffic gives something
of itself away. At 10 GB the odds of a repetition are already about one in twenty.

Example: add filteraction name=secure action=negotiate qmsecmethods="ESP[3DES,SHA1]:2000000000k/3600s"

Instead: Leave Windows' 100,000 kilobytes, which are harmless.

References: "On the Practical (In-)Security of 64-bit Block Ciphers" (Sweet32, Bhargavan and Leurent, 2016).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.offers import encrypts_with
from ipsecmig.lint.protections import by_action
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.algorithms import Encryption
from ipsecmig.model.policy import QuickModeOffer

_LIMIT: Final = 10_000_000
"""Kilobytes."""


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each filter action that lets one key encrypt too much."""
    for protection in by_action(inspection):
        kilobytes = max((o.lifetime_kilobytes for o in protection.treatment.offers if _has_small_blocks(o)), default=0)
        if kilobytes >= _LIMIT:
            message = f"one key of DES or 3DES may encrypt {kilobytes:,} kB"
            yield RULE.finding(message, protection.action, protection.witness)


def _has_small_blocks(offer: QuickModeOffer) -> bool:
    return any(encrypts_with(offer, cipher) for cipher in (Encryption.DES, Encryption.TRIPLE_DES))


RULE = LintRule("X16", "too-much-data", Family.CRYPTOGRAPHY, Severity.WARNING, check, __doc__)
