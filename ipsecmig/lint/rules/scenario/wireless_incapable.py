"""Protection is demanded of a wireless network with hosts that cannot do IPsec.

What: A host of the inventory in a wireless range has `ipsec: false`, and some traffic with that range is secured and
does not go clear (soft=yes) when the peer does not answer IKE.

Why: Clients and servers must support IPsec and be managed before it can protect a wireless network. Many devices on
such a network are not, so that IPsec alone either cuts them off or leaves them out.

Example: A server that secures traffic with the wireless range, in which there is a printer.

Instead: Protect the network itself by WPA2 or later with IEEE 802.1X, and secure traffic with single hosts.

References: Microsoft, "What Is IPSec?", "Securing Traffic Sent over 802.11 Networks".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.addresses import AddressSet
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection, must_be_protected
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.inventory import RangeKind


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each wireless range with such a host."""
    for pool in inspection.inventory.pools_of(RangeKind.WIRELESS):
        inside = AddressSet([pool.network])
        hosts = (host for host in inspection.neighbours() if any(inside.contains(a) for a in host.addresses))
        incapable = [host.name for host in hosts if host.ipsec is False]
        witness = inspection.find_with([pool.network], must_be_protected) if incapable else None
        if witness is not None:
            message = (
                f"IPsec is demanded in the wireless range {pool.network.text()}, where {incapable[0]} cannot do it"
            )
            yield RULE.finding(message, policy_subject(inspection.policy), witness)


RULE = LintRule("S34", "wireless-without-ipsec", Family.SCENARIO, Severity.ERROR, check, __doc__)
