"""A filter or a tunnel names an address that changes.

What: A filter that decides names a single address of a range of kind `dynamic`, `home` or `vpn-pool`, or a DNS name;
or a tunnel ends at such an address or name.

Why: A filter holds addresses. When the host gets another address the filter is for whoever has the old one. Windows
resolves a DNS name once, when the filter is created.

Example: A filter for 10.80.40.17, which the DHCP server gave to a notebook this morning.

Instead: Give hosts that policies name a static address, or write filters for a whole network and let authentication
tell who the peer is.

References: Microsoft, "What Is IPSec?", "Securing Traffic in Environments That Use Dynamic IP Addresses" and "Securing
Traffic in Home Networking Scenarios".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.addresses import AddressSet
from ipsecmig.lint.finding import Finding, filter_subject, rule_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model import words
from ipsecmig.model.flatten import SpecificFilter
from ipsecmig.model.inventory import RangeKind
from ipsecmig.model.selectors import Address, AddressRange, DnsName


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each such filter, then for each such tunnel rule."""
    changing = inspection.pool(RangeKind.DYNAMIC, RangeKind.HOME, RangeKind.VPN_POOL)
    halves: dict[int, list[SpecificFilter]] = {}
    for specific in inspection.flat.filters:
        halves.setdefault(id(specific.filter), []).append(specific)
    for filter_list in {id(filter_list): filter_list for _, filter_list, _ in inspection.bound}.values():
        for filter_ in filter_list.filters:
            for address in [a for a in (filter_.source, filter_.destination) if _changes(a, changing)][:1]:
                found = halves.get(id(filter_), ())
                witness = next(filter(None, map(inspection.decided_by, found)), None)
                if witness is not None or not found:
                    yield RULE.finding(_message(address), filter_subject(filter_list, filter_), witness)
    for rule, _, _ in inspection.bound:
        if rule.tunnel_endpoint is not None and _changes(rule.tunnel_endpoint, changing):
            message = f"the tunnel's end: {_message(rule.tunnel_endpoint)}"
            yield RULE.finding(message, rule_subject(inspection.policy, rule))


def _changes(address: Address, changing: AddressSet) -> bool:
    return isinstance(address, DnsName) or (
        isinstance(address, AddressRange) and address.is_host and changing.contains(address)
    )


def _message(address: Address) -> str:
    if isinstance(address, DnsName):
        return f"the name {address.name} was resolved once, when this was created, and never again"
    return f"{words.address(address)} is an address that changes"


RULE = LintRule("S16", "changing-address", Family.SCENARIO, Severity.WARNING, check, __doc__)
