"""Everything passes while the computer starts.

What: The boot mode is `permit`, in the script or in the inventory, and the policy blocks or secures something.

Why: The driver works from the start of the computer, but the policy only once the service has applied it. Until then
everything passes that the policy would stop.

Example: `netsh ipsec dynamic set config bootmode permit` beside a policy that blocks all inbound traffic.

Instead: `bootmode stateful`, which is the default where a policy is assigned, or `block` with `bootexemptions`.

References: Microsoft, "Understanding IPSec Driver Startup Modes".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection, is_clear
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.space import Direction


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for the policy when its host starts open; the inventory goes before what the script states."""
    if (inspection.inventory.boot_mode or inspection.store.settings.boot_mode) != "permit":
        return
    traffic = inspection.traffic(inspection.everyone(), directions=(Direction.IN, Direction.OUT))
    witness = inspection.find(traffic, lambda treatment: not is_clear(treatment))
    if witness is not None:
        message = "the boot mode is permit: until the policy is in force everything passes"
        yield RULE.finding(message, policy_subject(inspection.policy), witness)


RULE = LintRule("X21", "open-at-start", Family.EXEMPTIONS, Severity.WARNING, check, __doc__)
