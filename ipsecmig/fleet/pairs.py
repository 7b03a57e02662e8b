"""Which hosts cannot agree on how to protect the packets between them.

Two hosts meet each other's packets at few places of their decision maps. The digests of these places (see `canonical`)
put pairs that are alike into one class, so that a fleet of n hosts takes n maps and as many comparisons as there are
classes, not n * n. What one of two hosts tunnels for others is not compared.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Final

from ipsecmig.diagnostics import Severity
from ipsecmig.errors import BudgetExceeded
from ipsecmig.fleet.canonical import NodeDigests, digest
from ipsecmig.fleet.hosts import FleetHost, inspection_of
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.meetings import share_method
from ipsecmig.lint.peers import Encounter, Side, apart, encounters
from ipsecmig.model import words
from ipsecmig.model.explanation import Decider
from ipsecmig.model.offers import main_mode_rows, quick_mode_rows
from ipsecmig.model.space import Direction, Packet
from ipsecmig.model.specificity import UNMATCHED
from ipsecmig.model.treatment import Block, Conflict, Protect

if TYPE_CHECKING:
    from ipsecmig.model.decision import DecisionMap
    from ipsecmig.model.diagram import Node
    from ipsecmig.model.inventory import Inventory
    from ipsecmig.model.selectors import AddressRange
    from ipsecmig.model.treatment import Treatment

Names = tuple[str, str]
"""Two hosts by name; what is said about them calls the first `here` and the second `there`."""

Addresses = Mapping[str, tuple["AddressRange", ...]]
"""The addresses of hosts by name."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One reason why two hosts cannot exchange packets as their policies demand; `witness` is such a packet, from here.

    `kind` is `authentication`, `main-mode`, `quick-mode`, `one-sided` (only one of them protects) or `undecided` (one
    of them has filters in conflict there, or the comparison took too much).
    """

    kind: str
    severity: Severity
    reason: str
    witness: Packet | None


@dataclass(frozen=True, slots=True)
class View:
    """How one host meets the packets of each other host: a digest for each of them, by name; None where undecided."""

    host: str
    of: Mapping[str, str] | None


def view(host: FleetHost, others: Addresses, inventory: Inventory) -> View:
    """Return how `host` meets packets of `others`, of which it may be one. It may run in any process."""
    inspection = inspection_of(host, inventory)
    try:
        met = _met(inspection)
    except BudgetExceeded:
        return View(host.name, None)
    response = digest(inspection.flat.default_response)
    known = NodeDigests()
    found = {}
    for name, addresses in others.items():
        if name != host.name:
            places = tuple(known.of(node) for node in _places(met, host.addresses, addresses))
            found[name] = digest((response, places))
    return View(host.name, found)


def _met(inspection: Inspection) -> DecisionMap[tuple[Treatment, bool]]:
    """Return what packets meet, and whether no filter matches them: a default response rule answers there."""
    contenders = inspection.contests.contenders
    return inspection.contests.map.map(lambda contest: (contenders.treatment(contest), contest == UNMATCHED))


def _places(
    met: DecisionMap[tuple[Treatment, bool]], own: Sequence[AddressRange], theirs: Sequence[AddressRange]
) -> Iterator[Node[tuple[Treatment, bool]]]:
    """Yield what `met` says of protocols and ports, for each way in which two addresses meet."""
    for local, remote in product(own, theirs):
        if local.family is remote.family:
            for direction in (Direction.OUT, Direction.IN):
                yield _place(met.root, (direction, local.family, local.first, remote.first))


def _place(node: Node[tuple[Treatment, bool]], point: tuple[int, int, int, int]) -> Node[tuple[Treatment, bool]]:
    """Return the part of a diagram at this direction, family, local and remote address, its first coordinates."""
    while node.level < len(point):
        node = node.children[bisect_right(node.cuts, point[node.level])]
    return node


def classes(views: Sequence[View]) -> tuple[tuple[Names, ...], ...]:
    """Return all pairs of the hosts that have `views`, those together that meet each other alike.

    The first pair of a class has its hosts in their order, which the digests, other ones in every run, cannot give.
    """
    found: dict[Names, list[Names]] = {}
    known = [(one.host, one.of) for one in views if one.of is not None]
    for position, (one, of_one) in enumerate(known):
        for other, of_other in known[position + 1 :]:
            alike, names = (of_one[other], of_other[one]), (one, other)
            if alike not in found and alike[::-1] in found:
                alike, names = alike[::-1], names[::-1]
            found.setdefault(alike, []).append(names)
    return tuple(map(tuple, found.values()))


def disagreements(
    pairs: Sequence[tuple[FleetHost, FleetHost]], inventory: Inventory
) -> tuple[tuple[Disagreement, ...], ...]:
    """Return what keeps each of `pairs` from agreeing. It may run in any process."""
    sides: dict[str, Side] = {}
    for host in (host for pair in pairs for host in pair):
        if host.name not in sides:
            inspection = inspection_of(host, inventory)
            sides[host.name] = Side(inspection.flat, inspection.decisions)
    return tuple(_between(sides[one.name], sides[other.name]) for one, other in pairs)


def _between(ours: Side, theirs: Side) -> tuple[Disagreement, ...]:
    """Return what keeps two hosts from agreeing, each reason once."""
    found: dict[tuple[str, str], Disagreement] = {}
    try:
        for encounter in encounters(ours, theirs):
            for one in _judged(encounter):
                found.setdefault((one.kind, one.reason), one)
    except BudgetExceeded as excess:
        return (Disagreement("undecided", Severity.WARNING, str(excess), None),)
    return tuple(sorted(found.values(), key=lambda one: (-one.severity, one.kind, one.reason)))


def _judged(encounter: Encounter) -> Iterator[Disagreement]:
    here, there, packet = encounter.here, encounter.there, encounter.ours.packet
    if isinstance(encounter.ours.treatment, Conflict) or isinstance(encounter.theirs.treatment, Conflict):
        yield Disagreement("undecided", Severity.WARNING, _CONFLICT, packet)
    elif here is None or there is None:
        yield _one_sided(encounter)
    else:
        yield from (Disagreement(kind, Severity.ERROR, reason, packet) for kind, reason in _apart(here, there))


_CONFLICT: Final = "filters of one of them are in conflict: which one wins is not documented"


def _apart(here: Protect, there: Protect) -> Iterator[tuple[str, str]]:
    """Yield what two ends do not have in common, by kind."""
    if not share_method(here.authentication, there.authentication):
        ours, theirs = (words.authentication(end.authentication, with_secrets=False) for end in (here, there))
        differ = "; the keys differ" if ours == theirs else ""
        yield "authentication", f"{ours} here, {theirs} there{differ}"
    main = apart(main_mode_rows(here.main_mode.offers), main_mode_rows(there.main_mode.offers))
    if main:
        yield "main-mode", main
    quick = apart(*(quick_mode_rows(end.offers, (None,), end.mode) for end in (here, there)))
    if quick:
        yield "quick-mode", quick


def _one_sided(encounter: Encounter) -> Disagreement:
    secured = isinstance(encounter.ours.treatment, Protect)
    one, other = (encounter.ours, encounter.theirs) if secured else (encounter.theirs, encounter.ours)
    if other.decided_by is Decider.DEFAULT:
        what = "not known"
    else:
        what = "blocked" if isinstance(other.treatment, Block) else "permitted"
    soft = isinstance(one.treatment, Protect) and one.treatment.fallback_to_clear
    reason = f"secured here, {what} there" if secured else f"{what} here, secured there"
    return Disagreement("one-sided", Severity.WARNING if soft else Severity.ERROR, reason, encounter.ours.packet)
