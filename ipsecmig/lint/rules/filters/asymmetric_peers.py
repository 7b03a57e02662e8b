"""One host secures what the other does not.

What: Packets between this host and the peer whose policy was given are protected by one of the two policies, while the
other one permits or blocks them, or has neither a filter for them nor an active default response rule. It is a warning
where the side that protects may fall back to clear (soft).

Why: A negotiation needs two. The side without a rule for the packets refuses it, and the side with the rule then drops
them.

Example: The server's policy secures TCP 445 from its clients, and a client's policy has no rule for the server.

Instead: Give the other policy the mirror image of the filter, or activate its default response rule.

References: Microsoft TechNet, "Filter list"; Microsoft, "What Is IPSec?", "Successful Mutual Authentication".
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, Witness, one_each, policy_subject, rule_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.explanation import Decider, Explanation
from ipsecmig.model.treatment import Block, Conflict, Protect


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each rule of this host that the peer does not answer, and one for those of the peer."""
    yield from one_each(_found(inspection))


def _found(inspection: Inspection) -> Iterator[Finding]:
    for ours, theirs, here, there in inspection.encounters:
        secured = isinstance(ours.treatment, Protect)
        one, other = (ours, theirs) if secured else (theirs, ours)
        if (here and there) or isinstance(other.treatment, Conflict):
            continue
        policy, what = inspection.policy, _what(other)
        subject = rule_subject(policy, ours.deciding[0].rule) if secured else policy_subject(policy)
        message = f"secured here, {what} by the peer" if secured else f"secured by the peer, {what} here"
        witness = Witness(ours.packet, ours.treatment)
        soft = isinstance(one.treatment, Protect) and one.treatment.fallback_to_clear
        severity = Severity.WARNING if soft else RULE.severity
        yield RULE.finding(message, subject, witness, severity=severity, certain=not soft)


def _what(other: Explanation) -> str:
    if other.decided_by is Decider.DEFAULT:
        return "not known"
    return "blocked" if isinstance(other.treatment, Block) else "permitted"


RULE = LintRule("X25", "asymmetric-peers", Family.FILTERS, Severity.ERROR, check, __doc__)
