"""A responder for many peers: one engine for each negotiation, and bounds on what strangers can make it keep.

Version 1 of IKE cannot be answered without keeping anything: the proofs cover the initiator's offers, which are in its
first message alone. So a first message costs an entry, of which there are few, and RFC 2408 section 2.5.3 is followed
in that an entry buys nothing:

- The cookie is made from a secret, the initiator's cookie and the source address. It is the same for a first message
  that comes again, which therefore makes no second entry, not even beside the SA that came of it; and a later message
  counts only from the address that the cookie was sent to. Without having received it there nobody makes this end
  compute a Diffie-Hellman key, but in aggressive mode, which is for those alone who configure it.
- Where there is no room, the oldest entry gives way whose initiator has not shown to be at its address: the new peer is
  let in, since a flood with made-up addresses would else keep out everybody for as long as entries live. Entries whose
  initiators did show it stay. If there are no others, the new peer is refused.
- That holds for all entries together and for those of each address.

So a peer gets through if, between its first and its third message, fewer first messages come than there is room for,
in all and from its own address (others can send with that), and unless that room is taken by initiators that are where
they say and do not finish. Those entries live for `half_open_seconds`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import Final, NamedTuple

from ipsecmig.ike.configuration import Configuration
from ipsecmig.ike.engine import Engine
from ipsecmig.ike.events import Discarded, Established, Event, Failed
from ipsecmig.ike.exchange import Randomness
from ipsecmig.ike.keymat import Cookies
from ipsecmig.ike.wire.identification import Identification
from ipsecmig.ike.wire.message import COOKIE, HEADER, NO_COOKIE
from ipsecmig.udp import Datagram, Endpoint, ike_message

Address = IPv4Address | IPv6Address

MAX_EVENTS: Final = 1_000
"""How many events are kept until they are read; the oldest goes first."""

MIN_SECRET: Final = 16
"""The octets of the shortest secret."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many negotiations may be half open, in all and for one address, and for how long; how many established."""

    half_open: int = 256
    half_open_per_source: int = 16
    half_open_seconds: float = 30.0
    established: int = 1_024


class Told(NamedTuple):
    """An event, and where the datagram that caused it came from, or the peer is."""

    remote: Endpoint
    event: Event


@dataclass(slots=True)
class _HalfOpen:
    """A negotiation whose peer has not proved anything; `shown`: it is at its address, since it got the cookie."""

    engine: Engine = field(repr=False)
    source: Endpoint
    deadline: float
    shown: bool = False


class _Peer(NamedTuple):
    """An established negotiation."""

    engine: Engine
    identity: Identification | None


