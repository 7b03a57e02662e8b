"""Firewalls in the path must let IPsec through.

What: Traffic with a range of the inventory for the Internet or a perimeter network is secured.

Why: What is secured leaves as IP protocol 50 (ESP) or 51 (AH) and is negotiated over UDP 500, and over UDP 4500 with a
NAT in the way. A router or firewall between the peers that lets only TCP and UDP through stops all of it, and filters
that look for TCP ports no longer find any.

Example: A Web server in the perimeter network that secures SQL with a server inside.

Instead: Let the named protocols through between the two peers. What the devices in the path do the inventory does not
tell.

References: KB233256; Microsoft, Windows 2000 Resource Kit, "Internet Protocol Security", special considerations.
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection, is_protected
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.lint.wording import protocols
from ipsecmig.model.inventory import RangeKind


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each such range."""
    for pool in inspection.inventory.pools_of(RangeKind.INTERNET, RangeKind.PERIMETER):
        witness = inspection.find_with([pool.network], is_protected)
        if witness is not None:
            needed = ", ".join((*protocols(witness.treatment), "UDP 500 and UDP 4500"))
            message = f"firewalls between this host and {pool.network.text()} must let through {needed}"
            yield RULE.finding(message, policy_subject(inspection.policy), witness, certain=False)


RULE = LintRule("X30", "firewalls-in-path", Family.FILTERS, Severity.WARNING, check, __doc__)
