"""Two hosts have no offer of quick mode in common.

What: Packets between this host and the peer whose policy was given are negotiated by filter actions that share no offer
of the same protocols, cipher, integrity and mode. Where they do but only one side asks for session key PFS, it is a
warning, and not certain.

Why: Quick mode ends with nothing chosen, and the packets are dropped.

Example: One end has qmsecmethods="ESP[3DES,SHA1]", the other end qmsecmethods="ESP[3DES,MD5]" for the same traffic.

Instead: Add one offer to both filter actions, and ask for PFS at both ends or at neither.

References: Microsoft, "What Is IPSec?", "Successful Mutual Authentication"; RFC 2409; Microsoft TechNet, "Key exchange
methods".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, one_each
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.meetings import meetings
from ipsecmig.lint.peers import apart
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.offers import quick_mode_rows


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each rule of this host that shares no offer with the peer's rule."""
    yield from one_each(_found(inspection))


def _found(inspection: Inspection) -> Iterator[Finding]:
    for meeting in meetings(inspection):
        ends = (meeting.ours, meeting.theirs)
        what = apart(*(quick_mode_rows(end.offers, (None,), end.mode) for end in ends))
        if what:
            message = f"no offer of quick mode in common with the peer: {what}"
            yield RULE.finding(message, meeting.rule, meeting.witness)
        elif meeting.ours.pfs != meeting.theirs.pfs:
            message = "only one side asks for session key PFS, which the other one may refuse"
            yield RULE.finding(message, meeting.rule, meeting.witness, severity=Severity.WARNING, certain=False)


RULE = LintRule("P02", "no-common-quick-mode", Family.CRYPTOGRAPHY, Severity.ERROR, check, __doc__)
