"""On which run-time decisions it depends whether a statement is reached.

A flow is a set of paths; a path says how some decisions (numbered `if`s) went. Reaching a statement on every path is
reaching it for certain, so that conditions vanish again where branches meet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import combinations
from typing import Final, NamedTuple

_PATH_LIMIT: Final = 24
_LENGTH_LIMIT: Final = 64
_LOST: Final = frozenset({(0, True)})
"""The outcomes of a path that is no longer followed in detail: it depends on something, and stays so."""


class Trace(IntEnum):
    """What a path did so far: nothing; nothing, and it jumped or ended; or it reached a statement that counts."""

    FRESH = 0
    LEFT = 1
    TOUCHED = 2


class Path(NamedTuple):
    """How decisions went, as pairs of the decision's number and its outcome, and what the path did."""

    outcomes: frozenset[tuple[int, bool]]
    trace: Trace = Trace.FRESH


@dataclass(frozen=True, slots=True)
class Flow:
    """The paths on which a place is reached; none for a place that is not reached."""

    paths: frozenset[Path]

    @property
    def alive(self) -> bool:
        """Whether the place is reached at all."""
        return bool(self.paths)

    @property
    def certain(self) -> bool:
        """Whether the place is reached however the decisions go."""
        return any(not path.outcomes for path in self.paths)

    def split(self, decision: int) -> tuple[Flow, Flow]:
        """Return the flow where `decision` went this way, and where it went the other way."""
        yes, no = (
            Flow(frozenset(_extended(path, decision, outcome=outcome) for path in self.paths))
            for outcome in (True, False)
        )
        return yes, no

    def join(self, other: Flow) -> Flow:
        """Return the flow where this one and `other` meet."""
        if not self.paths or not other.paths:
            return self if self.paths else other
        return Flow(_simplified(self.paths | other.paths))

    def touched(self) -> Flow:
        """Return the flow after a statement that counts."""
        if all(path.trace is Trace.TOUCHED for path in self.paths):
            return self
        return Flow(_simplified(path._replace(trace=Trace.TOUCHED) for path in self.paths))

    def left(self) -> Flow:
        """Return the flow after a jump or exit, which is a way out for paths that did nothing before.

        It is none where paths that did something go along: then both ways of the last decision come here.
        """
        if any(path.trace is Trace.TOUCHED for path in self.paths):
            return self
        return Flow(frozenset(p._replace(trace=Trace.LEFT) if p.trace is Trace.FRESH else p for p in self.paths))

    def idle(self) -> Flow:
        """Return the part of the flow that jumped or ended without having done anything."""
        return Flow(frozenset(path for path in self.paths if path.trace is Trace.LEFT))

    def within(self, other: Flow) -> bool:
        """Whether `other` is reached wherever this flow is."""
        return all(any(wide.outcomes <= path.outcomes for wide in other.paths) for path in self.paths)

    def apart_from(self, excluded: Flow) -> Flow:
        """Return the flow as it depends on decisions when the paths of `excluded` are known not to be taken."""
        return Flow(_simplified(Path(_needed(path.outcomes, excluded)) for path in self.paths))


def _needed(outcomes: frozenset[tuple[int, bool]], excluded: Flow) -> frozenset[tuple[int, bool]]:
    """Drop the outcomes whose opposite `excluded` rules out anyway, the last decision first."""
    for decision, outcome in sorted(outcomes, reverse=True):
        flipped = outcomes - {(decision, outcome)} | {(decision, not outcome)}
        if any(path.outcomes <= flipped for path in excluded.paths):
            outcomes -= {(decision, outcome)}
    return outcomes


def _extended(path: Path, decision: int, *, outcome: bool) -> Path:
    """Return `path` after one more decision; that goes on, so that the jump before it no longer counts."""
    trace = Trace.FRESH if path.trace is Trace.LEFT else path.trace
    if len(path.outcomes) >= _LENGTH_LIMIT or path.outcomes >= _LOST:
        return Path(_LOST, trace)
    return Path(path.outcomes | {(decision, outcome)}, trace)


CERTAIN: Final = Flow(frozenset({Path(frozenset())}))
DEAD: Final = Flow(frozenset())


def _simplified(paths: Iterable[Path]) -> frozenset[Path]:
    """Merge paths that differ in the outcome of one decision only, and drop paths that another one covers."""
    found = set(paths)
    merged = True
    while merged and len(found) > 1:
        merged = False
        for one, other in combinations(sorted(found, key=lambda p: (len(p.outcomes), sorted(p.outcomes))), 2):
            union = _merged(one, other)
            if union is not None:
                found -= {one, other}
                found.add(union)
                merged = True
                break
    if len(found) > _PATH_LIMIT:
        return frozenset({Path(_LOST, max(path.trace for path in found))})
    return frozenset(found)


def _merged(one: Path, other: Path) -> Path | None:
    if one.trace is not other.trace:
        return None
    if one.outcomes <= other.outcomes:
        return one
    difference = one.outcomes ^ other.outcomes
    if len(difference) == 2 and len({decision for decision, _ in difference}) == 1:
        return Path(one.outcomes & other.outcomes, one.trace)
    return None


def describe(flow: Flow, decisions: Sequence[str]) -> str:
    """Return in words what `flow` depends on, empty when it is certain; `decisions` says what each number decides."""
    if flow.certain:
        return ""
    paths = [
        " and ".join(_outcome(decisions[decision], outcome) for decision, outcome in sorted(path.outcomes))
        for path in sorted(flow.paths, key=lambda path: sorted(path.outcomes))
    ]
    return " or ".join(paths)


def _outcome(text: str, outcome: bool) -> str:
    return f"if {text}" if outcome else f"unless {text}"
