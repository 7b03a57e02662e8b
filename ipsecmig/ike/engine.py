"""The engine: one end of main mode and quick mode with one peer, without sockets, clock or randomness.

It authenticates by preshared key or RSA signatures, follows main mode with one quick mode, and reports notifies and
deletes; the life of the SAs afterwards is its user's. Large messages travel in fragments if both ends announced that.

Whoever runs it hands in datagrams (`receive`), tells when time has passed (`on_timer`, due at `timer`), sends what
`to_send` returns, and reads what happened from `next_event`. An engine runs one negotiation: for another, or after one
that failed, make another engine. `now` is in seconds of any clock that does not go back; `random` is at least
`RANDOM_OCTETS` unpredictable octets, used once.

Datagrams are whole in both directions: they bear both endpoints, and at port 4500 the marker before the message. A
runner has a socket at port 500 and one at port 4500, sends each datagram from the socket of `source.port`, and fills in
`source` and `destination` of what it receives, with the address of this host, never that of "any". Whatever arrives at
port 4500 may be handed in; ESP and keepalives are passed over. Behind a NAT an engine wants to send keepalives for as
long as it is run, so that `timer` then always names a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from ipsecmig.ike import fragments, informational, main_mode, quick_mode
from ipsecmig.ike.announcement import takes_fragments
from ipsecmig.ike.configuration import Configuration
from ipsecmig.ike.errors import InvalidKey, Malformed, Refused
from ipsecmig.ike.events import Discarded, Event, Failed, PeerAnnounced, PeerMoved, PeerNotified
from ipsecmig.ike.exchange import Randomness, Secured, Situation, Step
from ipsecmig.ike.framing import Framing
from ipsecmig.ike.informational import clear_notify, sealed_notify
from ipsecmig.ike.keymat import Cookies
from ipsecmig.ike.natt import KEEPALIVE_SECONDS, floated
from ipsecmig.ike.run import MAIN, Arrived, Run
from ipsecmig.ike.states import MAIN_MODE, QUICK_MODE, Action, Cause, Row, State
from ipsecmig.ike.wire.fragment import Fragment
from ipsecmig.ike.wire.message import NO_COOKIE, Header, Message, SealedMessage, decode_message, encode_message
from ipsecmig.ike.wire.numbers import Exchange as ExchangeType
from ipsecmig.ike.wire.numbers import NotifyNumber
from ipsecmig.udp import KEEPALIVE, Datagram, Endpoint, Path, ike_message

MAX_EXCHANGES: Final = 16
"""How many quick modes are remembered; the oldest goes first."""

MAX_EVENTS: Final = 1_000
"""How many events are kept until they are read; the oldest goes first."""

_ERRORS: Final = range(1, NotifyNumber.CONNECTED)

STEPS: Final[dict[Action, Callable[[Situation], Step]]] = {
    Action.OFFER: main_mode.offer,
    Action.CHOOSE: main_mode.choose,
    Action.SEND_KEY: main_mode.send_key,
    Action.ANSWER_KEY: main_mode.answer_key,
    Action.SEND_PROOF: main_mode.send_proof,
    Action.ANSWER_PROOF: main_mode.answer_proof,
    Action.CHECK_PROOF: main_mode.check_proof,
    Action.QUICK_OFFER: quick_mode.offer,
    Action.QUICK_ANSWER: quick_mode.answer,
    Action.QUICK_CONFIRM: quick_mode.confirm,
    Action.QUICK_CHECK: quick_mode.check,
}


class Engine:
    """One end of a negotiation."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._path = Path(Endpoint(configuration.local), Endpoint(configuration.remote))
        self._main = Run(MAIN, MAIN_MODE, self._path)
        self._quick: dict[int, Run] = {}
        self._cookies: Cookies | None = None
        self._secured: Secured | None = None
        self._keepalive: float | None = None
        self._framing = Framing()
        self._outbox: list[Datagram] = []
        self._events: deque[Event] = deque(maxlen=MAX_EVENTS)

    def start(self, now: float, random: bytes) -> None:
        """Begin as initiator. Once main mode is established, quick mode follows by itself.

        Raises ValueError if the negotiation has begun already, or for too few random octets.
        """
        if self._main.state is not State.IDLE:
            raise ValueError("the negotiation has begun already")
        self._advance(self._main, Cause.START, None, now, Randomness(random))

    def receive(self, datagram: Datagram, now: float, random: bytes) -> None:
        """Take in a datagram of the peer. Whatever is wrong with it becomes an event.

        Raises ValueError for too few random octets.
        """
        source, data = Randomness(random), ike_message(datagram)
        if data is None:
            return
        try:
            message = decode_message(data)
            fragment = fragments.fragment_in(message)
            if fragment is None:
                self._dispatch(Arrived(message, data, Path.back(datagram)), now, source)
            elif (whole := self._completed(message.header, fragment, now)) is not None:
                self._dispatch(Arrived(decode_message(whole), whole, Path.back(datagram)), now, source)
        except Malformed as error:
            self._events.append(Discarded(str(error)))

    def to_send(self) -> tuple[Datagram, ...]:
        """Return the datagrams to send to the peer, each once."""
        outbox, self._outbox = tuple(self._outbox), []
        return outbox

    def timer(self) -> float | None:
        """Return when `on_timer` is due, None if nothing is waited for."""
        deadlines = (self._keepalive, *(one.deadline for one in self._exchanges()))
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def on_timer(self, now: float) -> None:
        """Let time pass: send again, or give up, what is due; remind a NAT of the way."""
        if self._keepalive is not None and self._keepalive <= now:
            self._keepalive = now + KEEPALIVE_SECONDS
            self._outbox.append(Datagram(KEEPALIVE, *self._path))
        for one in self._exchanges():
            cause = one.due(now)
            if cause is not None:
                self._wait(one, cause, now)

    @property
    def path(self) -> Path:
        """The way to the peer and back."""
        return self._path

    def next_event(self) -> Event | None:
        """Return the oldest event not returned yet, None if there is none."""
        return self._events.popleft() if self._events else None

    def _exchanges(self) -> tuple[Run, ...]:
        return (self._main, *self._quick.values())

    def _completed(self, header: Header, fragment: Fragment, now: float) -> bytes | None:
        """Return the message that the fragment completes, None if more are needed. Raises Malformed.

        Only fragments of this negotiation are kept, since anyone can send others.
        """
        if self._cookies is None or not self._ours(header):
            self._events.append(Discarded("a fragment whose cookies are not those of this negotiation"))
            return None
        return self._framing.accept(fragment, now)

    def _dispatch(self, arrived: Arrived, now: float, random: Randomness) -> None:
        """Give a message to its exchange."""
        header = arrived.message.header
        one = self._exchange_of(header)
        if one is not None and arrived.octets == one.received:
            self._wait(one, Cause.REPEATED, now)
        elif not self._ours(header):
            self._events.append(Discarded("the cookies are not those of this negotiation"))
        elif header.exchange == ExchangeType.INFORMATIONAL:
            self._informational(arrived.message, now)
        elif one is None:
            self._events.append(Discarded(f"exchange type {header.exchange} is out of place here"))
        elif self._advance(one, Cause.MESSAGE, arrived, now, random):
            one.received = arrived.octets

    def _exchange_of(self, header: Header) -> Run | None:
        if header.exchange == ExchangeType.MAIN and header.message_id == MAIN:
            return self._main
        if header.exchange != ExchangeType.QUICK or header.message_id == MAIN or self._secured is None:
            return None
        return self._quick.get(header.message_id) or Run(header.message_id, QUICK_MODE, self._path)

    def _ours(self, header: Header) -> bool:
        """Tell whether the cookies fit: those agreed on, or what a first message or its answer bears."""
        if self._cookies is None:
            return header.initiator_cookie != NO_COOKIE and header.responder_cookie == NO_COOKIE
        if header.initiator_cookie != self._cookies.initiator:
            return False
        if self._cookies.responder == NO_COOKIE:
            return header.responder_cookie != NO_COOKIE or header.exchange == ExchangeType.INFORMATIONAL
        return header.responder_cookie == self._cookies.responder

    def _informational(self, message: Message | SealedMessage, now: float) -> None:
        if isinstance(message, Message):
            events: tuple[Event, ...] = informational.read_clear(message)
        elif self._secured is not None:
            events = informational.read_sealed(self._secured, message)
        else:
            events = (Discarded("an encrypted message before there are keys"),)
        self._events.extend(events)
        for event in events:
            # Once there are keys, only what they protect is believed.
            if isinstance(event, PeerNotified) and event.kind in _ERRORS and event.protected is bool(self._secured):
                self._refused_by_peer(event.kind, now)

    def _refused_by_peer(self, kind: int, now: float) -> None:
        for one in self._exchanges():
            if one.waits():
                self._wait(one, Cause.REFUSED, now)
                self._events.append(Failed(one.message_id, kind, "the peer refused"))

    def _wait(self, one: Run, cause: Cause, now: float) -> None:
        """Do what the table says when there is no new message."""
        row = one.table.get((one.state, cause))
        if row is None:
            self._unexpected(one)
            return
        if row.action is Action.RESEND:
            self._outbox.extend(map(one.path.carry, one.sent))
        if cause is Cause.TIMER:
            one.attempt += 1
        if cause is Cause.EXHAUSTED:
            self._events.append(Failed(one.message_id, None, "the peer did not answer in time"))
        if cause is not Cause.REPEATED:
            one.enter(row.state, now)

    def _advance(self, one: Run, cause: Cause, arrived: Arrived | None, now: float, random: Randomness) -> bool:
        """Take the step that the table says; tell whether it succeeded."""
        row = one.table.get((one.state, cause))
        if row is None:
            self._unexpected(one)
            return False
        message = None if arrived is None else arrived.message
        path = one.path if arrived is None else arrived.path
        situation = Situation(self._configuration, one.context, self._secured, message, random, path)
        try:
            step = STEPS[row.action](situation)
        except Malformed as error:
            self._events.append(Discarded(str(error)))
        except (Refused, InvalidKey) as error:
            self._refuse(one, arrived, error, now, random)
        else:
            self._follow(one, arrived)
            self._take(one, row, step, now, random)
            return True
        return False

    def _follow(self, one: Run, arrived: Arrived | None) -> None:
        """Follow a peer to where a message came from: a responder the first one, then all that is authenticated.

        What begins an exchange may be an old message of the peer that somebody else sends again. It is answered where
        it came from, but the way to the peer changes only with messages that depend on what this end sent.
        """
        if arrived is None or not (one.state is State.IDLE or isinstance(arrived.message, SealedMessage)):
            return
        one.path = arrived.path
        if self._path != arrived.path and (one.state is not State.IDLE or one is self._main):
            self._path = arrived.path
            if self._secured is not None:
                self._events.append(PeerMoved(self._path))

    def _unexpected(self, one: Run) -> None:
        self._events.append(Discarded(f"nothing of this kind is expected in the state {one.state.name}"))

    def _take(self, one: Run, row: Row, step: Step, now: float, random: Randomness) -> None:
        """Make what a step left the state of the engine."""
        one.context, one.attempt = step.context, 0
        one.enter(row.state, now)
        for event in step.events:
            if isinstance(event, PeerAnnounced):
                self._framing.peer_takes_fragments = takes_fragments(self._configuration.windows, event)
        if step.floats:
            one.path = self._path = floated(one.path)
        if step.reply is not None:
            self._send(one, step.reply)
        if one is not self._main:
            self._remember(one)
        if isinstance(step.context, Secured):
            self._secured = step.context
            behind_nat = step.context.nat is not None and step.context.nat.here
            self._keepalive = now + KEEPALIVE_SECONDS if behind_nat else None
        self._events.extend(step.events)
        if row.state is State.ESTABLISHED:
            first = Run(MAIN, QUICK_MODE, self._path, context=self._configuration.traffic)
            self._advance(first, Cause.START, None, now, random)

    def _send(self, one: Run, message: Message | SealedMessage) -> None:
        header = message.header
        one.sent, one.message_id = self._framing.datagrams(message), header.message_id
        self._cookies = Cookies(header.initiator_cookie, header.responder_cookie)
        self._outbox.extend(map(one.path.carry, one.sent))

    def _remember(self, one: Run) -> None:
        self._quick[one.message_id] = one
        if len(self._quick) > MAX_EXCHANGES:
            del self._quick[next(iter(self._quick))]

    def _refuse(
        self,
        one: Run,
        arrived: Arrived | None,
        error: Refused | InvalidKey,
        now: float,
        random: Randomness,
    ) -> None:
        """End an exchange and tell the peer why, protected if there are keys, where the refused message came from.

        Of what this end refuses before it has sent anything, the peer need not know.
        """
        kind = error.notify if isinstance(error, Refused) else NotifyNumber.INVALID_KEY_INFORMATION
        self._wait(one, Cause.REFUSED, now)
        self._events.append(Failed(one.message_id, kind, str(error)))
        if arrived is None:
            return
        if self._secured is not None:
            message = sealed_notify(self._secured, kind, random.message_id())
            self._outbox.append(arrived.path.carry(encode_message(message)))
        else:
            header = arrived.message.header
            cookies = Cookies(header.initiator_cookie, header.responder_cookie)
            self._outbox.append(arrived.path.carry(encode_message(clear_notify(cookies, kind, random.message_id()))))
