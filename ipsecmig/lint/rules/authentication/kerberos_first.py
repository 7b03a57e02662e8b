"""Kerberos is tried first with hosts that may not have it.

What: A rule lists Kerberos before its other methods, and the inventory has a host that is in no domain, or behind an
address translator, among those it speaks with.

Why: Methods are tried in their order. What the first one costs with a host that cannot use it depends on the other end,
from nothing to a failure; so this is a place to look at, not a certain defect.

Example: add rule name=r policy=p filterlist=l filteraction=secure kerberos=yes rootca="CN=Contoso Root"

Instead: Put the method that all peers of the rule have first, or give those hosts a rule of their own.

References: Microsoft, "What Is IPSec?", "Successful Mutual Authentication".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.policy import Kerberos
from ipsecmig.model.treatment import Protect, Treatment


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each such host and translator."""
    inventory = inspection.inventory
    hosts = [(f"{h.name}, which is in no domain", h.addresses) for h in inspection.neighbours() if h.domain == ""]
    nats = [(f"hosts behind the translator {nat.outside.text()}", (nat.outside,)) for nat in inventory.nats]
    for what, addresses in (*hosts, *nats):
        boxes = (box for address in addresses for box in inspection.traffic(address))
        witness = inspection.find(boxes, _prefers_kerberos)
        if witness is not None:
            message = f"Kerberos is tried first with {what}"
            yield RULE.finding(message, policy_subject(inspection.policy), witness, certain=False)


def _prefers_kerberos(treatment: Treatment) -> bool:
    methods = treatment.authentication if isinstance(treatment, Protect) else ()
    return len(methods) > 1 and isinstance(methods[0], Kerberos)


RULE = LintRule("X41", "kerberos-first", Family.AUTHENTICATION, Severity.INFO, check, __doc__)
