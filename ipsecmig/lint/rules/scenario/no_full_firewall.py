"""The policy is used as a firewall.

What: The policy blocks what comes in and secures nothing.

Why: IPsec filters help to limit worms and known attacks, but are no full firewall: they keep no state, know no
applications, detect no intrusion and log no packets.

Example: A policy of permits and blocks that a hardening guide calls a firewall.

Instead: Take it for one layer of several, beside a stateful firewall.

References: Microsoft, "What Is IPSec?", "IPSec and ICF".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.filtering import blocks_only
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for the policy when all that it does is to block."""
    witness = blocks_only(inspection)
    if witness is not None:
        message = "the policy only permits and blocks: it filters without state, and logs no packets"
        yield RULE.finding(message, policy_subject(inspection.policy), witness)


RULE = LintRule("S48", "filters-as-firewall", Family.SCENARIO, Severity.INFO, check, __doc__)
