"""The engine: one end of main mode and quick mode with one peer, without sockets, clock or randomness.

It authenticates by preshared key or RSA signatures and follows main mode with one quick mode. After that it begins more
quick modes, deletes, and asks whether the peer is alive, when told to; `connection` knows when to do so. Large messages
travel in fragments if both ends announced that.

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
from typing import Final

from ipsecmig.ike import children, dpd, fragments, informational
from ipsecmig.ike.announcement import acknowledges_deletes, may_ask, takes_fragments
from ipsecmig.ike.configuration import Configuration, Traffic
from ipsecmig.ike.errors import InvalidKey, Malformed, Refused
from ipsecmig.ike.events import (
    ChildEstablished,
    Discarded,
    Event,
    Failed,
    PeerAnnounced,
    PeerDeleted,
    PeerMoved,
    PeerNotified,
    PeerSilent,
)
from ipsecmig.ike.exchange import Randomness, Secured, Situation, Step, expect
from ipsecmig.ike.framing import Framing
from ipsecmig.ike.informational import Asked, Heard, clear_notify, sealed_notify
from ipsecmig.ike.keymat import Cookies
from ipsecmig.ike.natt import KEEPALIVE_SECONDS, floated
from ipsecmig.ike.run import DELETE_TIMEOUTS, MAIN, Arrived, Run, Runs
from ipsecmig.ike.states import (
    ACKNOWLEDGED_DELETE,
    INFORMATIONAL,
    LIVENESS,
    MAIN_MODE,
    QUICK_MODE,
    Action,
    Cause,
    Row,
    State,
    Table,
)
from ipsecmig.ike.steps import STEPS
from ipsecmig.ike.wire.fragment import Fragment
from ipsecmig.ike.wire.message import NO_COOKIE, Header, Message, SealedMessage, decode_message, encode_message
from ipsecmig.ike.wire.notification import Delete
from ipsecmig.ike.wire.numbers import Exchange as ExchangeType
from ipsecmig.ike.wire.numbers import NotifyNumber
from ipsecmig.udp import KEEPALIVE, Datagram, Endpoint, Path, ike_message

MAX_EVENTS: Final = 1_000
"""How many events are kept until they are read; the oldest goes first."""

_ERRORS: Final = range(1, NotifyNumber.CONNECTED)

_LATER: Final[dict[int, Table]] = {ExchangeType.QUICK: QUICK_MODE, ExchangeType.INFORMATIONAL: INFORMATIONAL}
"""What a peer may begin once main mode is established."""


class Engine:
    """One end of a negotiation."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._path = Path(Endpoint(configuration.local), Endpoint(configuration.remote))
        self._runs = Runs(Run(MAIN, MAIN_MODE, self._path))
        self._cookies: Cookies | None = None
        self._secured: Secured | None = None
        self._keepalive: float | None = None
        self._children: tuple[ChildEstablished, ...] = ()
        self._deleted = False
        self._peer: PeerAnnounced | None = None
        self._sequence: int | None = None
        self._heard = Heard()
        self._framing = Framing()
        self._outbox: list[Datagram] = []
        self._events: deque[Event] = deque(maxlen=MAX_EVENTS)

    def start(self, now: float, random: bytes) -> None:
        """Begin as initiator. Once main mode is established, quick mode follows by itself.

        Raises ValueError if the negotiation has begun already, or for too few random octets.
        """
        if self._runs.main.state is not State.IDLE:
            raise ValueError("the negotiation has begun already")
        self._advance(self._runs.main, Cause.START, None, now, Randomness(random))

    @property
    def is_established(self) -> bool:
        """Tell whether main mode has succeeded and the IKE SA is not deleted yet."""
        return self._secured is not None and not self._deleted

    @property
    def children(self) -> tuple[ChildEstablished, ...]:
        """What its quick modes established, without what was deleted; in that order."""
        return self._children

    def begin(self, traffic: Traffic, now: float, random: bytes) -> None:
        """Begin another quick mode. Raises ValueError unless the IKE SA is established."""
        self._start(QUICK_MODE, traffic, now, Randomness(random))

    def delete(self, children: tuple[ChildEstablished, ...], now: float, random: bytes) -> None:
        """Delete SAs, whichever IKE SA made them, and tell the peer. Raises ValueError unless this one is established.

        Two ends that pass for Windows XP or later acknowledge that; a peer that does not becomes `Failed`.
        """
        self._delete(children, now, Randomness(random))

    def close(self, now: float, random: bytes, *, with_children: bool = True) -> None:
        """Delete the children made here, if wanted, then the IKE SA; one that is not established is given up."""
        source = Randomness(random)
        if self.is_established:
            self._delete(self._children if with_children else (), now, source)
            self._send_delete(informational.delete_of_ike(self._established().cookies), now, source)
        self._deleted = True
        self._abandon("this end has deleted the IKE SA", now)

    def ask(self, now: float, random: bytes) -> bool:
        """Ask the peer whether it is alive; `PeerAlive` or `PeerSilent` follows.

        Nothing is asked, and False returned, if one of the ends knows no dead peer detection, or while a question is
        open. Raises ValueError unless the IKE SA is established.
        """
        source = Randomness(random)
        self._established()
        known = self._peer is not None and may_ask(self._configuration.windows, self._peer)
        if not known or self._runs.waiting(LIVENESS):
            return False
        first = dpd.first_sequence(source.take(dpd.SEQUENCE_OCTETS))
        self._sequence = first if self._sequence is None else dpd.following(self._sequence)
        self._start(LIVENESS, Asked(self._sequence), now, source)
        return True

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
        deadlines = (self._keepalive, self._runs.deadline())
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def on_timer(self, now: float) -> None:
        """Let time pass: send again, or give up, what is due; remind a NAT of the way."""
        if self._keepalive is not None and self._keepalive <= now:
            self._keepalive = now + KEEPALIVE_SECONDS
            self._outbox.append(Datagram(KEEPALIVE, *self._path))
        for one in self._runs:
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
        one = self._run_of(header)
        if one is not None and arrived.octets == one.received:
            self._wait(one, Cause.REPEATED, now)
        elif not self._ours(header):
            self._events.append(Discarded("the cookies are not those of this negotiation"))
        elif header.exchange == ExchangeType.INFORMATIONAL:
            self._informational(one, arrived, now, random)
        elif one is None:
            self._events.append(Discarded(f"exchange type {header.exchange} is out of place here"))
        elif self._advance(one, Cause.MESSAGE, arrived, now, random):
            one.received = arrived.octets

    def _run_of(self, header: Header) -> Run | None:
        if header.exchange == ExchangeType.MAIN and header.message_id == MAIN:
            return self._runs.main
        table = _LATER.get(header.exchange)
        if table is None or header.message_id == MAIN or self._secured is None:
            return None
        known = self._runs.find(header.exchange, header.message_id)
        if known is not None or (self._deleted and table is QUICK_MODE):
            return known
        return Run(header.message_id, table, self._path, context=self._heard if table is INFORMATIONAL else None)

    def _ours(self, header: Header) -> bool:
        """Tell whether the cookies fit: those agreed on, or what a first message or its answer bears."""
        if self._cookies is None:
            return header.initiator_cookie != NO_COOKIE and header.responder_cookie == NO_COOKIE
        if header.initiator_cookie != self._cookies.initiator:
            return False
        if self._cookies.responder == NO_COOKIE:
            return header.responder_cookie != NO_COOKIE or header.exchange == ExchangeType.INFORMATIONAL
        return header.responder_cookie == self._cookies.responder

    def _informational(self, one: Run | None, arrived: Arrived, now: float, random: Randomness) -> None:
        """Hear it. Once there are keys, only what they protect is believed, since anyone may have sent the rest."""
        if isinstance(arrived.message, Message):
            events = informational.read_clear(arrived.message)
            self._events.extend(events)
            if self._secured is None:
                self._heed(events, arrived, now, random)
        elif one is None:
            self._events.append(Discarded("an encrypted message before there are keys, or without a message ID"))
        elif self._advance(one, Cause.MESSAGE, arrived, now, random):
            one.received = arrived.octets

    def _heed(self, events: tuple[Event, ...], arrived: Arrived | None, now: float, random: Randomness) -> None:
        """Do what follows from what the peer says."""
        for event in events:
            if isinstance(event, PeerNotified) and event.kind in _ERRORS:
                self._refused_by_peer(event.kind, now)
            elif isinstance(event, PeerNotified) and event.kind == NotifyNumber.R_U_THERE_ACK:
                self._answered(arrived, now, random)
            elif isinstance(event, PeerDeleted):
                self._forget(event, now)
            elif isinstance(event, ChildEstablished):
                self._children = (*self._children, event)
            elif isinstance(event, PeerAnnounced):
                self._peer = event
                self._framing.peer_takes_fragments = takes_fragments(self._configuration.windows, event)

    def _answered(self, arrived: Arrived | None, now: float, random: Randomness) -> None:
        for one in self._runs.waiting(LIVENESS):
            self._advance(one, Cause.MESSAGE, arrived, now, random)

    def _forget(self, deleted: PeerDeleted, now: float) -> None:
        """Forget what the peer has deleted."""
        self._children = tuple(child for child in self._children if not children.is_meant(child, deleted))
        if self._cookies is not None and set(deleted.spis) & set(informational.delete_of_ike(self._cookies).spis):
            self._deleted = True
            self._abandon("the peer has deleted the IKE SA", now)

    def _abandon(self, reason: str, now: float) -> None:
        """End what waits for the peer; deletes still wait to be acknowledged."""
        self._keepalive = None
        for one in self._runs.waiting(MAIN_MODE, QUICK_MODE, LIVENESS):
            self._wait(one, Cause.REFUSED, now)
            self._events.append(Failed(one.message_id, None, reason))

    def _refused_by_peer(self, kind: int, now: float) -> None:
        for one in self._runs.waiting(MAIN_MODE, QUICK_MODE):
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
            self._events.append(_gave_up(one))
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
            self._take(one, row, step, arrived, now, random)
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
        if self._path != arrived.path and (one.state is not State.IDLE or one is self._runs.main):
            self._path = arrived.path
            if self._secured is not None:
                self._events.append(PeerMoved(self._path))

    def _unexpected(self, one: Run) -> None:
        self._events.append(Discarded(f"nothing of this kind is expected in the state {one.state.name}"))

    def _take(self, one: Run, row: Row, step: Step, arrived: Arrived | None, now: float, random: Randomness) -> None:
        """Make what a step left the state of the engine."""
        one.context, one.attempt = step.context, 0
        one.enter(row.state, now)
        if step.floats:
            one.path = self._path = floated(one.path)
        if step.reply is not None:
            self._send(one, step.reply)
        if one is not self._runs.main:
            self._runs.remember(one)
        if isinstance(step.context, Heard):
            self._heard = step.context
        if isinstance(step.context, Secured):
            self._secured = step.context
            behind_nat = step.context.nat is not None and step.context.nat.here
            self._keepalive = now + KEEPALIVE_SECONDS if behind_nat else None
        self._events.extend(step.events)
        self._heed(step.events, arrived, now, random)
        if row.state is State.ESTABLISHED:
            self._start(QUICK_MODE, self._configuration.traffic, now, random)

    def _start(self, table: Table, context: object, now: float, random: Randomness) -> None:
        self._established()
        one = Run(MAIN, table, self._path, context=context)
        if table is ACKNOWLEDGED_DELETE:
            one.timeouts = DELETE_TIMEOUTS
        self._advance(one, Cause.START, None, now, random)

    def _established(self) -> Secured:
        if self._secured is None or self._deleted:
            raise ValueError("there is no IKE SA")
        return self._secured

    def _delete(self, gone: tuple[ChildEstablished, ...], now: float, random: Randomness) -> None:
        self._children = tuple(child for child in self._children if child not in gone)
        for payload in children.deletes(gone):
            self._send_delete(payload, now, random)

    def _send_delete(self, payload: Delete, now: float, random: Randomness) -> None:
        secured = self._established()
        if self._peer is not None and acknowledges_deletes(self._configuration.windows, self._peer):
            self._start(ACKNOWLEDGED_DELETE, payload, now, random)
        else:
            message = informational.sealed_delete(secured, payload, random.message_id())
            self._outbox.append(self._path.carry(encode_message(message)))

    def _send(self, one: Run, message: Message | SealedMessage) -> None:
        header = message.header
        one.sent, one.message_id = self._framing.datagrams(message), one.message_id or header.message_id
        self._cookies = Cookies(header.initiator_cookie, header.responder_cookie)
        self._outbox.extend(map(one.path.carry, one.sent))

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


def _gave_up(one: Run) -> Event:
    if one.state is State.ASKED:
        return PeerSilent(expect(one.context, Asked).sequence)
    return Failed(one.message_id, None, "the peer did not answer in time")
