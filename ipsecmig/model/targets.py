"""What an emitter takes and gives: requests, files and losses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from ipsecmig.diagnostics import Origin
from ipsecmig.model.attributes import AttributeKind
from ipsecmig.model.flatten import FlatPolicy
from ipsecmig.model.policy import Policy, PolicyStore
from ipsecmig.model.space import Direction


class LossKind(Enum):
    """What became of an attribute that a target cannot say exactly."""

    WIDENED = "widened"
    NARROWED = "narrowed"
    DROPPED = "dropped"
    NEEDS_HUMAN = "needs-human"


class SecurityDirection(Enum):
    """Whether a loss lets more through than the policy does, or less."""

    FAILS_OPEN = "fails-open"
    FAILS_CLOSED = "fails-closed"


@dataclass(frozen=True, slots=True)
class Loss:
    """One attribute of the source that the target does not say exactly.

    `attribute` names it with its object, as `filter action "Secure": soft`; `origin` is its place in the source.
    `about` and `subject` are the same as data: the kind of attribute and the object of the policy that it belongs to.
    `along` limits it to packets of one direction.
    """

    target: str
    kind: LossKind
    direction: SecurityDirection
    attribute: str
    origin: Origin
    reason: str
    advice: str
    about: AttributeKind | None = None
    subject: object = None
    along: Direction | None = None


@dataclass(frozen=True, slots=True)
class OutputFile:
    """One file to write. `path` is relative to the output folder; `secret` files are written with mode 0600."""

    path: str
    content: bytes
    secret: bool = False
    executable: bool = False


@dataclass(frozen=True, slots=True)
class EmissionRequest:
    """What every emitter gets.

    `heading` lines are put, as comments, at the head of every file: tool version, sources, what is unverified.
    `store` and `policy` are the Windows view of it, `flat` what packets meet.
    """

    store: PolicyStore
    policy: Policy
    flat: FlatPolicy
    heading: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Emission:
    """What an emitter gives.

    `exact` counts the attributes of the source that the files say exactly; together with those named by `losses`
    it is all of them (conservation). `holds_settings` tells whether the target can also say settings of the host, such
    as NoDefaultExempt; where it cannot, hosts keep theirs. `assumptions` are what the files are
    read back under, as `--assume` names it; losses say where they rest on them.
    """

    target: str
    files: tuple[OutputFile, ...]
    losses: tuple[Loss, ...]
    exact: int
    notes: tuple[str, ...] = ()
    holds_settings: bool = True
    assumptions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Target:
    """One emitter, as the registry lists it."""

    name: str
    title: str
    emit: Callable[[EmissionRequest], Emission]
    files: Mapping[str, str] = field(default_factory=dict)
    """What each file that it writes is for."""
    exact: frozenset[AttributeKind] = frozenset()
    """The attributes that it always says exactly; any other one may become a loss."""
