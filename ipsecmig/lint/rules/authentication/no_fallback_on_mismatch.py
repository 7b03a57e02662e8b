"""The fallback to clear does not help where the peer answers.

What: A filter action that decides asks for security without demanding it (inpass and soft), and the Simple Policy
Update is not in use on this host; or it is not known whether it is.

Why: Without that update the fallback happens only when the peer is silent. A peer that answers and then fails to agree,
for example because the two have no authentication in common, is cut off although the action seems to allow clear
packets. Administrators take this for a broken network.

Example: add filteraction name=request action=negotiate inpass=yes soft=yes

Instead: Make sure that peers that answer can agree, or install the update and set IKEFlags as it says. State
simple_policy_update in the site inventory.

References: KB914841; KB977526.
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.protections import by_action
from ipsecmig.lint.rule import Family, LintRule


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each filter action that only requests security, unless the update is in use."""
    update = inspection.inventory.simple_policy_update
    if update:
        return
    unless = ", unless the Simple Policy Update is in use" if update is None else ""
    for protection in by_action(inspection):
        if protection.treatment.fallback_to_clear and protection.treatment.accept_clear_inbound:
            message = f"a peer that answers and does not agree is cut off in spite of inpass and soft{unless}"
            yield RULE.finding(message, protection.action, protection.witness, certain=update is False)


RULE = LintRule("X19", "no-fallback-on-mismatch", Family.AUTHENTICATION, Severity.INFO, check, __doc__)
