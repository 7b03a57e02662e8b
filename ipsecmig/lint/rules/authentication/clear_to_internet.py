"""Clear packets are accepted from, or sent to, the Internet.

What: A rule that accepts unsecured packets at first (inpass), or falls back to unsecured communication (soft), decides
about packets with a range that the inventory calls internet. Without such ranges: with hosts that no filter names.

Why: With inpass every stranger's first packet reaches the service behind it. With soft whoever keeps a peer from
answering gets the traffic unprotected. Both are for the passage to IPsec inside a trusted network.

Example: add filteraction name=request action=negotiate inpass=yes soft=yes

Instead: Say inpass=no and soft=no in the filter action that serves outside addresses.

References: Windows 2000 Resource Kit, Internet Protocol Security; Windows Server 2003 help, IPSec best practices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.changes import deciding_actions, with_actions
from ipsecmig.lint.finding import Finding, Witness, policy_subject
from ipsecmig.lint.inspection import Changed, Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.inventory import RangeKind
from ipsecmig.model.policy import FilterAction
from ipsecmig.model.selectors import AddressRange
from ipsecmig.model.space import Direction
from ipsecmig.model.treatment import Protect, Treatment


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each range of the Internet with which packets may be clear, or for strangers."""
    subject = policy_subject(inspection.policy)
    pools = [pool.network for pool in inspection.inventory.pools_of(RangeKind.INTERNET)]
    for network in pools:
        witness = _clear(inspection, network)
        if witness is not None:
            yield RULE.finding(f"packets with {network.text()} may be clear: {_how(witness)}", subject, witness)
    if not pools and inspection.stranger is not None:
        witness = _clear(inspection, inspection.stranger)
        if witness is not None:
            message = f"packets with any host may be clear: {_how(witness)}; this matters if the Internet is in reach"
            yield RULE.finding(message, subject, witness, severity=Severity.INFO, certain=False)


def _clear(inspection: Inspection, remote: AddressRange) -> Witness | None:
    inwards = inspection.traffic(remote, directions=(Direction.IN,))
    outwards = inspection.traffic(remote, directions=(Direction.OUT,))
    return inspection.find(inwards, _accepts_clear) or inspection.find(outwards, _falls_back)


def _accepts_clear(treatment: Treatment) -> bool:
    return isinstance(treatment, Protect) and treatment.accept_clear_inbound


def _falls_back(treatment: Treatment) -> bool:
    return isinstance(treatment, Protect) and treatment.fallback_to_clear


def _how(witness: Witness) -> str:
    return "accepted (inpass)" if witness.packet.direction is Direction.IN else "sent (soft)"


def demanding(inspection: Inspection) -> Changed:
    """Return the store in which the filter actions that decide about the packets found demand security."""
    meant = deciding_actions(inspection, check(inspection))

    def change(action: FilterAction) -> FilterAction:
        return replace(action, inbound_passthrough=False, soft=False) if action.name.casefold() in meant else action

    return with_actions(inspection, change)


RULE = LintRule("X17", "clear-to-internet", Family.AUTHENTICATION, Severity.WARNING, check, __doc__, demanding)
