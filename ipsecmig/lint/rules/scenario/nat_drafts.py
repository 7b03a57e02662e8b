"""A peer across a NAT must know the drafts of NAT traversal.

What: This host has Windows before Vista, and traffic across a NAT of the inventory is secured with a host whose system
the inventory does not name.

Why: Those versions speak NAT traversal as in the drafts numbered 02, not as in RFC 3947 and RFC 3948, whose payloads
have other numbers. An implementation that knows the RFCs alone does not see that a NAT is in the way.

Example: A Windows Server 2003 whose peer behind a NAT is replaced by a modern gateway.

Instead: Check that the peer offers draft-ietf-ipsec-nat-t-ike-02, and name its system or `nat_traversal: false`.

References: Microsoft, "What Is IPSec?", "Related Information"; RFC 3947; [MS-IKEE], appendix A.
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.addresses import AddressSet
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection, is_protected
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.inventory import Host, Nat
from ipsecmig.model.selectors import AddressRange
from ipsecmig.model.windows import WindowsVersion


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each host of which that is not known; which side this host is on must be known."""
    if inspection.flat.site.windows is WindowsVersion.VISTA:
        return
    for nat in inspection.inventory.nats:
        for host in inspection.neighbours():
            doubtful = host.windows is None and host.nat_traversal is not False
            across = _across(inspection, nat, host) if doubtful else []
            witness = inspection.find_with(across, is_protected)
            if witness is not None:
                message = f"{host.name}, across the NAT {nat.outside.text()}, must know draft 02 of NAT traversal"
                yield RULE.finding(message, policy_subject(inspection.policy), witness, certain=False)


def _across(inspection: Inspection, nat: Nat, host: Host) -> list[AddressRange]:
    """Return the addresses that packets to `host` carry when `nat` stands in between, none when it does not."""
    behind, own = AddressSet([nat.inside]), inspection.inventory.site.addresses
    theirs = [address for address in host.addresses if behind.contains(address)]
    if not own or any(behind.contains(address) for address in own):
        return [address for address in host.addresses if own and not behind.contains(address)]
    return [nat.outside] if theirs else []


RULE = LintRule("S51", "nat-traversal-drafts", Family.SCENARIO, Severity.WARNING, check, __doc__)
