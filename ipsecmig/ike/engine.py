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

from typing import Final

from ipsecmig.ike import children, dpd, fragments, informational
from ipsecmig.ike.announcement import acknowledges_deletes, may_ask, takes_fragments
from ipsecmig.ike.configuration import Configuration, Traffic
from ipsecmig.ike.errors import Malformed
from ipsecmig.ike.events import (
    ChildEstablished,
    Discarded,
    Established,
    Event,
    Failed,
    PeerAnnounced,
    PeerDeleted,
    PeerNotified,
)
from ipsecmig.ike.exchange import Randomness, Secured
from ipsecmig.ike.informational import Asked
from ipsecmig.ike.keymat import Cookies
from ipsecmig.ike.machine import FIRST, Machine
from ipsecmig.ike.proving import Proving
from ipsecmig.ike.run import DELETE_TIMEOUTS, MAIN, Arrived, Run
from ipsecmig.ike.states import (
    ACKNOWLEDGED_DELETE,
    AGGRESSIVE_MODE,
    INFORMATIONAL,
    LIVENESS,
    MAIN_MODE,
    QUICK_MODE,
    Cause,
    State,
    Table,
)
from ipsecmig.ike.wire.fragment import Fragment
from ipsecmig.ike.wire.message import Header, Message, decode_message
from ipsecmig.ike.wire.notification import Delete
from ipsecmig.ike.wire.numbers import Exchange as ExchangeType
from ipsecmig.ike.wire.numbers import NotifyNumber
from ipsecmig.udp import Datagram, Path, ike_message

_ERRORS: Final = range(1, NotifyNumber.CONNECTED)

_INFORMATIONAL: Final = int(ExchangeType.INFORMATIONAL)
_MESSAGE: Final = Cause.MESSAGE

_LATER: Final[dict[int, Table]] = {ExchangeType.QUICK: QUICK_MODE, _INFORMATIONAL: INFORMATIONAL}
"""What a peer may begin once main mode is established."""


