"""The machine under the engine: it takes the steps that the tables say, sends again, refuses, and keeps the keys."""

from __future__ import annotations

from collections import deque
from typing import Final

from ipsecmig.ike.configuration import Configuration
from ipsecmig.ike.errors import InvalidKey, Malformed, Refused
from ipsecmig.ike.events import Discarded, Event, Failed, PeerMoved, PeerSilent
from ipsecmig.ike.exchange import Randomness, Secured, Situation, Step, expect
from ipsecmig.ike.framing import Framing
from ipsecmig.ike.informational import Asked, Heard, clear_notify, sealed_notify
from ipsecmig.ike.keymat import Cookies
from ipsecmig.ike.natt import KEEPALIVE_SECONDS, floated
from ipsecmig.ike.run import MAIN, Arrived, Run, Runs
from ipsecmig.ike.states import AGGRESSIVE_MODE, MAIN_MODE, Action, Cause, Row, State, Table
from ipsecmig.ike.steps import STEPS
from ipsecmig.ike.wire.message import NO_COOKIE, Header, Message, SealedMessage, encode_message
from ipsecmig.ike.wire.numbers import Exchange as ExchangeType
from ipsecmig.ike.wire.numbers import NotifyNumber
from ipsecmig.udp import KEEPALIVE, Datagram, Endpoint, Path

FIRST: Final[dict[int, Table]] = {ExchangeType.MAIN: MAIN_MODE, ExchangeType.AGGRESSIVE: AGGRESSIVE_MODE}
"""What phase 1 may be, by exchange type."""

MAX_EVENTS: Final = 1_000
"""How many events are kept until they are read; the oldest goes first."""

_IDLE: Final = State.IDLE
_NOTHING_HEARD: Final = Heard()
_INFORMATIONAL: Final = int(ExchangeType.INFORMATIONAL)


