"""Sensitive data may go unencrypted.

What: Traffic with a service that the inventory lists as sensitive is secured with offers of which one does not
encrypt (AH alone, or ESP without encryption), or is in clear with everybody.

Why: The peer may choose any offer. AH and ESP without encryption tell who sent the data and that it is unchanged; who
sees the packets reads it.

Example: A payroll server whose filter action offers ESP with 3DES first and AH second.

Instead: Offer only ESP with encryption to the clients of such a service.

References: Microsoft, "What Is IPSec?", "Secure Server".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.addresses import AddressSet
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import DYNAMIC_PORT, Inspection, is_clear
from ipsecmig.lint.offers import encrypts
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.inventory import Sensitive
from ipsecmig.model.selectors import ANY_PROTOCOL, TCP, AddressRange, format_protocol
from ipsecmig.model.space import WITH_PORTS, Box
from ipsecmig.model.treatment import Protect, Treatment


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each sensitive service whose data may go unencrypted."""
    for sensitive in inspection.inventory.sensitive:
        port = "" if sensitive.port.is_any else f" port {sensitive.port.text()}"
        service = f"{sensitive.address.text()} ({format_protocol(sensitive.protocol)}{port})"
        subject = policy_subject(inspection.policy)
        witness = inspection.find(_use(inspection, sensitive, inspection.others), _may_be_readable)
        if witness is not None:
            yield RULE.finding(f"not every offer for the sensitive {service} encrypts", subject, witness)
        anybody = () if inspection.stranger is None else (inspection.stranger,)
        witness = inspection.find(_use(inspection, sensitive, anybody), is_clear)
        if witness is not None:
            yield RULE.finding(f"the sensitive {service} is used in clear", subject, witness)


def _may_be_readable(treatment: Treatment) -> bool:
    return isinstance(treatment, Protect) and not all(encrypts(offer) for offer in treatment.offers)


def _use(inspection: Inspection, sensitive: Sensitive, clients: Iterable[AddressRange]) -> Iterator[Box]:
    """Yield the packets between clients and `sensitive`: this host serves `clients`, or is the client itself."""
    protocol = TCP if sensitive.protocol == ANY_PROTOCOL else sensitive.protocol
    port = client = None
    if protocol in WITH_PORTS:
        port, client = DYNAMIC_PORT if sensitive.port.is_any else sensitive.port, DYNAMIC_PORT
    ours, here = AddressSet([sensitive.address]), False
    for own in filter(ours.contains, inspection.inventory.site.addresses):
        here = True
        for remote in clients:
            boxes = inspection.traffic(remote, protocol, service=client, serving=port)
            yield from (box for box in boxes if box.local == (own.first, own.last))
    if not here:
        yield from inspection.traffic(sensitive.address, protocol, service=port, serving=client)


RULE = LintRule("S10", "unencrypted-sensitive-data", Family.SCENARIO, Severity.WARNING, check, __doc__)
