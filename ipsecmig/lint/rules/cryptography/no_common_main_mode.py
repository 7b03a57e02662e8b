"""Two hosts have no offer of main mode in common.

What: This host and the peer whose policy was given negotiate packets between them, and no offer of main mode is in both
policies with the same cipher, hash and group.

Why: Main mode ends with nothing chosen, and every packet that needs protection is dropped. Windows 2000 and XP do not
have the group of 2048 bits, so that a policy for Windows Server 2003 alone often fails with them.

Example: One end has mmsecmethods="3DES-SHA1-3", the other end mmsecmethods="3DES-SHA1-2".

Instead: Add one offer to both policies, the strongest that both hosts have.

References: Microsoft, "What Is IPSec?", "Successful Mutual Authentication"; RFC 2409.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.meetings import meetings
from ipsecmig.lint.peers import apart
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.offers import main_mode_rows


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for main mode if it cannot end."""
    for meeting in islice(meetings(inspection), 1):
        ours, theirs = meeting.ours.main_mode, meeting.theirs.main_mode
        what = apart(main_mode_rows(ours.offers), main_mode_rows(theirs.offers))
        if what:
            message = f"no offer of main mode in common with the peer: {what}"
            yield RULE.finding(message, policy_subject(inspection.policy), meeting.witness)


RULE = LintRule("P01", "no-common-main-mode", Family.CRYPTOGRAPHY, Severity.ERROR, check, __doc__)
