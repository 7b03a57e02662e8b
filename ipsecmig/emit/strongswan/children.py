"""From cells to the children of swanctl.conf, and what could not be said in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ipsecmig.emit.common import one_line
from ipsecmig.emit.strongswan.cells import Cell
from ipsecmig.emit.strongswan.exact import around, is_whole, local_ts, parts, remote_ts
from ipsecmig.emit.strongswan.proposals import can_negotiate
from ipsecmig.model.selectors import Family
from ipsecmig.model.space import Box
from ipsecmig.model.treatment import Permit, Protect

FIRST_PRIORITY: Final = 1000
STEP: Final = 10
_GUARD_STEP: Final = STEP // 2


@dataclass(frozen=True, slots=True)
class Child:
    """One child; the lower `priority` wins.

    `owner` is the name of its rule, `protect` is None for a shunt, `box` is one of `exact.parts`, `transit` as in
    `Demand.is_transit`.
    """

    mode: str
    box: Box
    local_ts: str
    remote_ts: str
    priority: int
    owner: str
    comment: str
    protect: Protect | None = None
    transit: bool = False


@dataclass(slots=True)
class Children:
    """All children in the order of their priorities.

    `inexact` are the identities of filters that were closed further because their ports or addresses fall into too
    many parts, `endless` those of tunnel rules whose peer is not known. `guarded` says that a tunnel takes packets
    from one address of this host only and that those from its others are dropped.
    """

    children: list[Child] = field(default_factory=list)
    inexact: set[int] = field(default_factory=set)
    endless: set[int] = field(default_factory=set)
    guarded: bool = False
    next_priority: int = FIRST_PRIORITY


def make_children(cells: Sequence[Cell], *, own_known: bool) -> Children:
    """Return the children of `cells`, which stand in the order of decision."""
    made = Children()
    for cell in cells:
        _add(made, cell, own_known=own_known)
        made.next_priority += STEP
    return made


def _add(made: Children, cell: Cell, *, own_known: bool) -> None:
    treatment = cell.treatment
    if not isinstance(treatment, Protect):
        _add_shunts(made, cell, "pass" if isinstance(treatment, Permit) else "drop")
    elif not can_negotiate(treatment):
        _add_shunts(made, cell, "drop")
    elif _lacks_peer(treatment):
        made.endless.update(id(source.rule) for source in cell.demand.sources)
        _add_shunts(made, cell, "drop")
    else:
        _add_traps(made, cell, treatment, own_known=own_known)


def _lacks_peer(protect: Protect) -> bool:
    """Whether it is a tunnel to a peer that is not known, or whose address is not of one family with the near end."""
    tunnel = protect.tunnel
    if tunnel is None:
        return False
    local, remote = tunnel.local, tunnel.remote
    if remote is None or not remote.is_host:
        return True
    return local is not None and (not local.is_host or local.family is not remote.family)


def _add_shunts(made: Children, cell: Cell, mode: str) -> None:
    """Add shunts for the cell; a filter of too many parts is dropped as a whole, and never let pass."""
    boxes = parts(cell.box, negotiated=False)
    if not boxes:
        made.inexact.update(id(source.filter) for source in cell.demand.sources)
        boxes = () if mode == "pass" else (around(cell.box),)
    for box in boxes:
        made.children.append(_child(cell, mode, box, made.next_priority))


def _add_traps(made: Children, cell: Cell, protect: Protect, *, own_known: bool) -> None:
    boxes = parts(cell.box, negotiated=True)
    if not boxes:
        made.inexact.update(id(source.filter) for source in cell.demand.sources)
        _add_shunts(made, cell, "drop")
        return
    dynamic = protect.tunnel is None or (not own_known and _is_for_me(cell))
    for box in boxes:
        child = _child(cell, protect.mode.value, box, made.next_priority, dynamic=dynamic)
        made.children.append(replace(child, protect=protect, transit=cell.demand.is_transit))
        if protect.tunnel is not None and dynamic and is_whole(Family(box.family[0]), box.local):
            # A tunnel's `dynamic` is the one address that charon would send from: the others must not go in clear.
            made.guarded = True
            made.children.append(_child(cell, "drop", box, made.next_priority + _GUARD_STEP))


def _is_for_me(cell: Cell) -> bool:
    return any(source.source.me or source.destination.me for source in cell.demand.sources)


def _child(cell: Cell, mode: str, box: Box, priority: int, *, dynamic: bool = False) -> Child:
    return Child(
        mode,
        box,
        local_ts(box, dynamic=dynamic),
        remote_ts(box),
        priority,
        cell.demand.sources[0].rule.name if cell.demand.sources else cell.demand.name,
        " ".join(_origin(cell)),
    )


def _origin(cell: Cell) -> Iterator[str]:
    sources = cell.demand.sources
    if not sources:
        yield f"default exemption: {cell.demand.name}"
        return
    yield one_line(f"filter list '{sources[0].filter_list.name}', rule '{sources[0].rule.name}'", 120)
    line = sources[0].filter.origin.line
    if line:
        yield f"(line {line})"
