"""What inspects traffic on its way cannot read it.

What: A rule encrypts traffic, and the inventory names hosts that inspect traffic: intrusion detection, quality of
service or management. Without such hosts: all traffic is encrypted, and whether anything inspects it is not known.

Why: ESP hides the TCP and UDP headers. What recognises attacks, gives priorities or counts by port sees protocol 50.

Example: A rule that encrypts all traffic in a network with an intrusion detection system.

Instead: Authenticate without encryption where the data is not secret, or inspect on the hosts.

References: Microsoft, "What Is IPSec?", "Securing All Traffic in a Network".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.offers import encrypts
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.inventory import HostRole
from ipsecmig.model.treatment import Protect, Treatment


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield one finding for the policy, which names the hosts that inspect."""
    roles = HostRole.INTRUSION_DETECTION, HostRole.QUALITY_OF_SERVICE, HostRole.MANAGEMENT
    inspecting = ", ".join(host.name for host in inspection.neighbours(*roles))
    subject = policy_subject(inspection.policy)
    everything = inspection.everything_secured
    if inspecting:
        witness = next((w for _, w in inspection.protecting if _encrypted(w.treatment)), None)
        if witness is not None:
            yield RULE.finding(f"{inspecting} cannot inspect what is encrypted", subject, witness)
    elif everything is not None and _encrypted(everything.treatment):
        message = "all traffic is encrypted: whatever inspects it in the network, if anything does, cannot"
        yield RULE.finding(message, subject, everything, certain=False)


def _encrypted(treatment: Treatment) -> bool:
    return isinstance(treatment, Protect) and any(map(encrypts, treatment.offers))


RULE = LintRule("S24", "encryption-hides-headers", Family.SCENARIO, Severity.INFO, check, __doc__)
