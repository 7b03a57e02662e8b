"""IPsec protects a wireless network.

What: Traffic with a range of the inventory for wireless hosts is secured, or traffic of a host that is in one.

Why: IPsec is not what is recommended to protect a corporate wireless network: it protects the unicast traffic of hosts
that support it and are managed, and neither the network itself nor anybody else on it. Whether the network is protected
in another way the inventory does not tell.

Example: A server that secures traffic with 10.8.0.0/16, the addresses of an open wireless network.

Instead: WPA2 or later with IEEE 802.1X on the network; IPsec beside it where hosts need it.

References: Microsoft, "What Is IPSec?", "Securing Traffic Sent over 802.11 Networks".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.addresses import AddressSet
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection, is_protected
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.inventory import AddressPool, RangeKind


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each wireless range with which, or from which, traffic is secured."""
    for pool in inspection.inventory.pools_of(RangeKind.WIRELESS):
        there = inspection.find_with([pool.network], is_protected)
        here = inspection.find_with(inspection.others, is_protected) if _holds_this_host(pool, inspection) else None
        witness = there or here
        if witness is not None:
            side = "with" if there else "from"
            message = f"traffic {side} the wireless range {pool.network.text()} is secured; do not leave it at that"
            yield RULE.finding(message, policy_subject(inspection.policy), witness, certain=False)


def _holds_this_host(pool: AddressPool, inspection: Inspection) -> bool:
    return any(map(AddressSet([pool.network]).contains, inspection.inventory.site.addresses))


RULE = LintRule("S33", "wireless-by-ipsec", Family.SCENARIO, Severity.WARNING, check, __doc__)
