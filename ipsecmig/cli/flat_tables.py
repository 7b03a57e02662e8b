"""The flat decision list: what packets meet, most specific filter first, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.cli.parts import Json, location, not_understood_entry
from ipsecmig.cli.printer import Line, Piece, Style, line
from ipsecmig.cli.table import Cell, Column, table
from ipsecmig.cli.text import count
from ipsecmig.cli.treatments import treatment
from ipsecmig.diagnostics import place
from ipsecmig.model import words
from ipsecmig.model.expansion import Term
from ipsecmig.model.flatten import FlatPolicy, SpecificFilter
from ipsecmig.model.selectors import PortRange, format_protocol
from ipsecmig.model.space import Direction
from ipsecmig.model.treatment import Block, Permit

_TITLES = ("direction", "source", "destination", "protocol", "treatment", "rule", "place")


def flat_tables(flat: FlatPolicy, width: int | None) -> Iterator[Line]:
    """Yield the list in the order of decision, with what it rests on."""
    yield line(f'Policy "{flat.policy.name}": {count(len(flat.filters), "specific filter")}', Style.STRONG)
    if flat.not_understood:
        yield line(
            f"UNDECIDED: {count(len(flat.not_understood), 'place was', 'places were')} not understood", Style.BAD
        )
        yield from (line(f"  {place(n.origin)}: {n.reason}") for n in flat.not_understood)
    for assumption in flat.assumptions:
        yield line(f"  assumed: {assumption}")
    if flat.exemptions:
        yield line(f"  exempt before any filter: {', '.join(e.name for e in flat.exemptions)}")
    yield line()
    columns = (Column("", right=True), *(Column(title) for title in _TITLES))
    rows = [_row(number, one) for number, one in enumerate(flat.filters, 1)]
    yield from table(columns, rows, width)
    yield line()
    yield line("What no filter matches passes.")


def _row(number: int, one: SpecificFilter) -> list[Cell]:
    kind = type(one.treatment)
    style = Style.GOOD if kind is Permit else Style.BAD if kind is Block else Style.CAREFUL
    source_port, destination_port = _ports(one)
    return [
        str(number),
        ", ".join(_directions(one)),
        words.side(_term(one.source), source_port),
        words.side(_term(one.destination), destination_port),
        format_protocol(one.filter.protocol),
        Piece(treatment(one.treatment), style),
        one.rule.name,
        Piece(place(one.filter.origin), Style.FAINT),
    ]


def _ports(one: SpecificFilter) -> tuple[PortRange, PortRange]:
    ports = (one.filter.source_port, one.filter.destination_port)
    return ports[::-1] if one.mirror else ports


def _directions(one: SpecificFilter) -> list[str]:
    return [Direction(box.direction[0]).label for box in one.boxes]


def _term(term: Term) -> str:
    if term.range.first == 0 and term.range.last == term.range.family.last:
        return "me" if term.me else "any"
    return term.range.text()


def flat_document(flat: FlatPolicy) -> Json:
    """Return the list as JSON under `flat.schema.json`."""
    return {
        "policy": flat.policy.name,
        "exemption_value": flat.exemption_value,
        "exemptions": [exemption.name for exemption in flat.exemptions],
        "filters": [_filter(one) for one in flat.filters],
        "default": "permit",
        "assumptions": list(flat.assumptions),
        "undecided": [not_understood_entry(one) for one in flat.not_understood],
    }


def _filter(one: SpecificFilter) -> Json:
    source_port, destination_port = _ports(one)
    return {
        "weight": list(one.weight),
        "directions": _directions(one),
        "source": {"me": one.source.me, "addresses": one.source.range.text(), "ports": source_port.text()},
        "destination": {
            "me": one.destination.me,
            "addresses": one.destination.range.text(),
            "ports": destination_port.text(),
        },
        "protocol": format_protocol(one.filter.protocol),
        "treatment": type(one.treatment).__name__.lower(),
        "details": treatment(one.treatment),
        "rule": one.rule.name,
        "filter_list": one.filter_list.name,
        "mirror": one.mirror,
        "location": location(one.filter.origin),
    }
