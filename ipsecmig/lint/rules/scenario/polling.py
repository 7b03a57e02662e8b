"""Changes of the policy arrive late.

What: The policy is in a domain, and is looked for anew at longer intervals than the usual 180 minutes, or never (0).

Why: A change of policy first waits for the replication between domain controllers and then for this interval. Until
then two peers can have policies that do not fit together.

Example: `set policy name=p pollinginterval=1440`.

Instead: Leave the interval at 180 minutes, or shorten it while a policy is being introduced.

References: Microsoft, "What Is IPSec?", "Active Directory"; [MS-GPIPSEC], Polling-Interval.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.policy import StoreKind

_USUAL_SECONDS: Final = 180 * 60


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for a domain's policy with such an interval."""
    policy, seconds = inspection.policy, inspection.policy.polling_interval_seconds
    if policy.store.kind is StoreKind.DOMAIN and not 0 < seconds <= _USUAL_SECONDS:
        often = f"only every {seconds // 60} minutes" if seconds else "at no interval"
        yield RULE.finding(f"the policy is looked for anew {often}", policy_subject(policy))


RULE = LintRule("S41", "late-changes", Family.SCENARIO, Severity.INFO, check, __doc__)
