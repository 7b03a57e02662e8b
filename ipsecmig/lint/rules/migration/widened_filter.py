"""A target cannot select exactly what a filter selects.

What: A target of the migration, named with --to, selects more or less than a filter of the policy: it has no ranges of
ports, or no way to speak of one direction or of one address at a time. It is an error where more passes than before.

Why: strongSwan silently widens a range to the smallest block of bits around it, so that a permit reaches ports that it
was never meant for. The conversion does not do that; it selects less instead, and says so here.

Example: A filter with thousands of ports that are negotiated, on the way to strongSwan.

Instead: Split the filter into blocks and single ports, or use a target that has ranges, such as nftables.

References: swanctl.conf(5); ip-xfrm(8); RFC 2407 4.6.2.
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.losses import findings
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.attributes import SELECTION


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each loss about what a filter selects."""
    return findings(RULE, inspection, (loss for loss in inspection.losses if loss.about in SELECTION))


RULE = LintRule("X37", "widened-filter", Family.MIGRATION, Severity.WARNING, check, __doc__)
