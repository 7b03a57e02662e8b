"""All traffic is secured.

What: Traffic of every protocol with every address is secured; single services may be exempt, but no host is. A server
that demands protection of its clients and exempts its infrastructure is not meant.

Why: Securing everything costs throughput, and much of it cannot be secured at all: multicast, broadcast, and hosts,
printers and devices that cannot do IPsec.

Example: One rule that negotiates security from any to any.

Instead: Secure the traffic that needs it: name the servers or the services.

References: Microsoft, "What Is IPSec?", "Securing All Traffic in a Network".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for the policy when it secures everything."""
    witness = inspection.everything_secured
    if witness is not None:
        yield RULE.finding("all traffic is secured, and no host is exempt", policy_subject(inspection.policy), witness)


RULE = LintRule("S21", "all-traffic-secured", Family.SCENARIO, Severity.WARNING, check, __doc__)
