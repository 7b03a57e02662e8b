"""The default response rule is active.

What: The policy has an active default response rule, and the version of Windows follows it.

Why: The host then negotiates with anybody who asks, by methods and algorithms that stand apart from the other rules and
are easily forgotten. Windows Vista and later ignore the rule, so that a policy that relies on it breaks there.

Example: `add policy name=p` without `activatedefaultrule=no`: the rule is active unless it is turned off.

Instead: `set policy name=p activatedefaultrule=no`, and a rule of its own for each peer that may ask.

References: Microsoft, "IPsec FAQ"; KB942964.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.changes import with_policy
from ipsecmig.lint.finding import Finding, response_subject
from ipsecmig.lint.inspection import Changed, Inspection
from ipsecmig.lint.rule import Family, LintRule


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for the default response rule when it answers."""
    response = inspection.policy.default_response
    if response is not None and inspection.flat.default_response is not None:
        message = "the default response rule is active: it negotiates with whoever asks"
        yield RULE.finding(message, response_subject(inspection.policy, response))


def turned_off(inspection: Inspection) -> Changed:
    """Return the store without a default response rule in the policy, which is what turning it off leaves."""
    return with_policy(inspection, replace(inspection.policy, default_response=None))


RULE = LintRule("X22", "default-response-active", Family.EXEMPTIONS, Severity.WARNING, check, __doc__, turned_off)
