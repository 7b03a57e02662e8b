"""Protection does not pass the NAT in its way.

What: The inventory names a NAT between this host and a peer, and the policy names the peer's inside address, offers AH,
or secures traffic with a peer that cannot do NAT traversal.

Why: From outside, hosts behind a NAT are seen at its outside address, so a filter for the inside address never matches.
AH covers the addresses that the NAT changes. ESP passes only when both peers wrap it in UDP.

Example: Server B secures traffic with 10.50.0.10, which the ISA Server in between translates to 203.0.113.5.

Instead: Name the NAT's outside address in the policy of the host outside, and offer ESP only. Windows 2000 and XP need
the update of KB818043, which is part of XP SP2.

References: Microsoft, "What Is IPSec?", "End-to-End Traffic Through an ISA-Secured Network Address Translator";
KB818043; KB885348; RFC 3715 2.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.addresses import AddressSet, besides
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection, is_protected
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.inventory import Host, Nat
from ipsecmig.model.policy import AhTransform
from ipsecmig.model.selectors import AddressRange
from ipsecmig.model.treatment import Protect, Treatment


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield the findings of each NAT; which side this host is on must be known."""
    own = inspection.inventory.site.addresses
    for nat in inspection.inventory.nats if own else ():
        behind = AddressSet([nat.inside])
        if any(behind.contains(address) for address in own):
            across = [part for others in inspection.others for part in besides(others, nat.inside)]
            incapable = [(h, [a for a in h.addresses if not behind.contains(a)]) for h in _incapable(inspection)]
        else:
            yield from _named_inside(inspection, nat)
            across = [nat.outside]
            incapable = [(h, across) for h in _incapable(inspection) if any(behind.contains(a) for a in h.addresses)]
        yield from _authentication_headers(inspection, nat, across)
        for host, addresses in incapable:
            witness = inspection.find_with(addresses, is_protected)
            if witness is not None:
                message = (
                    f"traffic with {host.name}, which has no NAT-T, is secured through the NAT {nat.outside.text()}"
                )
                yield RULE.finding(message, policy_subject(inspection.policy), witness)


def _incapable(inspection: Inspection) -> Iterator[Host]:
    return (host for host in inspection.neighbours() if host.nat_traversal is False)


def _named_inside(inspection: Inspection, nat: Nat) -> Iterator[Finding]:
    """Yield a finding where the inside addresses are secured and the outside one, which packets carry, is not."""
    witness = inspection.find_with([nat.inside], is_protected)
    if witness is not None and inspection.find_with([nat.outside], is_protected) is None:
        message = f"addresses of {nat.inside.text()} are secured, but their NAT makes them {nat.outside.text()}"
        yield RULE.finding(message, policy_subject(inspection.policy), witness)


def _authentication_headers(inspection: Inspection, nat: Nat, across: list[AddressRange]) -> Iterator[Finding]:
    only = inspection.find_with(across, lambda treatment: _offers_ah(treatment) == {True})
    some = only or inspection.find_with(across, lambda treatment: True in _offers_ah(treatment))
    if some is not None:
        what = "only AH is offered" if only else "AH is among the offers"
        message = f"{what} through the NAT {nat.outside.text()}, which AH cannot pass"
        severity = Severity.ERROR if only else Severity.WARNING
        yield RULE.finding(message, policy_subject(inspection.policy), some, severity=severity)


def _offers_ah(treatment: Treatment) -> set[bool]:
    """Return, of each offer for transport mode, whether it holds AH."""
    if not isinstance(treatment, Protect) or treatment.tunnel is not None:
        return set()
    return {any(isinstance(transform, AhTransform) for transform in offer.transforms) for offer in treatment.offers}


RULE = LintRule("S06", "nat-in-the-way", Family.SCENARIO, Severity.ERROR, check, __doc__)
