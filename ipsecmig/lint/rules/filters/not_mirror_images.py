"""Two hosts secure the same packets by filters that are not mirror images.

What: A packet between this host and the peer whose policy was given is protected by both policies, on one side by a
filter whose protocol and ports no filter of the other side mirrors.

Why: Each side proposes what its own filter selects. The other side looks for the filter that is the mirror image of it;
whether it takes the proposal without one depends on which side begins, and on the version.

Example: The client secures TCP to port 445 of the server, and the server secures all TCP with the client.

Instead: Write the filters of both policies as mirror images: the same protocol and ports, source and destination
exchanged.

References: Microsoft TechNet, "Filter list"; RFC 2407 4.6.2; RFC 2409 5.5.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, Witness, one_each, rule_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.peers import unmatched
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model import words


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each rule of this host with a filter that is not the mirror image of the peer's."""
    yield from one_each(_found(inspection))


def _found(inspection: Inspection) -> Iterator[Finding]:
    if inspection.sides is None:
        return
    ours, theirs = inspection.sides
    back = ((here, there) for there, here in unmatched(theirs, ours))
    for here, there in chain(unmatched(ours, theirs), back):
        subject = rule_subject(inspection.policy, here.deciding[0].rule)
        filters = (words.filter_(side.deciding[0].filter) for side in (here, there))
        message = "the filters are not mirror images: {} here, {} there".format(*filters)
        yield RULE.finding(message, subject, Witness(here.packet, here.treatment))


RULE = LintRule("P03", "not-mirror-images", Family.FILTERS, Severity.WARNING, check, __doc__)
