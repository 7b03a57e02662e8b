"""The SAs that a connection consists of, with their lives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

from ipsecmig.ike.configuration import Configuration, Traffic
from ipsecmig.ike.engine import Engine
from ipsecmig.ike.events import ChildEstablished
from ipsecmig.ike.life import Life, Moment, Stage
from ipsecmig.ike.narrowing import inside
from ipsecmig.ike.wire.identification import Identification


@dataclass(slots=True, eq=False)
class IkeSa:
    """An IKE SA; it has no life before it is established."""

    engine: Engine
    initiated: bool
    life: Life | None = None
    quick_modes: int = 0
    ended: float | None = None

    def is_usable(self, limit: int) -> bool:
        """Tell whether a quick mode of this end may begin under it."""
        used_up = 0 < limit <= self.quick_modes
        living = self.life is not None and self.life.stage is not Stage.REPLACED
        return living and self.engine.is_established and not used_up

    @property
    def key(self) -> bytes:
        """What both ends know it by."""
        known = self.engine.cookies
        return b"" if known is None else known.initiator + known.responder

    def is_under_way(self) -> bool:
        """Tell whether this end waits for its main mode."""
        return self.initiated and self.life is None and self.ended is None


@dataclass(slots=True, eq=False)
class Child:
    """A child; `traffic` is what it is renewed for."""

    child: ChildEstablished
    traffic: Traffic
    life: Life

    @property
    def ends(self) -> tuple[Identification, Identification]:
        """What traffic it is for."""
        return self.child.local, self.child.remote

    @property
    def key(self) -> bytes:
        """What both ends know it by."""
        row = self.child.associations[0]
        return max(row.inbound_spi, row.outbound_spi)


Sa = TypeVar("Sa", IkeSa, Child)


def succession(older: Sa, new: Sa, overlap: float, *, own: bool) -> tuple[Sa, Moment]:
    """Return which of two SAs for the same is succeeded by the other, and how; `own` if this end made the new one.

    It is the older one, unless both ends have begun at once, which is within the overlap: then both of them keep the
    one of the greater key.
    """
    first, second = older.life, new.life
    if own and first is not None and first.stage is Stage.REPLACING:
        return older, Moment.SUCCEEDED
    at_once = first is not None and second is not None and second.begun - first.begun <= overlap
    return (new if at_once and older.key > new.key else older), Moment.SUPERSEDED


@dataclass(frozen=True, slots=True)
class Quick:
    """The quick mode of this end that is under way."""

    ike: IkeSa
    message_id: int
    traffic: Traffic


def policy_for(configuration: Configuration, child: ChildEstablished) -> Traffic:
    """Return what a child that the peer made is renewed for: its own traffic, with the offers of the policy."""
    known = (configuration.traffic, *configuration.further)
    fitting = (row for row in known if inside(child.local, row.local) and inside(child.remote, row.remote))
    return replace(next(fitting, configuration.traffic), local=child.local, remote=child.remote)
