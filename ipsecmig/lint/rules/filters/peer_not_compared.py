"""A peer's policy could not be compared, or not whole.

What: A peer's policy was given, but not the addresses of both hosts, so that the packets between them are not known; or
an address translator stands before one of them; or one of the policies has tunnels, which are not compared.

Why: That nothing was found about the two policies then says nothing.

Example: ipsecmig lint a.netsh --peer b.netsh, without inventories.

Instead: Give the addresses of both hosts. Compare the two ends of a tunnel by hand, or by `ipsecmig verify`.

References: Microsoft, "What Is IPSec?", "Successful Mutual Authentication".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.treatment import Mode, Protect


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for what was not compared."""
    if inspection.peer is None:
        return
    subject = policy_subject(inspection.policy)
    sides = {"this host": inspection, "the peer": inspection.peer}
    unknown = [name for name, side in sides.items() if not side.inventory.site.addresses]
    if unknown:
        message = f"the addresses of {' and '.join(unknown)} are not known: the two policies were not compared"
        yield RULE.finding(message, subject)
    translated = [name for name, side in sides.items() if side.is_translated]
    if translated:
        message = f"a translator stands before {' and '.join(translated)}: the two policies were not compared"
        yield RULE.finding(message, subject)
    tunnels = [name for name, side in sides.items() if any(_is_tunnel(side))]
    if tunnels:
        yield RULE.finding(f"tunnels of {' and '.join(tunnels)} were not compared", subject)


def _is_tunnel(side: Inspection) -> Iterator[bool]:
    for specific, _ in side.protecting:
        yield isinstance(specific.treatment, Protect) and specific.treatment.mode is Mode.TUNNEL


RULE = LintRule("P04", "peer-not-compared", Family.FILTERS, Severity.WARNING, check, __doc__)
