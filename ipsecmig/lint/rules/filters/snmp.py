"""SNMP needs a permit rule.

What: The inventory gives this host the role `snmp`, and requests to UDP 161 from its management hosts, or from anybody
where none is named, or its traps to UDP 162, do not pass in clear.

Why: Management stations seldom negotiate IPsec, so that a host that secures or blocks SNMP is no longer seen by them.

Example: A server with the SNMP service whose policy secures all traffic.

Instead: Permit UDP 161 and 162 with the management hosts; SNMP before version 3 sends its community name in clear.

References: Microsoft, Windows 2000 Resource Kit, "Internet Protocol Security", special considerations.
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, Witness, policy_subject
from ipsecmig.lint.inspection import DYNAMIC_PORT, Inspection, is_clear
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.lint.wording import verdict
from ipsecmig.model.inventory import HostRole
from ipsecmig.model.selectors import UDP, AddressRange, PortRange
from ipsecmig.model.space import Direction

_REQUESTS, _TRAPS = PortRange(161, 161), PortRange(162, 162)


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for the policy when SNMP of this host does not pass."""
    if HostRole.SNMP not in inspection.inventory.this.roles:
        return
    managers = [address for host in inspection.neighbours(HostRole.MANAGEMENT) for address in host.addresses]
    witness = _stopped(inspection, managers or list(inspection.others))
    if witness is not None:
        message = f"this host runs SNMP, which is {verdict(witness.treatment)}"
        yield RULE.finding(message, policy_subject(inspection.policy), witness, certain=bool(managers))


def _stopped(inspection: Inspection, managers: list[AddressRange]) -> Witness | None:
    for remote in managers:
        requests = inspection.traffic(remote, UDP, service=DYNAMIC_PORT, serving=_REQUESTS, directions=(Direction.IN,))
        traps = inspection.traffic(remote, UDP, service=_TRAPS, serving=DYNAMIC_PORT, directions=(Direction.OUT,))
        found = inspection.find((*requests, *traps), lambda treatment: not is_clear(treatment))
        if found is not None:
            return found
    return None


RULE = LintRule("X29", "snmp-without-permit", Family.FILTERS, Severity.WARNING, check, __doc__)
