"""A filter secures packets one way only.

What: A filter of a rule in transport mode that negotiates security is not mirrored, and the replies to what it secures
are not secured.

Why: Security associations come in pairs, and Windows expects the filters of transport mode to select both directions.
With one of them missing, requests are secured and their replies pass in clear, or are dropped by a peer that insists.

Example: `srcaddr=me dstaddr=10.0.0.9 protocol=tcp dstport=1433 mirrored=no`, and nothing that selects what comes back.

Instead: Leave `mirrored` out, or say `mirrored=yes`. Only the two filters of a tunnel are written one for each way.

References: Microsoft, "What Is IPSec?", "How IPSec Policies Work"; KB252735.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.changes import with_lists
from ipsecmig.lint.finding import Finding, Witness, filter_subject
from ipsecmig.lint.inspection import Changed, Inspection, along, is_protected
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.flatten import SpecificFilter
from ipsecmig.model.packets import witness
from ipsecmig.model.policy import Filter, FilterList
from ipsecmig.model.space import Direction, Packet
from ipsecmig.model.treatment import Mode, Protect, Treatment


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each filter of which some replies meet no protection."""
    for specific in inspection.flat.filters:
        treatment = specific.treatment
        if specific.filter.mirrored or not isinstance(treatment, Protect) or treatment.mode is not Mode.TRANSPORT:
            continue
        found = next(_one_way(inspection, specific, treatment), None)
        if found is not None:
            there, reply = found
            message = f"packets such as {there.text()} are secured, but not the replies"
            yield RULE.finding(message, filter_subject(specific.filter_list, specific.filter), reply)


def _one_way(inspection: Inspection, specific: SpecificFilter, treatment: Protect) -> Iterator[tuple[Packet, Witness]]:
    """Yield packets that the filter secures, with the replies and what these meet."""
    for there, back in ((Direction.OUT, Direction.IN), (Direction.IN, Direction.OUT)):
        for box in along(inspection.possible(specific.boxes), there):
            found = inspection.exchanges.find(box, _secured_one_way(treatment, there))
            if found is not None:
                packet = witness(found[0])
                yield packet, Witness(packet._replace(direction=back), found[1][back])


def _secured_one_way(treatment: Protect, there: Direction) -> Callable[[tuple[Treatment, Treatment]], bool]:
    return lambda both: both[there] == treatment and not is_protected(both[1 - there])


def mirrored(inspection: Inspection) -> Changed:
    """Return the store in which the filters that are found are mirrored."""
    lacking = {finding.subject.name for finding in check(inspection)}

    def change(filter_list: FilterList) -> tuple[Filter, ...]:
        return tuple(
            replace(one, mirrored=True) if filter_subject(filter_list, one).name in lacking else one
            for one in filter_list.filters
        )

    return with_lists(inspection, change)


RULE = LintRule("X43", "missing-mirror", Family.FILTERS, Severity.WARNING, check, __doc__, mirrored)
