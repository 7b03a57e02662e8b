"""IPsec filters stand in for a firewall on an exposed host.

What: An address of this host lies in a range of the inventory for the Internet or a perimeter, the policy blocks
what comes in and secures nothing, and the inventory names no firewall beside it.

Why: A stateful host firewall admits only answers to what the host itself began. It is what is recommended for
interfaces that can be reached from the Internet; IPsec is for admitting groups of trusted computers.

Example: A Web server in the perimeter network with a policy of permits and blocks, and no other firewall.

Instead: Internet Connection Firewall, or Windows Firewall after it, on that interface; IPsec filters beside it.

References: Microsoft, "What Is IPSec?", "IPSec and ICF".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.filtering import blocks_only
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.inventory import FirewallKind, RangeKind


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for the policy of an exposed host without a firewall, or with none that is known."""
    firewall, exposed = inspection.inventory.firewall, inspection.pool(RangeKind.INTERNET, RangeKind.PERIMETER)
    if firewall not in {None, FirewallKind.NONE}:
        return
    if not any(exposed.contains(address) for address in inspection.inventory.site.addresses):
        return
    witness = blocks_only(inspection)
    if witness is not None:
        known = "" if firewall else ", if it has no other"
        message = f"the filters are the firewall of an exposed host{known}; a stateful one belongs there"
        yield RULE.finding(message, policy_subject(inspection.policy), witness, certain=firewall is not None)


RULE = LintRule("S47", "filters-on-exposed-host", Family.SCENARIO, Severity.INFO, check, __doc__)
