"""A filter names a multicast or broadcast address.

What: A filter of a rule that blocks or negotiates names an address of 224.0.0.0/4 or ff00::/8, the limited broadcast
address, or a broadcast address of the host's networks.

Why: Filters are for unicast traffic. Windows 2000 and XP let multicast and broadcast pass before they look at any
filter, later versions match it only where NoDefaultExempt says so, and IKE can secure none of it.

Example: A rule that blocks UDP to 239.255.255.250, against discovery.

Instead: Let NoDefaultExempt decide about all of it, or block the unicast answers.

References: Microsoft, "What Is IPSec?", "Packet Filtering"; Microsoft, "Specifying Default Exemptions to IPSec
Filtering"; KB253169.
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.addresses import AddressSet
from ipsecmig.lint.finding import Finding, filter_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model import words
from ipsecmig.model.exemptions import LIMITED_BROADCAST, MULTICAST
from ipsecmig.model.policy import Action, FilterList
from ipsecmig.model.selectors import AddressRange

_MULTICAST6 = AddressRange.parse("ff00::/8")


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each filter that names such an address."""
    groups = AddressSet((MULTICAST, LIMITED_BROADCAST, _MULTICAST6, *inspection.inventory.site.broadcasts))
    lists: dict[str, tuple[FilterList, Action]] = {}
    for _, filter_list, action in inspection.bound:
        if action.action is not Action.PERMIT:
            lists.setdefault(filter_list.name, (filter_list, action.action))
    for filter_list, what in lists.values():
        for filter_ in filter_list.filters:
            for address in (filter_.source, filter_.destination):
                if isinstance(address, AddressRange) and groups.contains(address):
                    verb = "block" if what is Action.BLOCK else "secure"
                    message = f"filters are for unicast: this one does not {verb} {words.address(address)} reliably"
                    yield RULE.finding(message, filter_subject(filter_list, filter_))
                    break


RULE = LintRule("S02", "multicast-filter", Family.SCENARIO, Severity.WARNING, check, __doc__)