class Machine:
    """The exchanges of one end with one peer under one IKE SA, with what they share.

    `secured` is None until main mode has succeeded, `keepalive` while no NAT has to be reminded of the way.
    """

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self.path = Path(Endpoint(configuration.local), Endpoint(configuration.remote))
        self.runs = Runs(Run(MAIN, MAIN_MODE, self.path))
        self.cookies: Cookies | None = None
        self.secured: Secured | None = None
        self.heard = _NOTHING_HEARD
        self.keepalive: float | None = None
        self.framing = Framing()
        self.outbox: list[Datagram] = []
        self.events: deque[Event] = deque(maxlen=MAX_EVENTS)

    def phase_1(self, table: Table) -> Run | None:
        """Return the run of phase 1 if it goes by this table.

        Who begins chooses between main mode and aggressive mode; the latter must be configured.
        """
        main = self.runs.main
        if main.state is _IDLE and (table is MAIN_MODE or self._configuration.aggressive_mode):
            main.table = table
        return main if main.table is table else None

    def send(self, message: Message | SealedMessage) -> None:
        """Send a message that nobody waits for."""
        self.outbox.append(self.path.carry(encode_message(message)))

    def timer(self) -> float | None:
        """Return when `on_timer` is due, None if nothing is waited for."""
        deadlines = (self.keepalive, self.runs.deadline())
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def on_timer(self, now: float) -> None:
        """Let time pass: send again, or give up, what is due; remind a NAT of the way."""
        if self.keepalive is not None and self.keepalive <= now:
            self.keepalive = now + KEEPALIVE_SECONDS
            self.outbox.append(Datagram(KEEPALIVE, *self.path))
        for one in self.runs:
            cause = one.due(now)
            if cause is not None:
                self.wait(one, cause, now)

    def is_ours(self, header: Header) -> bool:
        """Tell whether the cookies fit: those agreed on, or what a first message or its answer bears."""
        if self.cookies is None:
            return header.initiator_cookie != NO_COOKIE and header.responder_cookie == NO_COOKIE
        if header.initiator_cookie != self.cookies.initiator:
            return False
        if self.cookies.responder == NO_COOKIE:
            return header.responder_cookie != NO_COOKIE or header.exchange == _INFORMATIONAL
        return header.responder_cookie == self.cookies.responder

    def wait(self, one: Run, cause: Cause, now: float) -> None:
        """Do what the table says when there is no new message."""
        row = one.table.get((one.state, cause))
        if row is None:
            self._unexpected(one)
            return
        if row.action is Action.RESEND:
            self.outbox.extend(map(one.path.carry, one.sent))
        if cause is Cause.TIMER:
            one.attempt += 1
        if cause is Cause.EXHAUSTED:
            self.events.append(_gave_up(one))
        if cause is not Cause.REPEATED:
            one.enter(row.state, now)

    def advance(
        self, one: Run, cause: Cause, arrived: Arrived | None, now: float, random: Randomness
    ) -> tuple[Event, ...]:
        """Take the step that the table says; return what it tells, nothing if it fails."""
        row = one.table.get((one.state, cause))
        if row is None:
            self._unexpected(one)
            return ()
        message, path = (None, one.path) if arrived is None else (arrived.message, arrived.path)
        situation = Situation(self._configuration, one.context, self.secured, message, random, path)
        try:
            step = STEPS[row.action](situation)
        except Malformed as error:
            self.events.append(Discarded(str(error)))
        except (Refused, InvalidKey) as error:
            self._refuse(one, arrived, error, now, random)
        else:
            if step.refusal is not None:
                self.events.extend(step.events)
                self._refuse(one, arrived, step.refusal, now, random)
                return step.events
            self._follow(one, arrived)
            self._take(one, row, step, now)
            one.received = one.received if arrived is None else arrived.octets
            return step.events
        return ()

    def _follow(self, one: Run, arrived: Arrived | None) -> None:
        """Follow a peer to where a message came from: a responder the first one, then all that is authenticated.

        What begins an exchange may be an old message of the peer that somebody else sends again. It is answered where
        it came from, but the way to the peer changes only with messages that depend on what this end sent.
        """
        begins = one.state is _IDLE
        if arrived is None or not (begins or isinstance(arrived.message, SealedMessage)):
            return
        one.path = arrived.path
        if self.path != arrived.path and (not begins or one is self.runs.main):
            self.path = arrived.path
            if self.secured is not None:
                self.events.append(PeerMoved(self.path))

    def _unexpected(self, one: Run) -> None:
        self.events.append(Discarded(f"nothing of this kind is expected in the state {one.state.name}"))

    def _take(self, one: Run, row: Row, step: Step, now: float) -> None:
        """Make what a step left the state of this end."""
        one.context, one.attempt = step.context, 0
        one.enter(row.state, now)
        if step.floats:
            one.path = self.path = floated(one.path)
        if step.reply is not None:
            self._send(one, step.reply)
        if one is not self.runs.main:
            self.runs.remember(one)
            if isinstance(step.context, Heard):
                self.heard = step.context
        elif isinstance(step.context, Secured):
            self.secured = step.context
            behind_nat = step.context.nat is not None and step.context.nat.here
            self.keepalive = now + KEEPALIVE_SECONDS if behind_nat else None
        if step.events:
            self.events.extend(step.events)

    def _send(self, one: Run, message: Message | SealedMessage) -> None:
        header = message.header
        one.sent, one.message_id = self.framing.datagrams(message), one.message_id or header.message_id
        if one is self.runs.main and (self.cookies is None or self.cookies.responder != header.responder_cookie):
            self.cookies = Cookies(header.initiator_cookie, header.responder_cookie)
        carry = one.path.carry
        for octets in one.sent:
            self.outbox.append(carry(octets))

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
        self.wait(one, Cause.REFUSED, now)
        self.events.append(Failed(one.message_id, kind, str(error)))
        if arrived is None:
            return
        if self.secured is not None:
            message = sealed_notify(self.secured, kind, random.message_id())
            self.outbox.append(arrived.path.carry(encode_message(message)))
        else:
            header = arrived.message.header
            cookies = Cookies(header.initiator_cookie, header.responder_cookie)
            self.outbox.append(arrived.path.carry(encode_message(clear_notify(cookies, kind, random.message_id()))))


def _gave_up(one: Run) -> Event:
    if one.state is State.ASKED:
        return PeerSilent(expect(one.context, Asked).sequence)
    return Failed(one.message_id, None, "the peer did not answer in time")
