"""What came of negotiating each protected region."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ipsecmig.diagnostics import Origin
from ipsecmig.model.algorithms import DhGroup
from ipsecmig.model.offers import Change, Contrast
from ipsecmig.model.policy import MainModeOffer, Transform
from ipsecmig.model.space import Box, Packet
from ipsecmig.model.treatment import Mode
from ipsecmig.verify.negotiation.traffic import Selector


class Outcome(Enum):
    """The four outcomes, the first the best."""

    AGREED = "agreed"
    DIFFERENT = "different"
    FAILED = "failed"
    UNDECIDED = "undecided"


class Side(Enum):
    """The two ends: a Windows host under the policy, and this host under what was emitted."""

    POLICY = "policy"
    TARGET = "target"


class Stage(Enum):
    """What two ends do not agree about."""

    PROTECTION = "protection"
    ENDPOINTS = "tunnel endpoints"
    MAIN_MODE = "main mode"
    AUTHENTICATION = "authentication"
    QUICK_MODE = "quick mode"
    SELECTORS = "selectors"
    PACKETS = "packets"
    LIFETIMES = "lifetimes"
    CLEAR = "packets in clear"


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long keys may be used; None for no limit."""

    seconds: int | None
    kilobytes: int | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was agreed when `beginner` began; packets passed both ways under it. `method` is as in `Protection`."""

    beginner: Side
    main_mode: MainModeOffer
    method: str
    main_mode_lifetime: Lifetime
    transforms: tuple[Transform, ...]
    pfs_group: DhGroup | None
    mode: Mode
    selector: Selector
    lifetime: Lifetime


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Why it is not what the policy asks for.

    `contrasts` are the attributes without a common value; `policy` and `target` the full offers side by side.
    `beginner` is None where it is the same whoever begins. `opens` says whether the target lets through more.
    """

    stage: Stage
    contrasts: tuple[Contrast, ...]
    policy: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    change: Change | None = None
    beginner: Side | None = None
    reason: str = ""
    opens: bool = False


@dataclass(frozen=True, slots=True)
class Exercise:
    """What becomes of packets in clear in a situation: whether they pass, on either side."""

    situation: str
    policy: bool
    target: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A region, for people; `box` is what its filter selects and `witness` the packet that was used.

    `filter_list` is None for the default response rule, which has no filters.
    """

    rule: str
    filter_list: str | None
    origin: Origin
    box: Box
    witness: Packet | None


@dataclass(frozen=True, slots=True)
class Negotiation:
    """The outcome for regions that are alike, of which `places` are all and the first was run.

    `supposed` names what had to be made up because a side does not say it, which leaves the outcome undecided;
    `reasons` why nothing was run. `assumptions` are what the outcome rests on; `unexercised` names what the policy asks
    for and no run shows.
    """

    outcome: Outcome
    places: tuple[Place, ...]
    agreements: tuple[Agreement, ...] = ()
    mismatches: tuple[Mismatch, ...] = ()
    exercises: tuple[Exercise, ...] = ()
    supposed: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    unexercised: tuple[str, ...] = ()