class Listener:
    """Answers whoever `configuration_for` knows, by the address, and passes over all others.

    It is run like an engine. `secret` is at least `MIN_SECRET` unpredictable octets, kept for the life of the listener.
    Raises ValueError for a shorter one.
    """

    def __init__(
        self, configuration_for: Callable[[Address], Configuration | None], secret: bytes, limits: Limits | None = None
    ) -> None:
        if len(secret) < MIN_SECRET:
            raise ValueError(f"{MIN_SECRET} secret octets are needed, not {len(secret)}")
        self._configuration_for = configuration_for
        self._secret = secret
        self._limits = limits or Limits()
        self._half_open: dict[Cookies, _HalfOpen] = {}
        self._established: dict[Cookies, _Peer] = {}
        self._outbox: list[Datagram] = []
        self._events: deque[Told] = deque(maxlen=MAX_EVENTS)

    @property
    def half_open(self) -> tuple[Endpoint, ...]:
        """Where those come from whose negotiations are half open, the oldest first."""
        return tuple(one.source for one in self._half_open.values())

    @property
    def established(self) -> tuple[Engine, ...]:
        """The engines whose peers have proved who they are, the oldest first."""
        return tuple(peer.engine for peer in self._established.values())

    def receive(self, datagram: Datagram, now: float, random: bytes) -> None:
        """Take in a datagram of anybody. Whatever is wrong with it becomes an event.

        `random` is as for an engine. Raises ValueError for too few random octets.
        """
        Randomness(random)
        data = ike_message(datagram)
        if data is None:
            return
        self._expire(now)
        if len(data) < HEADER:
            self._tell(datagram.source, (Discarded("a message shorter than its header"),))
        elif data[COOKIE : 2 * COOKIE] == NO_COOKIE:
            self._first(data[:COOKIE], datagram, now, random)
        else:
            self._later(Cookies(data[:COOKIE], data[COOKIE : 2 * COOKIE]), datagram, now, random)

    def to_send(self) -> tuple[Datagram, ...]:
        """Return the datagrams to send, each once."""
        outbox, self._outbox = tuple(self._outbox), []
        return outbox

    def next_event(self) -> Told | None:
        """Return the oldest event not returned yet, None if there is none."""
        return self._events.popleft() if self._events else None

    def timer(self) -> float | None:
        """Return when `on_timer` is due, None if nothing is waited for."""
        oldest = next(iter(self._half_open.values()), None)
        deadlines = [None if oldest is None else oldest.deadline]
        deadlines += [peer.engine.timer() for peer in self._established.values()]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def on_timer(self, now: float) -> None:
        """Let time pass: forget half-open negotiations that are too old, and let the others do what is due."""
        self._expire(now)
        for cookies, peer in tuple(self._established.items()):
            peer.engine.on_timer(now)
            self._collect(peer.engine, peer.engine.path.remote)
            self._settle(cookies, peer)

    def _cookie(self, initiator: bytes, address: Address) -> bytes:
        return hmac.new(self._secret, initiator + address.packed, hashlib.sha256).digest()[:COOKIE]

    def _first(self, initiator: bytes, datagram: Datagram, now: float, random: bytes) -> None:
        """Answer what begins a negotiation, once."""
        source = datagram.source
        cookies = Cookies(initiator, self._cookie(initiator, source.address))
        known = self._half_open.get(cookies)
        if cookies in self._established:
            self._tell(source, (Discarded("a first message again, of a negotiation that has succeeded"),))
        elif known is not None:
            self._pass_on(cookies, known, datagram, now, random)
        elif (configuration := self._configuration_for(source.address)) is None:
            self._tell(source, (Discarded(f"nothing is configured for {source.address}"),))
        elif self._makes_room(source):
            one = _HalfOpen(Engine(configuration), source, now + self._limits.half_open_seconds)
            self._half_open[cookies] = one
            # A responder draws its cookie first.
            self._pass_on(cookies, one, datagram, now, cookies.responder + random)
        else:
            self._tell(source, (Discarded("too many negotiations are half open"),))

    def _later(self, cookies: Cookies, datagram: Datagram, now: float, random: bytes) -> None:
        """Give a message to the negotiation that it belongs to."""
        peer, one = self._established.get(cookies), self._half_open.get(cookies)
        if peer is not None:
            peer.engine.receive(datagram, now, random)
            self._collect(peer.engine, datagram.source)
            self._settle(cookies, peer)
        elif one is not None and one.source.address == datagram.source.address:
            one.shown = True
            self._pass_on(cookies, one, datagram, now, random)
        else:
            self._tell(datagram.source, (Discarded("the cookies are those of no negotiation with this address"),))

    def _pass_on(self, cookies: Cookies, one: _HalfOpen, datagram: Datagram, now: float, random: bytes) -> None:
        """Let a half-open negotiation have a message, and see what became of it."""
        one.engine.receive(datagram, now, random)
        events = self._collect(one.engine, datagram.source)
        if not one.engine.is_negotiating:
            del self._half_open[cookies]
        for event in events:
            if isinstance(event, Established):
                self._admit(cookies, _Peer(one.engine, event.peer), initial_contact=event.initial_contact)

    def _admit(self, cookies: Cookies, peer: _Peer, *, initial_contact: bool) -> None:
        """Keep an established negotiation; those before it go whose peer says it has none (RFC 2407 4.6.3.3)."""
        if initial_contact:
            old = [known for known, other in self._established.items() if other.identity == peer.identity]
            for known in old:
                del self._established[known]
        while len(self._established) >= self._limits.established:
            del self._established[next(iter(self._established))]
        self._established[cookies] = peer

    def _settle(self, cookies: Cookies, peer: _Peer) -> None:
        """Forget a negotiation whose SA one of the ends has deleted."""
        if not peer.engine.is_established:
            del self._established[cookies]

    def _makes_room(self, source: Endpoint) -> bool:
        """Tell whether there is room for one more negotiation with that address; an old one may have to go."""
        limits = self._limits
        same = [cookies for cookies, one in self._half_open.items() if one.source.address == source.address]
        if len(same) >= limits.half_open_per_source:
            return self._gives_way(same)
        return len(self._half_open) < limits.half_open or self._gives_way(self._half_open)

    def _gives_way(self, candidates: Iterable[Cookies]) -> bool:
        oldest = next((cookies for cookies in candidates if not self._half_open[cookies].shown), None)
        if oldest is None:
            return False
        self._drop(oldest, "it had to give way to another one")
        return True

    def _expire(self, now: float) -> None:
        while self._half_open:
            oldest = next(iter(self._half_open))
            if self._half_open[oldest].deadline > now:
                return
            self._drop(oldest, "the negotiation was half open for too long")

    def _drop(self, cookies: Cookies, reason: str) -> None:
        self._tell(self._half_open.pop(cookies).source, (Failed(0, None, reason),))

    def _collect(self, engine: Engine, source: Endpoint) -> tuple[Event, ...]:
        """Take what an engine wants to send and tell."""
        self._outbox.extend(engine.to_send())
        events = []
        while (event := engine.next_event()) is not None:
            events.append(event)
        self._tell(source, events)
        return tuple(events)

    def _tell(self, source: Endpoint, events: Iterable[Event]) -> None:
        self._events.extend(Told(source, event) for event in events)
