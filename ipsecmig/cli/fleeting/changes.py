"""Which hosts changed since an earlier extraction: what packets meet there, not how it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from ipsecmig.cli.exits import Exit
from ipsecmig.cli.fleeting.reading import policy_in_force
from ipsecmig.cli.options import Inputs
from ipsecmig.cli.printer import Line, Piece, Style
from ipsecmig.cli.sources import read_sources
from ipsecmig.diagnostics import Severity
from ipsecmig.errors import BudgetExceeded, InputError, UsageError
from ipsecmig.model.flatten import FlatPolicy, flatten
from ipsecmig.remote.evidence import evidence_folders
from ipsecmig.verify.compare import Result, compare
from ipsecmig.verify.readback.windows import read_policy

if TYPE_CHECKING:
    from ipsecmig.cli.parts import Json


class Kind(StrEnum):
    """What became of a host."""

    EQUAL = "equal"
    CHANGED = "changed"
    NEW = "new"
    GONE = "gone"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one host; `said` tells more, of one that changed a packet that is treated otherwise."""

    host: str
    kind: Kind
    said: str = ""


def changes(earlier: Path, now: Mapping[str, Path | None]) -> tuple[Change, ...]:
    """Return what became of each host of an earlier extraction and of those of `now`: their folders, None for failed.

    Hosts are told apart by the names of their folders. Raises InputError where `earlier` holds no evidence.
    """
    before = {folder.name: folder for folder in evidence_folders(earlier)}
    if not before:
        raise UsageError(f"--diff: {earlier} holds no evidence")
    names = sorted({*before, *now})
    return tuple(_change(name, before.get(name), now.get(name), asked=name in now) for name in names)


def _change(name: str, before: Path | None, after: Path | None, *, asked: bool) -> Change:
    if not asked:
        return Change(name, Kind.GONE)
    if after is None:
        return Change(name, Kind.UNDECIDED, "it was not extracted")
    if before is None:
        return Change(name, Kind.NEW)
    try:
        return _compared(name, _flat(before), _flat(after))
    except (InputError, UsageError, BudgetExceeded) as failure:
        return Change(name, Kind.UNDECIDED, str(failure))


def _compared(name: str, before: FlatPolicy, after: FlatPolicy) -> Change:
    comparison = compare(after, [read_policy(before)], limit=1)
    if comparison.result is Result.DIFFERENT:
        return Change(name, Kind.CHANGED, comparison.differences[0].witness.text())
    if comparison.result is Result.EQUAL:
        return Change(name, Kind.EQUAL)
    doubts = [one.reason for one in comparison.undecided]
    return Change(name, Kind.UNDECIDED, doubts[0] if doubts else "filters in conflict may be decided otherwise")


def _flat(folder: Path) -> FlatPolicy:
    reading = read_sources(Inputs((str(folder),)))
    if any(one.severity is Severity.ERROR for one in reading.diagnostics):
        raise InputError(reading.diagnostics)
    return flatten(reading.store, policy_in_force(reading, None))


_STYLES = {Kind.EQUAL: Style.GOOD, Kind.CHANGED: Style.BAD, Kind.UNDECIDED: Style.BAD}


def change_lines(found: Sequence[Change]) -> Iterator[Line]:
    """Yield one line for each host that is not what it was, and how many are."""
    for one in found:
        if one.kind is not Kind.EQUAL:
            said = f": {one.said}" if one.said else ""
            yield (Piece(f"{one.host} "), Piece(one.kind, _STYLES.get(one.kind, Style.CAREFUL)), Piece(said))
    equal = sum(one.kind is Kind.EQUAL for one in found)
    yield (Piece(f"{equal} of {len(found)} treat every packet as before"),)


def changes_document(found: Sequence[Change]) -> list[Json]:
    """Return the changes as JSON."""
    return [{"host": one.host, "change": one.kind.value, "said": one.said or None} for one in found]


def exit_of_changes(found: Sequence[Change]) -> Exit:
    """Return 3 where something is undecided, else 1 where something changed, else 0."""
    kinds = {one.kind for one in found}
    if Kind.UNDECIDED in kinds:
        return Exit.UNDECIDED
    return Exit.DONE if kinds <= {Kind.EQUAL} else Exit.FINDINGS
