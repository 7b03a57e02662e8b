"""A host behind a NAT waits for others to begin.

What: An address of this host is inside a NAT of the inventory, and traffic that comes in from outside is secured.

Why: A NAT lets in only what one of its hosts began, unless it forwards UDP 500 and 4500 to this one. Even then Windows
XP with Service Pack 2 and later versions do not begin with a peer behind a NAT unless the registry allows it.

Example: A server with a private address that secures SQL for clients on the Internet.

Instead: Give the server an address outside the NAT. AssumeUDPEncapsulationContextOnSendRule on every client is the way
around it that Microsoft does not recommend.

References: KB885348; KB885407.
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.addresses import AddressSet, besides
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection, is_protected
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.space import Direction


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each NAT that this host is behind and across which it secures what comes in."""
    own = inspection.inventory.site.addresses
    for nat in inspection.inventory.nats:
        behind = AddressSet([nat.inside])
        if not any(behind.contains(address) for address in own):
            continue
        outside = (part for others in inspection.others for part in besides(others, nat.inside))
        inbound = (box for part in outside for box in inspection.traffic(part, directions=(Direction.IN,)))
        witness = inspection.find(inbound, is_protected)
        if witness is not None:
            message = f"this host is behind the NAT {nat.outside.text()} and secures what comes from outside"
            yield RULE.finding(message, policy_subject(inspection.policy), witness)


RULE = LintRule("X28", "server-behind-nat", Family.FILTERS, Severity.WARNING, check, __doc__)
