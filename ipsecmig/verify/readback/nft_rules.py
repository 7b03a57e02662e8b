"""What one rule of an nftables ruleset decides, as boxes of packets with a verdict each. Source: nft(8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from ipsecmig.model.selectors import Family
from ipsecmig.model.space import Box
from ipsecmig.verify.readback.nft_match import Crossing, Unmodelled, element_boxes, excluded_boxes, whole
from ipsecmig.verify.readback.nft_model import Element, Match, NftRule, NftTable, NftVerdict, VerdictMap

FAMILIES: Final = {
    "inet": (Family.IPV4, Family.IPV6),
    "ip": (Family.IPV4,),
    "ip6": (Family.IPV6,),
}
"""The IP versions that tables of each family see."""

Layer = tuple[Box, NftVerdict, NftRule, Element | None]
"""Packets, what a rule says of them, and the element of its verdict map that says so."""


def rule_layers(table: NftTable, rule: NftRule, crossing: Crossing) -> Iterator[Layer]:
    """Yield the packets that `rule` decides about, with its verdict; a rule without a verdict decides nothing."""
    boxes: list[Box] = whole(crossing, FAMILIES[table.family])
    for statement in rule.statements:
        if isinstance(statement, NftVerdict):
            yield from ((box, statement, rule, None) for box in boxes)
            return
        if isinstance(statement, VerdictMap):
            yield from _mapped(table, statement, boxes, rule, crossing)
            return
        boxes = list(_matching(table, statement, boxes, crossing))


def _mapped(
    table: NftTable, statement: VerdictMap, boxes: Iterable[Box], rule: NftRule, crossing: Crossing
) -> Iterator[Layer]:
    if rule.statements[-1] is not statement:
        raise Unmodelled("a verdict map before the end of a rule is not modelled")
    boxes, elements = list(boxes), _elements(table, statement)
    stated = [e for e in elements if e.key != _CATCH_ALL]
    for element in elements:
        if element.verdict is None:
            raise Unmodelled("a verdict map has an element without verdict")
        if element.key != _CATCH_ALL:
            selections = element_boxes(boxes, statement.selectors, element, crossing)
        elif len(statement.selectors) == 1:
            selections = excluded_boxes(boxes, statement.selectors[0], stated, crossing)
        else:
            raise Unmodelled("an element for all other values of several selectors is not modelled")
        for selected in selections:
            yield selected, element.verdict, rule, element


_CATCH_ALL: Final = ("*",)


def _elements(table: NftTable, statement: Match | VerdictMap) -> tuple[Element, ...]:
    if not statement.reference:
        return statement.elements
    if statement.reference not in table.sets:
        raise Unmodelled(f"the set {statement.reference} is not defined")
    return table.sets[statement.reference]


def _matching(table: NftTable, match: Match, boxes: list[Box], crossing: Crossing) -> Iterator[Box]:
    elements = _elements(table, match)
    if match.operator in {"==", "eq", "in"}:
        for element in elements:
            yield from element_boxes(boxes, match.selectors, element, crossing)
    elif match.operator in {"!=", "ne"} and len(match.selectors) == 1:
        yield from excluded_boxes(boxes, match.selectors[0], elements, crossing)
    else:
        raise Unmodelled(f"the comparison {match.operator} is not modelled")
