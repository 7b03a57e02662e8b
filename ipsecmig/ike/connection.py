"""All that one end has with one peer over time: IKE SAs, their children, and their renewal before they expire.

The verbs are those of `engine`, and so are `now` and `random`; `on_timer` needs `random` too, since time makes it begin
exchanges. Besides, `protect` asks for an SA, `used` tells of octets that an SA carried, `close` ends everything.

One quick mode of this end runs at a time. If master key PFS or the limit of quick modes has used an IKE SA up, the next
quick mode begins with a new main mode, and the old IKE SA is deleted. Children outlive the IKE SA that made them.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Final

from ipsecmig.ike import life as lives
from ipsecmig.ike.children import is_meant
from ipsecmig.ike.configuration import Configuration, Traffic
from ipsecmig.ike.engine import Engine
from ipsecmig.ike.events import (
    ChildEstablished,
    ChildRetired,
    Discarded,
    Established,
    Event,
    Failed,
    IkeRetired,
    PeerAlive,
    PeerDeleted,
    PeerSilent,
)
from ipsecmig.ike.exchange import RANDOM_OCTETS, Randomness
from ipsecmig.ike.life import JITTER_OCTETS, Deed, Life, Moment, Renewal, Stage
from ipsecmig.ike.lifetimes import Lifetimes
from ipsecmig.ike.machine import MAX_EVENTS
from ipsecmig.ike.members import Child, IkeSa, Quick, policy_for, succession
from ipsecmig.ike.run import MAIN
from ipsecmig.ike.wire.message import COOKIE, NO_COOKIE
from ipsecmig.udp import Datagram, ike_message

MAX_IKE_SAS: Final = 8
"""How many IKE SAs there are at once, those that are not established yet and those that have just ended included."""

MAX_CHILDREN: Final = 64
"""How many children there are at once; the oldest goes first."""

DEFAULT_CHILD_SECONDS: Final = 28_800
"""How long a child lives where nothing was said (RFC 2407 section 4.5)."""


class Connection:
    """One end of everything that it has with one peer."""

    def __init__(self, configuration: Configuration, renewal: Renewal | None = None) -> None:
        self._configuration = configuration
        self._renewal = renewal or Renewal()
        self._ikes: list[IkeSa] = []
        self._children: list[Child] = []
        self._wanted: deque[Traffic] = deque()
        self._quick: Quick | None = None
        self._closed = False
        self._sign_of_life = 0.0
        self._outbox: list[Datagram] = []
        self._events: deque[Event] = deque(maxlen=MAX_EVENTS)

    @property
    def children(self) -> tuple[ChildEstablished, ...]:
        """The children that may be used, the oldest first; packets that go out should take the newest that fits."""
        return tuple(one.child for one in self._children)

    def start(self, now: float, random: bytes) -> None:
        """Ask for an SA for the traffic of the configuration. Raises ValueError as `protect` does."""
        self.protect(self._configuration.traffic, now, random)

    def protect(self, traffic: Traffic, now: float, random: bytes) -> None:
        """Ask for an SA for some traffic. Raises ValueError for too few random octets, or after `close`."""
        portions = _portions(random)
        if self._closed:
            raise ValueError("the connection is closed")
        self._wanted.append(traffic)
        self._settle(now, portions)

    def used(self, spi: bytes, octets: int, now: float, random: bytes) -> None:
        """Count octets that a child carried, in the direction that the SPI says. Raises ValueError for no child's."""
        portions = _portions(random)
        inbound = [one for one in self._children if any(row.inbound_spi == spi for row in one.child.associations)]
        outbound = [one for one in self._children if any(row.outbound_spi == spi for row in one.child.associations)]
        if not inbound and not outbound:
            raise ValueError(f"no child has the SPI {spi.hex()}")
        for one in inbound:
            one.life.octets_in += octets
            self._sign_of_life = now
        for one in outbound:
            one.life.octets_out += octets
        self._settle(now, portions)

    def close(self, now: float, random: bytes) -> None:
        """Delete all children, then all IKE SAs; nothing begins any more."""
        portions, self._closed = _portions(random), True
        self._wanted.clear()
        for child in tuple(self._children):
            self._happens_to_child(child, Moment.CLOSED, now, portions)
        for ike in self._ikes:
            self._happens_to_ike(ike, Moment.CLOSED, now, portions)
            if ike.life is None:
                self._end(ike, now, portions)
        self._settle(now, portions)

    def receive(self, datagram: Datagram, now: float, random: bytes) -> None:
        """Take in a datagram of the peer. Whatever is wrong with it becomes an event."""
        portions, data = _portions(random), ike_message(datagram)
        if data is None:
            return
        ike = self._ike_of(data, now)
        if ike is None:
            self._events.append(Discarded("the cookies are those of no IKE SA here"))
            return
        ike.engine.receive(datagram, now, next(portions))
        if ike.engine.cookies is not None and ike not in self._ikes:
            self._ikes.append(ike)
        elif ike not in self._ikes:
            self._outbox.extend(ike.engine.to_send())
            self._events.extend(_events(ike.engine))
        self._settle(now, portions)

    def to_send(self) -> tuple[Datagram, ...]:
        """Return the datagrams to send to the peer, each once."""
        outbox, self._outbox = tuple(self._outbox), []
        return outbox

    def timer(self) -> float | None:
        """Return when `on_timer` is due, None if nothing is waited for."""
        deadlines = [ike.engine.timer() for ike in self._ikes]
        deadlines += [ike.life.deadline() for ike in self._ikes if ike.life is not None]
        deadlines += [
            max(ike.ended + self._renewal.overlap, ike.engine.timer() or 0.0)
            for ike in self._ikes
            if ike.ended is not None
        ]
        deadlines += [one.life.deadline() for one in self._children]
        if self._renewal.idle is not None and self._asking() is not None:
            deadlines.append(self._sign_of_life + self._renewal.idle)
        return min((one for one in deadlines if one is not None and one != float("inf")), default=None)

    def on_timer(self, now: float, random: bytes) -> None:
        """Let time pass: send again, give up, renew, delete what is due, and ask after a silent peer."""
        portions = _portions(random)
        for ike in self._ikes:
            ike.engine.on_timer(now)
        self._settle(now, portions)

    def next_event(self) -> Event | None:
        """Return the oldest event not returned yet, None if there is none."""
        return self._events.popleft() if self._events else None

    def _ike_of(self, data: bytes, now: float) -> IkeSa | None:
        """Return whose message it is, or a new responder if it may be the first of a main mode; None for nobody's."""
        initiator, responder = data[:COOKIE], data[COOKIE : 2 * COOKIE]
        for ike in self._ikes:
            known = ike.engine.cookies
            if known is None or known.initiator != initiator:
                continue
            if known.responder in (responder, NO_COOKIE) or responder == NO_COOKIE:
                return ike
        if responder != NO_COOKIE or self._closed or not self._has_room():
            return None
        return IkeSa(self._engine(), initiated=False)

    def _engine(self) -> Engine:
        """Return a new engine. Only one without any SA beside it may call itself the first contact."""
        first = not self._children and all(ike.life is None for ike in self._ikes)
        return Engine(self._configuration if first else replace(self._configuration, initial_contact=False))

    def _has_room(self) -> bool:
        """Tell whether another IKE SA may begin; the oldest that the peer began and did not finish makes room."""
        if len(self._ikes) < MAX_IKE_SAS:
            return True
        unfinished = [ike for ike in self._ikes if ike.life is None and not ike.initiated]
        if unfinished:
            self._ikes.remove(unfinished[0])
        return bool(unfinished)

    def _settle(self, now: float, portions: Iterator[bytes]) -> None:
        """Do everything that is due, until nothing is."""
        while self._hear(now, portions) or self._age(now, portions) or self._pursue(now, portions):
            pass
        self._watch(now, portions)
        over = [ike for ike in self._ikes if ike.ended is not None and ike.ended + self._renewal.overlap <= now]
        for ike in self._ikes:
            self._outbox.extend(ike.engine.to_send())
        self._ikes = [ike for ike in self._ikes if ike not in over or ike.engine.timer() is not None]

    def _hear(self, now: float, portions: Iterator[bytes]) -> bool:
        """Take in what the engines tell; tell whether it was anything."""
        heard = [(ike, event) for ike in self._ikes for event in _events(ike.engine)]
        for ike, event in heard:
            self._events.append(event)
            self._heed(ike, event, now, portions)
        return bool(heard)

    def _heed(self, ike: IkeSa, event: Event, now: float, portions: Iterator[bytes]) -> None:
        if isinstance(event, Established | ChildEstablished | PeerAlive | PeerDeleted):
            self._sign_of_life = now
        if isinstance(event, Established):
            self._established(ike, event, now, portions)
        elif isinstance(event, ChildEstablished):
            self._child_established(ike, event, now, portions)
        elif isinstance(event, Failed):
            self._failed(ike, event, now, portions)
        elif isinstance(event, PeerDeleted):
            self._deleted(ike, event, now, portions)
        elif isinstance(event, PeerSilent):
            self._wanted.clear()
            self._all_end(Moment.SILENT, now, portions)

    def _established(self, ike: IkeSa, event: Established, now: float, portions: Iterator[bytes]) -> None:
        if event.initial_contact:
            self._all_end(Moment.DELETED, now, portions)
        older = [other for other in self._ikes if other.life is not None]
        seconds = event.lifetimes.seconds or self._configuration.main_mode.lifetime_seconds
        ike.life = self._begin(Lifetimes(seconds), initiated=ike.initiated, now=now, portions=portions)
        for other in older:
            succeeded, moment = succession(other, ike, self._renewal.overlap, own=ike.initiated)
            self._happens_to_ike(succeeded, moment, now, portions)

    def _child_established(self, ike: IkeSa, event: ChildEstablished, now: float, portions: Iterator[bytes]) -> None:
        own = self._quick is not None and (self._quick.ike, self._quick.message_id) == (ike, event.message_id)
        traffic = self._quick.traffic if own and self._quick is not None else policy_for(self._configuration, event)
        self._quick = None if own else self._quick
        seconds = event.lifetimes.seconds or DEFAULT_CHILD_SECONDS
        lifetimes = Lifetimes(seconds, event.lifetimes.kilobytes)
        new = Child(event, traffic, self._begin(lifetimes, initiated=own, now=now, portions=portions))
        for older in tuple(one for one in self._children if one.ends == new.ends):
            succeeded, moment = succession(older, new, self._renewal.overlap, own=own)
            self._happens_to_child(succeeded, moment, now, portions)
        self._children.append(new)
        if len(self._children) > MAX_CHILDREN:
            self._happens_to_child(self._children[0], Moment.CLOSED, now, portions)
        ike.quick_modes += 1
        if 0 < self._limit() <= ike.quick_modes:
            self._happens_to_ike(ike, Moment.SUCCEEDED, now, portions)

    def _begin(self, lifetimes: Lifetimes, *, initiated: bool, now: float, portions: Iterator[bytes]) -> Life:
        random = next(portions)[:JITTER_OCTETS]
        return lives.begin(lifetimes, self._renewal, initiated=initiated, now=now, random=random)

    def _limit(self) -> int:
        """Return how many quick modes an IKE SA is for, 0 for any number. Master key PFS means one."""
        main_mode = self._configuration.main_mode
        return 1 if main_mode.perfect_forward_secrecy else main_mode.quick_mode_limit

    def _failed(self, ike: IkeSa, event: Failed, now: float, portions: Iterator[bytes]) -> None:
        if self._quick is not None and (self._quick.ike, self._quick.message_id) == (ike, event.message_id):
            self._quick_failed(self._quick.traffic, now, portions)
        elif event.message_id == MAIN and ike.life is None:
            self._end(ike, now, portions)
            if ike.initiated:
                self._main_failed(now, portions)

    def _main_failed(self, now: float, portions: Iterator[bytes]) -> None:
        """Nothing that waited for the new main mode comes about."""
        wanted, self._wanted = tuple(self._wanted), deque()
        for traffic in wanted:
            self._quick_failed(traffic, now, portions)
        for other in self._ikes:
            self._happens_to_ike(other, Moment.FAILED, now, portions)

    def _quick_failed(self, traffic: Traffic, now: float, portions: Iterator[bytes]) -> None:
        if self._quick is not None and self._quick.traffic == traffic:
            self._quick = None
        for one in self._children:
            if one.traffic == traffic:
                self._happens_to_child(one, Moment.FAILED, now, portions)

    def _deleted(self, ike: IkeSa, event: PeerDeleted, now: float, portions: Iterator[bytes]) -> None:
        for one in tuple(one for one in self._children if is_meant(one.child, event)):
            self._happens_to_child(one, Moment.DELETED, now, portions)
        if not ike.engine.is_established:
            self._happens_to_ike(ike, Moment.DELETED, now, portions)

    def _all_end(self, moment: Moment, now: float, portions: Iterator[bytes]) -> None:
        """End every SA that stands."""
        for child in tuple(self._children):
            self._happens_to_child(child, moment, now, portions)
        for ike in self._ikes:
            self._happens_to_ike(ike, moment, now, portions)

    def _age(self, now: float, portions: Iterator[bytes]) -> bool:
        """Let time and traffic have their effect; tell whether they had any."""
        children = [(one, moment) for one in self._children if (moment := one.life.due(now)) is not None]
        ikes = [(ike, moment) for ike in self._ikes if ike.life and (moment := ike.life.due(now)) is not None]
        for one, moment in children:
            self._happens_to_child(one, moment, now, portions)
        for ike, moment in ikes:
            idle = moment is Moment.SOFT and not self._children
            self._happens_to_ike(ike, Moment.SUPERSEDED if idle else moment, now, portions)
        return bool(children or ikes)

    def _happens_to_child(self, one: Child, moment: Moment, now: float, portions: Iterator[bytes]) -> None:
        deed = one.life.take(moment, now, self._renewal.overlap)
        if deed is Deed.REPLACE:
            self._wanted.append(one.traffic)
        if deed in (Deed.DELETE, Deed.FORGET):
            self._children.remove(one)
            self._events.append(ChildRetired(one.child, moment))
        speaking = self._asking()
        if deed is Deed.DELETE and speaking is not None:
            speaking.engine.delete((one.child,), now, next(portions))

    def _happens_to_ike(self, ike: IkeSa, moment: Moment, now: float, portions: Iterator[bytes]) -> None:
        cookies = ike.engine.cookies
        deed = None if ike.life is None else ike.life.take(moment, now, self._renewal.overlap)
        if deed in (Deed.DELETE, Deed.FORGET) and cookies is not None:
            self._end(ike, now, portions)
            self._events.append(IkeRetired(cookies, moment))

    def _end(self, ike: IkeSa, now: float, portions: Iterator[bytes]) -> None:
        """Delete an IKE SA if it stands; its engine stays a while to answer repetitions."""
        ike.ended = now
        if ike.life is None or ike.engine.is_established:
            ike.engine.close(now, next(portions), with_children=False)

    def _asking(self) -> IkeSa | None:
        """Return the newest IKE SA through which the peer can be told something."""
        return next((ike for ike in reversed(self._ikes) if ike.life is not None and ike.engine.is_established), None)

    def _pursue(self, now: float, portions: Iterator[bytes]) -> bool:
        """Begin what is wanted, one exchange at a time; tell whether anything began."""
        if self._closed or self._quick is not None or any(ike.is_under_way() for ike in self._ikes):
            return False
        renewing = any(ike.life is not None and ike.life.stage is Stage.REPLACING for ike in self._ikes)
        usable = next((ike for ike in reversed(self._ikes) if ike.is_usable(self._limit())), None)
        if self._wanted and usable is not None:
            traffic = self._wanted.popleft()
            message_id = usable.engine.begin(traffic, now, next(portions))
            self._quick = Quick(usable, message_id, traffic)
        elif self._wanted or renewing:
            new = IkeSa(self._engine(), initiated=True)
            new.engine.start(now, next(portions), with_quick_mode=False)
            self._ikes.append(new)
        else:
            return False
        return True

    def _watch(self, now: float, portions: Iterator[bytes]) -> None:
        """Ask a peer of which nothing was heard for long whether it is alive."""
        ike = self._asking()
        if self._renewal.idle is None or ike is None or now < self._sign_of_life + self._renewal.idle:
            return
        self._sign_of_life = now
        ike.engine.ask(now, next(portions))


def _events(engine: Engine) -> Iterator[Event]:
    while (event := engine.next_event()) is not None:
        yield event


def _portions(random: bytes) -> Iterator[bytes]:
    """Return random octets for as many verbs of engines as a verb of the connection takes, all from `random`.

    Raises ValueError for too few octets.
    """
    Randomness(random)
    return (hashlib.shake_256(number.to_bytes(4, "big") + random).digest(RANDOM_OCTETS) for number in count())
