"""How long SAs live: one table for IKE SAs and for their children, which knows no messages, and the limits.

    FRESH       SOFT            REPLACE    REPLACING     the margin before the end is reached: a successor is sought
    FRESH       SUPERSEDED      KEEP       PASSIVE       the peer made a successor: deleting this one is its matter
    REPLACING   SUCCEEDED       LINGER     REPLACED      the successor of this end stands: packets under way may arrive
    REPLACING   FAILED          KEEP       PASSIVE       there is no successor: it lives to its end
    REPLACED    OVERLAP         DELETE     ENDED
    any         HARD            DELETE     ENDED
    any         DELETED         FORGET     ENDED         the peer knows, or says that it is new
    any         SILENT, CLOSED  DELETE     ENDED         one that seems dead is told too, since it may not be

Only who made the successor deletes what it succeeds, so that two ends that renew at once never delete each other's.
Which of such a pair is not renewed any more is for `members.succession` to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, NamedTuple

from ipsecmig.ike.lifetimes import Lifetimes


class Stage(Enum):
    """How far the life of an SA has gone."""

    FRESH = auto()
    REPLACING = auto()
    PASSIVE = auto()
    REPLACED = auto()
    ENDED = auto()


class Moment(Enum):
    """What can happen to an SA; the last of them is why it ended."""

    SOFT = auto()
    SUPERSEDED = auto()
    SUCCEEDED = auto()
    FAILED = auto()
    OVERLAP = auto()
    HARD = auto()
    DELETED = auto()
    SILENT = auto()
    CLOSED = auto()


class Deed(Enum):
    """What is done about it."""

    REPLACE = auto()
    KEEP = auto()
    LINGER = auto()
    DELETE = auto()
    FORGET = auto()


class Turn(NamedTuple):
    """What is done, and the stage after it."""

    deed: Deed
    stage: Stage


_LIVING: Final = tuple(stage for stage in Stage if stage is not Stage.ENDED)

LIFE: Final[dict[tuple[Stage, Moment], Turn]] = {
    (Stage.FRESH, Moment.SOFT): Turn(Deed.REPLACE, Stage.REPLACING),
    (Stage.FRESH, Moment.SUPERSEDED): Turn(Deed.KEEP, Stage.PASSIVE),
    (Stage.FRESH, Moment.SUCCEEDED): Turn(Deed.LINGER, Stage.REPLACED),
    (Stage.REPLACING, Moment.SUCCEEDED): Turn(Deed.LINGER, Stage.REPLACED),
    (Stage.REPLACING, Moment.FAILED): Turn(Deed.KEEP, Stage.PASSIVE),
    (Stage.PASSIVE, Moment.SUCCEEDED): Turn(Deed.LINGER, Stage.REPLACED),
    (Stage.REPLACED, Moment.OVERLAP): Turn(Deed.DELETE, Stage.ENDED),
    **{(stage, Moment.HARD): Turn(Deed.DELETE, Stage.ENDED) for stage in _LIVING},
    **{(stage, Moment.CLOSED): Turn(Deed.DELETE, Stage.ENDED) for stage in _LIVING},
    **{(stage, Moment.DELETED): Turn(Deed.FORGET, Stage.ENDED) for stage in _LIVING},
    **{(stage, Moment.SILENT): Turn(Deed.DELETE, Stage.ENDED) for stage in _LIVING},
}
"""Whatever is not here changes nothing."""

OCTETS_IN_KILOBYTE: Final = 1024
JITTER_OCTETS: Final = 4


@dataclass(frozen=True, slots=True)
class Renewal:
    """When SAs are renewed, and whether the peer is watched.

    `margin` is the part of a life, in seconds and in octets, that is left when the end that made an SA renews it; the
    other end waits for half of that. `jitter` is the part of the margin by which it may be greater at random.
    `overlap` is how many seconds an SA stays beside its successor. A peer that nothing was heard of for `idle` seconds
    is asked whether it is alive (RFC 3706); None never asks.
    """

    margin: float = 0.1
    jitter: float = 0.0
    overlap: float = 5.0
    idle: float | None = None


@dataclass(slots=True)
class Life:
    """The life of one SA; times are of the engine's clock, counts are of octets in one direction."""

    begun: float
    hard: float
    soft: float
    hard_octets: float
    soft_octets: float
    stage: Stage = Stage.FRESH
    until: float | None = None
    octets_in: int = 0
    octets_out: int = 0

    def take(self, moment: Moment, now: float, overlap: float) -> Deed | None:
        """Let a moment come; return what is to be done, None if nothing changes."""
        turn = LIFE.get((self.stage, moment))
        if turn is None:
            return None
        self.stage = turn.stage
        if turn.deed is Deed.LINGER:
            self.until = now + overlap
        return turn.deed

    def due(self, now: float) -> Moment | None:
        """Return which moment time or traffic has brought, None for none."""
        octets = max(self.octets_in, self.octets_out)
        if self.stage is not Stage.ENDED and (self.hard <= now or self.hard_octets <= octets):
            return Moment.HARD
        if self.stage is Stage.REPLACED and self.until is not None and self.until <= now:
            return Moment.OVERLAP
        if self.stage is Stage.FRESH and (self.soft <= now or self.soft_octets <= octets):
            return Moment.SOFT
        return None

    def deadline(self) -> float | None:
        """Return when time brings the next moment, None if it never does."""
        if self.stage is Stage.ENDED:
            return None
        if self.stage is Stage.REPLACED and self.until is not None:
            return min(self.until, self.hard)
        return self.soft if self.stage is Stage.FRESH else self.hard


def begin(lifetimes: Lifetimes, renewal: Renewal, *, initiated: bool, now: float, random: bytes) -> Life:
    """Return the life of a new SA; `random` is `JITTER_OCTETS` octets. No lifetime in seconds counts as no end."""
    share = int.from_bytes(random, "big") / (1 << 8 * JITTER_OCTETS)
    margin = renewal.margin * (1 + renewal.jitter * share) * (1 if initiated else 0.5)
    seconds = float("inf") if lifetimes.seconds is None else float(lifetimes.seconds)
    octets = float("inf") if not lifetimes.kilobytes else float(lifetimes.kilobytes * OCTETS_IN_KILOBYTE)
    return Life(now, now + seconds, now + seconds * (1 - margin), octets, octets * (1 - margin))
