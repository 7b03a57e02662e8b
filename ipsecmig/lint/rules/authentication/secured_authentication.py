"""What authentication needs is itself secured.

What: Packets that authentication waits for are protected: with a domain controller on the ports of Kerberos where the
rule authenticates by Kerberos, or with a certification authority where it authenticates by certificate. Without an
inventory: with everybody on the ports of Kerberos.

Why: The ticket is needed before the negotiation can end, and fetching the ticket waits for the negotiation. The same
holds for the list of revoked certificates. Hosts then fail to talk, or talk after a long delay.

Example: A rule that negotiates all traffic by Kerberos, and no permit for the domain controllers.

Instead: Permit the traffic with domain controllers and with the places that publish revocation lists.

References: Microsoft, "What Is IPSec?", "Successful Mutual Authentication" and "Securing Communication Between Domain
Members and their Domain Controllers".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, Witness, policy_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.inventory import HostRole
from ipsecmig.model.policy import Certificate, Kerberos
from ipsecmig.model.selectors import TCP, UDP, AddressRange, PortRange
from ipsecmig.model.space import Direction
from ipsecmig.model.treatment import Protect, Treatment

_KERBEROS: Final = PortRange(88, 88)


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each server of authentication that is secured, or for those that must be among everybody."""
    subject = policy_subject(inspection.policy)
    controllers = list(inspection.neighbours(HostRole.DOMAIN_CONTROLLER))
    for host in controllers:
        for address in host.addresses:
            witness = _ticket(inspection, address)
            if witness is not None:
                yield RULE.finding(
                    f"fetching a Kerberos ticket from {host.name} is itself secured by Kerberos", subject, witness
                )
                break
    for host in inspection.neighbours(HostRole.CERTIFICATION_AUTHORITY):
        witness = inspection.find(inspection.traffic_with(host, TCP), _by_certificate)
        if witness is not None:
            message = f"revocation lists that {host.name} may publish wait for a certificate to be checked against them"
            yield RULE.finding(message, subject, witness, certain=False)
    if not controllers and inspection.stranger is not None:
        witness = _ticket(inspection, inspection.stranger)
        if witness is not None:
            message = "fetching Kerberos tickets is itself secured by Kerberos, if a peer is a domain controller"
            yield RULE.finding(message, subject, witness, certain=False)


def _ticket(inspection: Inspection, controller: AddressRange) -> Witness | None:
    """Return a packet by which this host asks `controller` for a ticket that it needs to be let ask."""
    for protocol in (UDP, TCP):
        boxes = inspection.traffic(controller, protocol, service=_KERBEROS, directions=(Direction.OUT,))
        witness = inspection.find(boxes, _by_kerberos)
        if witness is not None:
            return witness
    return None


def _by_kerberos(treatment: Treatment) -> bool:
    return isinstance(treatment, Protect) and treatment.authentication[:1] == (Kerberos(),)


def _by_certificate(treatment: Treatment) -> bool:
    return isinstance(treatment, Protect) and any(isinstance(m, Certificate) for m in treatment.authentication)


RULE = LintRule("S45", "secured-authentication", Family.AUTHENTICATION, Severity.WARNING, check, __doc__)
