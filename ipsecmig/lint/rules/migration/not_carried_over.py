"""A target cannot say what the policy says.

What: A target of the migration, named with --to, has no way to say an attribute of the policy, or needs a person for
it: Kerberos, fallback to clear, clear packets inbound, AH with ESP, master key PFS, the type of connection. X37 tells
of what filters select. It is an error where more passes, or is protected less, than before.

Why: What a target leaves out is missing on the day of the change, when it is hardest to see.

Example: A rule with kerberos=yes, on the way to strongSwan, which has no Kerberos for IKEv1.

Instead: Do what the finding advises before the change, or choose a target that can say it.

References: swanctl.conf(5); nft(8); ip-xfrm(8).
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.losses import findings, names
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.attributes import NEGOTIATED, SELECTION


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for losses that are not about what a filter selects, object by object.

    A packet filter is not asked for what strongSwan negotiates beside it.
    """
    daemon = names(inspection, "strongswan")
    others = (loss for loss in inspection.losses if loss.about not in SELECTION)
    asked = (loss for loss in others if not (daemon and loss.target != "strongswan" and loss.about in NEGOTIATED))
    return findings(RULE, inspection, asked)


RULE = LintRule("X39", "not-carried-over", Family.MIGRATION, Severity.WARNING, check, __doc__)
