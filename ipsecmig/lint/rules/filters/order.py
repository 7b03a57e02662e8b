"""The order of the rules looks meant, but has no meaning.

What: Every rule has a filter action of its own that is called like it and like its filter list, as programs write them
that translate ordered rules one by one; and some packets meet what a later rule says although an earlier one matches.

Why: Windows knows no order of rules: the more specific filter decides. Where the rules were written to be read from the
top, an exception that stands after what it excepts from was dead, and is alive on Windows.

Example: A first rule that blocks 10.0.0.0/8, and a later one that permits 10.1.1.1, in the output of a generator of
policies for firewalls of first match.

Instead: Look at the packet that is shown and remove or narrow one of the two filters. Where Windows does what is meant,
nothing needs to change.

References: Microsoft, "The Cable Guy, February 2005: IPsec Filter Ordering".
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, Witness, rule_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.lint.wording import verdict
from ipsecmig.model.decision import DecisionMap
from ipsecmig.model.explanation import explain
from ipsecmig.model.policy import Rule
from ipsecmig.model.space import Box
from ipsecmig.model.treatment import PERMIT, Conflict, Treatment

_MOST: Final = 20
_STEM: Final = 3
"""The least number of characters that the names of one rule, its list and its action have in common."""


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each rule that decides about packets which an earlier one matches and treats otherwise."""
    if not _looks_translated(inspection.rules):
        return
    in_order = DecisionMap.from_layers(_layers(inspection), PERMIT)
    differences = in_order.differences(inspection.decisions, _agree, _MOST).differences
    # The largest differences stand first, and are to be told.
    found = {explain(inspection.flat, one.witness).deciding[0].rule: one for one in reversed(differences)}
    for rule, one in found.items():
        message = (
            f"packets such as {one.witness.text()} are {verdict(one.right)}; "
            f"if the order of the rules counted they would be {verdict(one.left)}"
        )
        subject = rule_subject(inspection.policy, rule)
        yield RULE.finding(message, subject, Witness(one.witness, one.right), certain=False)


def _looks_translated(rules: tuple[Rule, ...]) -> bool:
    stems = {_stem(rule.name, rule.filter_list, rule.filter_action) for rule in rules}
    return len(stems) == len(rules) and all(len(stem) >= _STEM for stem in stems)


def _stem(*names: str) -> str:
    """Return the letters that all names begin with."""
    letters = takewhile(lambda each: len(set(each)) == 1, zip(*names, strict=False))
    return "".join(each[0] for each in letters)


def _layers(inspection: Inspection) -> Iterator[tuple[Box, Treatment]]:
    """Yield what packets would meet if the first rule that matches decided."""
    yield from ((box, PERMIT) for exemption in inspection.flat.exemptions for box in exemption.boxes)
    places = {id(rule): place for place, rule in enumerate(inspection.rules)}
    for specific in sorted(inspection.flat.filters, key=lambda one: places[id(one.rule)]):
        yield from ((box, specific.treatment) for box in specific.boxes)


def _agree(in_order: Treatment, on_windows: Treatment) -> bool:
    return in_order == on_windows or isinstance(on_windows, Conflict)


RULE = LintRule("X47", "order-of-rules", Family.FILTERS, Severity.INFO, check, __doc__)
