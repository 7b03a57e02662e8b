"""A filter permits requests, and their replies are blocked.

What: A filter that is not mirrored permits packets that can be TCP, and the packets that come back are blocked.

Why: Filters keep no state. Without a filter for the other direction nothing lets the replies through, so that no TCP
connection is made.

Example: Under a rule that blocks everything, `permit any -> me, tcp, any port -> 80, mirrored=no`.

Instead: Leave `mirrored` out, or say `mirrored=yes`.

References: Microsoft, "What Is IPSec?", "IPSec and ICF"; Microsoft, "IPSec filter lists".
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from operator import eq
from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, Witness, filter_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.flatten import SpecificFilter
from ipsecmig.model.packets import witness
from ipsecmig.model.selectors import ANY_PROTOCOL, TCP
from ipsecmig.model.space import Direction, Packet
from ipsecmig.model.treatment import BLOCK, PERMIT, Permit

_OTHER_WAY: Final = {Direction.OUT: Direction.IN, Direction.IN: Direction.OUT}
_ONE_WAY: Final = {Direction.OUT: (PERMIT, BLOCK), Direction.IN: (BLOCK, PERMIT)}
"""What packets meet on the way out and on the way in, by the direction that is permitted."""


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each such filter of which some reply is blocked."""
    for specific in inspection.flat.filters:
        if specific.filter.mirrored or not isinstance(specific.treatment, Permit):
            continue
        found = next(_requests(inspection, specific), None)
        if found is not None:
            reply = found._replace(direction=_OTHER_WAY[Direction(found.direction)])
            subject = filter_subject(specific.filter_list, specific.filter)
            yield RULE.finding(f"{found.text()} is permitted, and its reply is blocked", subject, Witness(reply, BLOCK))


def _requests(inspection: Inspection, specific: SpecificFilter) -> Iterator[Packet]:
    """Yield packets that the filter selects and that are permitted, whose replies are blocked."""
    if specific.filter.protocol not in (ANY_PROTOCOL, TCP):
        return
    for box in inspection.possible(specific.boxes):
        one_way = partial(eq, _ONE_WAY.get(Direction(box.direction[0])))
        found = inspection.exchanges.find(box._replace(protocol=(TCP, TCP)), one_way)
        if found is not None:
            yield witness(found[0]._replace(direction=box.direction))


RULE = LintRule("X35", "one-way-permit", Family.FILTERS, Severity.WARNING, check, __doc__)
