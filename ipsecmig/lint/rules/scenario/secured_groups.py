"""Multicast or broadcast is to be secured.

What: UDP to a multicast or broadcast address meets protection: by programs whose ports no filter names, or DHCP,
NetBIOS or SSDP. No filter permits it, and NoDefaultExempt does not exempt it. It is an error where all traffic is
secured; where the value is not stated, its default is assumed.

Why: IKE negotiates between two hosts. Windows Server 2003 discards multicast and broadcast that match such a filter,
and with it discovery, name resolution by broadcast, and the search for a DHCP server.

Example: A rule that secures all traffic, on Windows Server 2003, where NoDefaultExempt is 3 unless it was set.

Instead: Permit it by filters of their own, or set NoDefaultExempt to 1.

References: Microsoft, "What Is IPSec?", "Securing All Traffic in a Network"; Microsoft, "Specifying Default Exemptions
to IPSec Filtering"; KB810207.
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection, is_protected
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.lint.services import TO_GROUPS, use
from ipsecmig.model.exemptions import LIMITED_BROADCAST, MULTICAST


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for the policy when such packets, sent by this host, meet protection."""
    site, stated = inspection.inventory.site, inspection.store.settings.exemptions
    groups = (MULTICAST, LIMITED_BROADCAST, *site.broadcasts)
    witness = next(filter(None, (use(inspection, service, groups, is_protected) for service in TO_GROUPS)), None)
    if witness is None:
        return
    certain = site.exemptions is not None or stated is not None
    assumed = "" if certain else ", as by default"
    value = inspection.flat.exemption_value
    message = f"multicast or broadcast is to be secured, which IKE cannot do (NoDefaultExempt is {value}{assumed})"
    severity = None if certain and inspection.everything_secured else Severity.WARNING
    yield RULE.finding(message, policy_subject(inspection.policy), witness, severity=severity, certain=certain)


RULE = LintRule("S22", "secured-multicast", Family.SCENARIO, Severity.ERROR, check, __doc__)
