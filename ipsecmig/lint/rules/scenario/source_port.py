"""A permit for outgoing connections opens every port to whoever sends from one port.

What: A mirrored filter permits what this host sends to some port, and by that whatever comes from this port to any port
of this host, while the policy stops what comes to such a port from elsewhere.

Why: Filters keep no state: replies cannot be told from requests that were sent from the same port. Who chooses port 80
as source port reaches every service of the host.

Example: `permit me:any <-> any:80, tcp` above a rule that blocks all traffic.

Instead: A stateful firewall for connections that this host opens; or the filter for the addresses of the servers only.

References: Microsoft, "What Is IPSec?", "IPSec and ICF"; KB811832 for the same way around the Kerberos exemption.
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, Witness, filter_subject
from ipsecmig.lint.inspection import DYNAMIC_PORT, Inspection, is_clear
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.flatten import SpecificFilter
from ipsecmig.model.packets import witness
from ipsecmig.model.space import ALL_PORTS, Direction
from ipsecmig.model.treatment import Permit

_INBOUND = (Direction.IN, Direction.IN)
_DYNAMIC = (DYNAMIC_PORT.first, DYNAMIC_PORT.last)


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each such filter."""
    seen: set[int] = set()
    for specific in inspection.flat.filters:
        if not isinstance(specific.treatment, Permit) or not specific.filter.mirrored or id(specific.filter) in seen:
            continue
        shown = next(_opened(inspection, specific), None)
        if shown is not None:
            seen.add(id(specific.filter))
            message = f"what comes from port {shown.packet.remote_port} reaches every port that no filter names"
            yield RULE.finding(message, filter_subject(specific.filter_list, specific.filter), shown)


def _opened(inspection: Inspection, specific: SpecificFilter) -> Iterator[Witness]:
    """Yield packets to an unnamed port that the filter lets in, and that would be stopped from an unnamed port."""
    for box in inspection.possible(specific.boxes):
        if box.direction == _INBOUND and box.local_port == ALL_PORTS:
            packet = witness(box._replace(local_port=_DYNAMIC))
            treatment = inspection.decisions.at(packet)
            elsewhere = inspection.decisions.at(packet._replace(remote_port=DYNAMIC_PORT.first))
            if is_clear(treatment) and not is_clear(elsewhere):
                yield Witness(packet, treatment)


RULE = LintRule("S46", "open-to-source-port", Family.SCENARIO, Severity.WARNING, check, __doc__)
