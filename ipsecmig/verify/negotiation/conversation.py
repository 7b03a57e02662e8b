"""Runs two engines against each other, or one against a peer that does not answer, without network or waiting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeVar

from ipsecmig.ike.configuration import Configuration
from ipsecmig.ike.engine import Engine
from ipsecmig.ike.events import ChildEstablished, Established, Event, Failed
from ipsecmig.ike.exchange import RANDOM_OCTETS

RandomOctets = Callable[[int], bytes]
"""Gives that many unpredictable octets."""

_MOST_DATAGRAMS: Final = 200
"""More than any negotiation here takes; it keeps a defect from running for ever."""

_T = TypeVar("_T")


class Stop(Enum):
    """Where a negotiation came to nothing."""

    MAIN_MODE = "main mode"
    AUTHENTICATION = "authentication"
    QUICK_MODE = "quick mode"


@dataclass(frozen=True, slots=True)
class Conversation:
    """What both ends made of a negotiation; events in the order in which they happened."""

    beginner: tuple[Event, ...]
    answerer: tuple[Event, ...]

    @property
    def children(self) -> tuple[ChildEstablished, ChildEstablished] | None:
        """The SAs of both ends, None unless both have them."""
        found = [first(events, ChildEstablished) for events in (self.beginner, self.answerer)]
        return None if found[0] is None or found[1] is None else (found[0], found[1])

    @property
    def established(self) -> Established | None:
        """Main mode, None unless both ends proved who they are."""
        found = [first(events, Established) for events in (self.beginner, self.answerer)]
        return None if found[1] is None else found[0]

    @property
    def refusal(self) -> int | None:
        """The notify with which one end refused, None if none did."""
        failures = [e for e in (*self.answerer, *self.beginner) if isinstance(e, Failed)]
        return next((failure.notify for failure in failures if failure.notify is not None), None)

    @property
    def reason(self) -> str:
        """What the first end that gave up said; the answerer knows more."""
        failures = (e for e in (*self.answerer, *self.beginner) if isinstance(e, Failed))
        return next((failure.reason for failure in failures), "")

    @property
    def stop(self) -> Stop | None:
        """Where it came to nothing, None if it did not. Main mode's proposals are refused before anything is proved."""
        if self.children is not None:
            return None
        if self.established is not None:
            return Stop.QUICK_MODE
        chose = any(isinstance(e, Failed) and e.notify == _NO_PROPOSAL for e in self.answerer)
        return Stop.MAIN_MODE if chose else Stop.AUTHENTICATION


_NO_PROPOSAL: Final = 14


def first(events: tuple[Event, ...], kind: type[_T]) -> _T | None:
    """Return the first event of that kind, None if there is none."""
    return next((event for event in events if isinstance(event, kind)), None)


def converse(beginner: Configuration, answerer: Configuration, random: RandomOctets) -> Conversation:
    """Return how two ends negotiate when every datagram arrives."""
    one, other = Engine(beginner), Engine(answerer)
    heard: tuple[list[Event], list[Event]] = ([], [])
    now, carried = 0.0, 0
    one.start(now, random(RANDOM_OCTETS))
    while carried < _MOST_DATAGRAMS:
        under_way = [(other, octets) for octets in one.to_send()] + [(one, octets) for octets in other.to_send()]
        for receiver, octets in under_way:
            receiver.receive(octets, now, random(RANDOM_OCTETS))
        carried += len(under_way)
        heard[0].extend(_events(one))
        heard[1].extend(_events(other))
        if not under_way:
            due = one.timer()
            if due is None or _is_over(heard[0]):
                break
            now = max(now, due)
            one.on_timer(now)
    return Conversation(tuple(heard[0]), tuple(heard[1]))


def call_silence(beginner: Configuration, random: RandomOctets) -> Failed | None:
    """Return how a negotiation fails with a peer that never answers; None if the engine keeps trying."""
    engine = Engine(beginner)
    engine.start(0.0, random(RANDOM_OCTETS))
    for _ in range(_MOST_DATAGRAMS):
        due = engine.timer()
        if due is None:
            break
        engine.to_send()
        engine.on_timer(due)
    return first(tuple(_events(engine)), Failed)


def _events(engine: Engine) -> list[Event]:
    found = []
    while (event := engine.next_event()) is not None:
        found.append(event)
    return found


def _is_over(events: list[Event]) -> bool:
    return any(isinstance(event, (ChildEstablished, Failed)) for event in events)
