"""Two hosts have no authentication method in common.

What: Packets between this host and the peer whose policy was given are negotiated by rules that share no method: not
Kerberos, not the same preshared key, and no certificate under the same authority. Keys are compared, never shown.

Why: The two hosts of a negotiation must have at least one authentication method in common, or they cannot talk.

Example: One end has kerberos=yes, the other end psk="..." for the same traffic.

Instead: Give both rules one method that both hosts have.

References: Microsoft, "What Is IPSec?", "Successful Mutual Authentication"; RFC 2409.
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, one_each
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.meetings import meetings, share_method
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model import words
from ipsecmig.model.policy import PresharedKey


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each rule of this host that shares no method with the peer's rule."""
    yield from one_each(_found(inspection))


def _found(inspection: Inspection) -> Iterator[Finding]:
    for meeting in meetings(inspection):
        ours, theirs = meeting.ours.authentication, meeting.theirs.authentication
        if not share_method(ours, theirs):
            here, there = (words.authentication(methods, with_secrets=False) for methods in (ours, theirs))
            message = f"no authentication method in common with the peer: {here} here, {there} there"
            keys = all(any(isinstance(m, PresharedKey) for m in methods) for methods in (ours, theirs))
            yield RULE.finding(f"{message}{'; the keys differ' if keys else ''}", meeting.rule, meeting.witness)


RULE = LintRule("S42", "no-common-method", Family.AUTHENTICATION, Severity.ERROR, check, __doc__)
