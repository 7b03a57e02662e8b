"""Packets from or to port 88 pass whatever the filters say.

What: NoDefaultExempt is 0 or 2, which exempts TCP and UDP port 88 at either end, and the policy blocks or secures
something that comes in over TCP or UDP.

Why: The exemption is meant for Kerberos but looks at the port alone. Whoever sends from port 88 reaches every open port
of the host, past the filters.

Example: `netsh ipsec dynamic set config ipsecexempt 0` on a server that blocks all but TCP 80.

Instead: Set NoDefaultExempt to 3 on Windows Server 2003, to 1 on Windows 2000 and XP, and permit Kerberos with the
domain controllers by filters.

References: Microsoft, "Specifying Default Exemptions to IPSec Filtering"; KB811832.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, Witness, policy_subject
from ipsecmig.lint.inspection import Changed, Inspection, is_clear
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.exemptions import KERBEROS_PORT
from ipsecmig.model.selectors import TCP, UDP, PortRange
from ipsecmig.model.space import Direction

_STRICTEST = 3
_OTHER_PORTS = PortRange(KERBEROS_PORT.last + 1, 65535)


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for the policy when a packet from port 88 passes where one from another port would not."""
    if not any(exemption.name == "kerberos" for exemption in inspection.flat.exemptions):
        return
    for protocol in (TCP, UDP):
        refused = inspection.traffic(
            inspection.everyone(), protocol, service=_OTHER_PORTS, serving=_OTHER_PORTS, directions=(Direction.IN,)
        )
        found = inspection.find(refused, lambda treatment: not is_clear(treatment))
        if found is not None:
            yield _finding(inspection, found)
            return


def _finding(inspection: Inspection, found: Witness) -> Finding:
    packet = found.packet._replace(remote_port=KERBEROS_PORT.first)
    stated = inspection.inventory.site.exemptions is not None or inspection.store.settings.exemptions is not None
    value = f"NoDefaultExempt is {inspection.flat.exemption_value}"
    message = f"{value if stated else f'{value} by default'}: what comes from port 88 reaches every port of this host"
    shown = Witness(packet, inspection.decisions.at(packet))
    return RULE.finding(message, policy_subject(inspection.policy), shown, certain=stated)


def strictest(inspection: Inspection) -> Changed:
    """Return the store that states the strictest NoDefaultExempt; Windows 2000 and XP take it for 1."""
    store = inspection.store
    return replace(store, settings=replace(store.settings, exemptions=_STRICTEST)), inspection.policy


RULE = LintRule("X20", "kerberos-exempt", Family.EXEMPTIONS, Severity.WARNING, check, __doc__, strictest)
