"""Kerberos is the only method with a host that cannot use it.

What: A rule that authenticates by Kerberos alone decides about packets with a host that is in no domain, or in another
forest than this one. With another forest it depends on a trust between the two, which is not known here.

Why: Most failures of IPsec are failures of authentication, and those look like a network that is down. Kerberos needs
both hosts in one forest, or in forests that trust each other.

Example: A rule with kerberos=yes only, for a server that stands in a workgroup.

Instead: Give the rule a second method that both hosts have, such as a certificate, or permit the traffic.

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
    """Yield a finding for each host of the inventory with which Kerberos alone fails, or may fail."""
    forest = inspection.inventory.this.forest
    for host in inspection.neighbours():
        foreign = bool(forest and host.forest) and host.forest != forest
        if host.domain != "" and not foreign:
            continue
        witness = inspection.find(inspection.traffic_with(host), _asks_for_kerberos)
        if witness is not None:
            where = f"in the forest {host.forest}, whose trust is not known" if host.domain != "" else "in no domain"
            message = f"only Kerberos authenticates {host.name}, which is {where}"
            subject = policy_subject(inspection.policy)
            yield RULE.finding(message, subject, witness, certain=host.domain == "")


def _asks_for_kerberos(treatment: Treatment) -> bool:
    methods = treatment.authentication if isinstance(treatment, Protect) else ()
    return bool(methods) and all(isinstance(method, Kerberos) for method in methods)


RULE = LintRule("S44", "kerberos-unreachable", Family.AUTHENTICATION, Severity.WARNING, check, __doc__)