class Engine:
    """One end of a negotiation."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._machine = Machine(configuration)
        self._children: tuple[ChildEstablished, ...] = ()
        self._deleted = False
        self._follows: Traffic | None = None
        self._peer: PeerAnnounced | None = None
        self._sequence: int | None = None

    def start(self, now: float, random: bytes, *, with_quick_mode: bool = True) -> None:
        """Begin as initiator. Once main mode is established, quick mode follows by itself if wanted.

        Raises ValueError if the negotiation has begun already, or for too few random octets.
        """
        if self._machine.runs.main.state is not State.IDLE:
            raise ValueError("the negotiation has begun already")
        self._follows = self._configuration.traffic if with_quick_mode else None
        self._advance(self._machine.runs.main, Cause.START, None, now, Randomness(random))

    @property
    def is_established(self) -> bool:
        """Tell whether main mode has succeeded and the IKE SA is not deleted yet."""
        return self._machine.secured is not None and not self._deleted

    @property
    def is_negotiating(self) -> bool:
        """Tell whether phase 1 has begun and not ended."""
        return self._machine.runs.main.waits()

    @property
    def children(self) -> tuple[ChildEstablished, ...]:
        """What its quick modes established, without what was deleted; in that order."""
        return self._children

    @property
    def cookies(self) -> Cookies | None:
        """The name of the IKE SA; None before the first message. That of the responder is zero until it answers."""
        return self._machine.cookies

    def begin(self, traffic: Traffic, now: float, random: bytes) -> int:
        """Begin another quick mode and return its message ID, 0 if this end refuses it at once.

        Raises ValueError unless the IKE SA is established.
        """
        return self._start(QUICK_MODE, traffic, now, Randomness(random)).message_id

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
        if not known or self._machine.runs.waiting(LIVENESS):
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
            self._machine.events.append(Discarded(str(error)))

    def to_send(self) -> tuple[Datagram, ...]:
        """Return the datagrams to send to the peer, each once."""
        outbox, self._machine.outbox = tuple(self._machine.outbox), []
        return outbox

    def timer(self) -> float | None:
        """Return when `on_timer` is due, None if nothing is waited for."""
        return self._machine.timer()

    def on_timer(self, now: float) -> None:
        """Let time pass: send again, or give up, what is due; remind a NAT of the way."""
        self._machine.on_timer(now)

    @property
    def path(self) -> Path:
        """The way to the peer and back."""
        return self._machine.path

    @property
    def secured(self) -> Secured | None:
        """Phase 1 as soon as its keys are derived, which is before the peer has proved itself.

        With it whoever shows the messages of a negotiation can read the encrypted ones.
        """
        context = self._machine.runs.main.context
        return context.secured if isinstance(context, Proving) else self._machine.secured

    def next_event(self) -> Event | None:
        """Return the oldest event not returned yet, None if there is none."""
        return self._machine.events.popleft() if self._machine.events else None

    def _completed(self, header: Header, fragment: Fragment, now: float) -> bytes | None:
        """Return the message that the fragment completes, None if more are needed. Raises Malformed.

        Only fragments of this negotiation are kept, since anyone can send others.
        """
        if self._machine.cookies is None or not self._machine.is_ours(header):
            self._machine.events.append(Discarded("a fragment whose cookies are not those of this negotiation"))
            return None
        return self._machine.framing.accept(fragment, now)

    def _dispatch(self, arrived: Arrived, now: float, random: Randomness) -> None:
        """Give a message to its exchange."""
        header = arrived.message.header
        one = self._run_of(header)
        if one is not None and arrived.octets == one.received:
            self._machine.wait(one, Cause.REPEATED, now)
        elif not self._machine.is_ours(header):
            self._machine.events.append(Discarded("the cookies are not those of this negotiation"))
        elif header.exchange == _INFORMATIONAL:
            self._informational(one, arrived, now, random)
        elif one is None:
            self._machine.events.append(Discarded(f"exchange type {header.exchange} is out of place here"))
        else:
            self._advance(one, _MESSAGE, arrived, now, random)

    def _run_of(self, header: Header) -> Run | None:
        if header.exchange in FIRST and header.message_id == MAIN:
            return self._machine.phase_1(FIRST[header.exchange])
        table = _LATER.get(header.exchange)
        if table is None or header.message_id == MAIN or self._machine.secured is None:
            return None
        known = self._machine.runs.find(header.exchange, header.message_id)
        if known is not None or (self._deleted and table is QUICK_MODE):
            return known
        return Run(
            header.message_id,
            table,
            self._machine.path,
            context=self._machine.heard if table is INFORMATIONAL else None,
        )

    def _informational(self, one: Run | None, arrived: Arrived, now: float, random: Randomness) -> None:
        """Hear it. Once there are keys, only what they protect is believed, since anyone may have sent the rest."""
        machine, secured = self._machine, self.secured
        if isinstance(arrived.message, Message):
            events = informational.read_clear(arrived.message)
            machine.events.extend(events)
            if machine.secured is None:
                self._heed(events, arrived, now, random)
        elif machine.secured is None and secured is not None:
            # The peer may refuse what is to prove this end's identity before it has proved its own.
            events = informational.read_unproven(secured, arrived.message)
            machine.events.extend(events)
            self._heed(events, arrived, now, random)
        elif one is None:
            machine.events.append(Discarded("an encrypted message before there are keys, or without a message ID"))
        else:
            self._advance(one, _MESSAGE, arrived, now, random)

    def _advance(self, one: Run, cause: Cause, arrived: Arrived | None, now: float, random: Randomness) -> None:
        events = self._machine.advance(one, cause, arrived, now, random)
        if events:
            self._heed(events, arrived, now, random)

    def _heed(self, events: tuple[Event, ...], arrived: Arrived | None, now: float, random: Randomness) -> None:
        """Do what follows from what the peer says."""
        for event in events:
            if isinstance(event, PeerNotified) and event.kind in _ERRORS:
                self._refused_by_peer(event.kind, now)
            elif isinstance(event, PeerNotified) and event.kind == NotifyNumber.R_U_THERE_ACK:
                self._answered(arrived, now, random)
            elif isinstance(event, PeerDeleted):
                self._forget(event, now)
            elif isinstance(event, Established) and self._follows is not None:
                self._start(QUICK_MODE, self._follows, now, random)
            elif isinstance(event, ChildEstablished):
                self._children = (*self._children, event)
            elif isinstance(event, PeerAnnounced):
                self._peer = event
                self._machine.framing.peer_takes_fragments = takes_fragments(self._configuration.windows, event)

    def _answered(self, arrived: Arrived | None, now: float, random: Randomness) -> None:
        for one in self._machine.runs.waiting(LIVENESS):
            self._advance(one, _MESSAGE, arrived, now, random)

    def _forget(self, deleted: PeerDeleted, now: float) -> None:
        """Forget what the peer has deleted."""
        self._children = tuple(child for child in self._children if not children.is_meant(child, deleted))
        if self._machine.cookies is not None and set(deleted.spis) & set(
            informational.delete_of_ike(self._machine.cookies).spis
        ):
            self._deleted = True
            self._abandon("the peer has deleted the IKE SA", now)

    def _abandon(self, reason: str, now: float) -> None:
        """End what waits for the peer; deletes still wait to be acknowledged."""
        self._machine.keepalive = None
        for one in self._machine.runs.waiting(MAIN_MODE, AGGRESSIVE_MODE, QUICK_MODE, LIVENESS):
            self._machine.wait(one, Cause.REFUSED, now)
            self._machine.events.append(Failed(one.message_id, None, reason))

    def _refused_by_peer(self, kind: int, now: float) -> None:
        for one in self._machine.runs.waiting(MAIN_MODE, AGGRESSIVE_MODE, QUICK_MODE):
            self._machine.wait(one, Cause.REFUSED, now)
            self._machine.events.append(Failed(one.message_id, kind, "the peer refused"))

    def _start(self, table: Table, context: object, now: float, random: Randomness) -> Run:
        self._established()
        one = Run(MAIN, table, self._machine.path, context=context)
        if table is ACKNOWLEDGED_DELETE:
            one.timeouts = DELETE_TIMEOUTS
        self._advance(one, Cause.START, None, now, random)
        return one

    def _established(self) -> Secured:
        if self._machine.secured is None or self._deleted:
            raise ValueError("there is no IKE SA")
        return self._machine.secured

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
            self._machine.send(message)
