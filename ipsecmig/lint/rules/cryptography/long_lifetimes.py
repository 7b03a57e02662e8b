"""Keys live long.

What: Main mode lives longer than 24 hours, or an offer of quick mode longer than 4 hours; longer than 8 hours is a
warning.

Why: The longer a key lives, the more traffic is lost with it, and the more there is to attack it with.

Example: add policy name=p mmlifetime=2880

Instead: Keep Windows' 480 minutes for main mode and one hour for quick mode.

References: NIST SP 800-77 Revision 1; BSI TR-02102-3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.protections import by_action, first
from ipsecmig.lint.rule import Family, LintRule

_HOUR: Final = 3600
_MAIN_MODE: Final = 24 * _HOUR
_QUICK_MODE: Final = 4 * _HOUR
_VERY_LONG: Final = 8 * _HOUR


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for main mode and for each filter action whose keys live long."""
    seconds = inspection.policy.main_mode.lifetime_seconds
    protection = first(inspection)
    if protection is not None and seconds > _MAIN_MODE:
        message = f"main mode lives {seconds:,} s, longer than 24 hours"
        yield RULE.finding(message, policy_subject(inspection.policy), protection.witness)
    for protection in by_action(inspection):
        seconds = max((offer.lifetime_seconds for offer in protection.treatment.offers), default=0)
        if seconds > _QUICK_MODE:
            hours, severity = (8, RULE.severity) if seconds > _VERY_LONG else (4, Severity.INFO)
            message = f"keys of quick mode live {seconds:,} s, longer than {hours} hours"
            yield RULE.finding(message, protection.action, protection.witness, severity=severity)


RULE = LintRule("X15", "long-lifetimes", Family.CRYPTOGRAPHY, Severity.WARNING, check, __doc__)
