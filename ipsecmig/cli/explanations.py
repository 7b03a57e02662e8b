"""Why a packet meets what it meets, in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.cli.parts import Json, location
from ipsecmig.cli.printer import Line, Piece, Style, line
from ipsecmig.cli.treatments import treatment
from ipsecmig.diagnostics import place
from ipsecmig.model.explanation import Decider, Explanation
from ipsecmig.model.flatten import SpecificFilter
from ipsecmig.model.treatment import Block, Conflict, Permit, Protect, Treatment
from ipsecmig.model.words import authentication, quick_mode_offers

_MOST_BEATEN = 4


def decided_by(explanation: Explanation) -> str:
    """Return what decides, with its name and place."""
    match explanation.decided_by:
        case Decider.EXEMPTION:
            return f"the default exemption {explanation.exemption}"
        case Decider.DEFAULT:
            return "no filter matches, and what no filter matches passes"
        case Decider.CONFLICT:
            return "in conflict: " + " or ".join(filter_name(f) for f in explanation.deciding)
        case Decider.FILTER:
            return filter_name(explanation.deciding[0])


def filter_name(one: SpecificFilter) -> str:
    """Return list, rule and place of a filter."""
    mirror = ", mirrored" if one.mirror else ""
    return f'filter list "{one.filter_list.name}" of rule "{one.rule.name}" ({place(one.filter.origin)}{mirror})'


def word(value: Treatment) -> str:
    """Return the treatment in the one word that scripts rely on."""
    match value:
        case Permit():
            return "permit"
        case Block():
            return "block"
        case Protect():
            return "protect"
        case Conflict():
            return "conflict"


_STYLES = {"permit": Style.GOOD, "block": Style.BAD, "protect": Style.GOOD, "conflict": Style.CAREFUL}


def explanation_lines(explanation: Explanation) -> Iterator[Line]:
    """Yield the explanation in a few lines: the treatment, what decides, and the filters that it beats."""
    name = word(explanation.treatment)
    yield (Piece(f"{explanation.packet.text()}: "), Piece(name, _STYLES[name]), Piece(_parameters(explanation)))
    yield line(f"  decided by {decided_by(explanation)}")
    for beaten in explanation.beaten[:_MOST_BEATEN]:
        yield line(f"  it beats {filter_name(beaten.filter)}, {treatment(beaten.filter.treatment)}: {beaten.why}")
    more = len(explanation.beaten) - _MOST_BEATEN
    if more > 0:
        yield line(f"  and {more:,} more", Style.FAINT)


def _parameters(explanation: Explanation) -> str:
    value = explanation.treatment
    if isinstance(value, Conflict):
        return " between " + " and ".join(sorted(word(c) for c in value.candidates))
    if not isinstance(value, Protect):
        return ""
    methods = authentication(value.authentication, with_secrets=False)
    return f" in {value.mode.value} mode by {quick_mode_offers(value.offers)}; {methods}"


def explanation_document(explanation: Explanation) -> Json:
    """Return the explanation as JSON, trace.schema.json."""
    deciding = explanation.deciding
    return {
        "packet": explanation.packet.text(),
        "treatment": word(explanation.treatment),
        "decided_by": explanation.decided_by.value,
        "filter": _filter(deciding[0]) if explanation.decided_by is Decider.FILTER else None,
        "exemption": explanation.exemption,
        "candidates": [_filter(f) for f in deciding] if explanation.decided_by is Decider.CONFLICT else [],
        "beaten": [{**_filter(b.filter), "why": b.why} for b in explanation.beaten],
    }


def _filter(one: SpecificFilter) -> Json:
    return {
        "list": one.filter_list.name,
        "rule": one.rule.name,
        "treatment": word(one.treatment),
        "mirrored": one.mirror,
        "location": location(one.filter.origin),
    }
