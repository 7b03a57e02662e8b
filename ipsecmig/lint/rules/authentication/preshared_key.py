"""Peers authenticate with a preshared key.

What: A rule that decides accepts a preshared key.

Why: Everybody who has the key is whoever they say they are, it lies readable in the policy of every host that uses it,
and it is hardly ever changed. Microsoft's document advises against preshared keys and offers them for tests and for
peers that know nothing else.

Example: add rule name=r policy=p filterlist=l filteraction=secure psk="..."

Instead: Use Kerberos within a forest and certificates elsewhere. Where a key must stay, give each pair of hosts one of
its own (see X12).

References: Microsoft, "What Is IPSec?", "Successful Mutual Authentication".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.protections import protections
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.policy import PresharedKey


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each rule that accepts a preshared key."""
    for protection in protections(inspection):
        if any(isinstance(method, PresharedKey) for method in protection.treatment.authentication):
            yield RULE.finding("peers may authenticate with a preshared key", protection.rule, protection.witness)


RULE = LintRule("S43", "preshared-key", Family.AUTHENTICATION, Severity.WARNING, check, __doc__)
