"""The hosts authenticate again all the time.

What: A main mode may carry fewer than ten quick modes (qmpermm). With master key PFS (mmpfs) it carries one.

Why: Every quick mode, or every few, then begins with a main mode of its own, with a Diffie-Hellman exchange and the
whole authentication. A server with many peers spends its time with that, and so do its domain controllers.

Example: add policy name=p mmpfs=yes

Instead: Use session key PFS (qmpfs in the filter action), which renews keys without authenticating, and leave qmpermm
at 0. Keep this on a host with few peers if it is wanted.

References: Microsoft TechNet, "Key exchange settings".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.protections import first
from ipsecmig.lint.rule import Family, LintRule

_FEW: Final = 10


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for main mode that carries one or few quick modes."""
    limit = inspection.policy.main_mode.quick_mode_limit
    protection = first(inspection)
    if protection is not None and 0 < limit < _FEW:
        message = f"the hosts authenticate again after {limit} quick mode{'s' if limit > 1 else ''}"
        yield RULE.finding(message, policy_subject(inspection.policy), protection.witness)


RULE = LintRule("X42", "reauthentication", Family.CRYPTOGRAPHY, Severity.INFO, check, __doc__)
