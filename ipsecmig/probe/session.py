"""Runs an engine over the wire until it has agreed, failed, or time is up."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ipsecmig.ike.configuration import Configuration
from ipsecmig.ike.engine import Engine
from ipsecmig.ike.events import ChildEstablished, Event, Failed
from ipsecmig.ike.exchange import RANDOM_OCTETS, Secured
from ipsecmig.probe.tap import Overheard
from ipsecmig.probe.transcript import Transcript
from ipsecmig.probe.transport import Arrived, Unreachable, Wire
from ipsecmig.udp import Datagram, Path

SETTLING: Final = 0.5
"""For how many seconds after an agreement the peer may still say that it does not like it, or ask again."""


MOST_UNREADABLE: Final = 2
"""After so many messages that these keys cannot read, the peer has others, and there is nothing to wait for."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a negotiation ended: what the engine told, and what the network said if that ended it."""

    events: tuple[Event, ...]
    unreachable: str = ""


class Session:
    """One engine on one wire. `deadline` is in seconds of the monotonic clock."""

    def __init__(self, configuration: Configuration, wire: Wire, transcript: Transcript, deadline: float) -> None:
        self.engine = Engine(configuration)
        self._wire, self._transcript, self._deadline = wire, transcript, deadline
        self._events: list[Event] = []
        self._unreadable = 0

    @property
    def secured(self) -> Secured | None:
        """Phase 1, once its keys are known."""
        return self.engine.secured

    @property
    def path(self) -> Path:
        """The way to the peer and back."""
        return self.engine.path

    @property
    def seconds_left(self) -> float:
        """How much time there is until the deadline."""
        return self._deadline - time.monotonic()

    async def initiate(self) -> Ending:
        """Begin, and run to the end."""
        self.engine.start(time.monotonic(), os.urandom(RANDOM_OCTETS))
        return await self.run()

    async def run(self) -> Ending:
        """Run to the end; as responder nothing happens until the peer begins."""
        end = self._deadline
        while True:
            await self._flush()
            if self._is_over() and end == self._deadline:
                end = min(end, time.monotonic() + (SETTLING if self._agreed() else 0.0))
            now = time.monotonic()
            if now >= end:
                return Ending(tuple(self._events))
            found = await self._wire.receive(min(self.engine.timer() or end, end) - now)
            if isinstance(found, Unreachable) and not self._agreed():
                return Ending(tuple(self._events), found.reason)
            if isinstance(found, Arrived):
                self._receive(found)
            else:
                self.engine.on_timer(time.monotonic())

    def _is_over(self) -> bool:
        finished = any(isinstance(event, ChildEstablished | Failed) for event in self._events)
        return finished or self._unreadable >= MOST_UNREADABLE

    def _agreed(self) -> bool:
        return any(isinstance(event, ChildEstablished) for event in self._events)

    def _receive(self, arrived: Arrived) -> None:
        now = time.monotonic()
        self.engine.receive(arrived.datagram, now, os.urandom(RANDOM_OCTETS))
        heard = self._transcript.take(arrived.datagram, arrived.on_wire, self.secured, now, sent=False)
        if heard is not None and heard.sealed and heard.problem and self.secured is not None:
            self._unreadable += 1

    async def _flush(self) -> None:
        """Send what is to be sent, and take in what the engine tells."""
        for datagram in self.engine.to_send():
            await self.send(datagram)
        while (event := self.engine.next_event()) is not None:
            self._events.append(event)

    async def send(self, datagram: Datagram, *, question: bool = False) -> None:
        """Send a datagram, and take it down."""
        await self._wire.open(datagram.source.port)
        on_wire = self._wire.send(datagram)
        now = time.monotonic()
        self._transcript.take(datagram, on_wire, self.secured, now, sent=True, question=question)

    async def close(self) -> None:
        """Delete the SAs that were made, and tell the peer; wait for a moment if it is to acknowledge that."""
        if not self.engine.is_established:
            return
        end = min(time.monotonic() + SETTLING, max(self._deadline, time.monotonic()))
        self.engine.close(time.monotonic(), os.urandom(RANDOM_OCTETS))
        await self._flush()
        while self.engine.timer() is not None and (now := time.monotonic()) < end:
            found = await self._wire.receive(end - now)
            if isinstance(found, Arrived):
                self._receive(found)

    async def receive(self, seconds: float) -> Arrived | Unreachable | None:
        """Return what comes next, which the engine hears too; None if nothing does in time or by the deadline."""
        found = await self._wire.receive(min(seconds, self.seconds_left))
        if isinstance(found, Arrived):
            self._receive(found)
            await self._flush()
        return found

    def note(self, packet: bytes) -> None:
        """Take down an IP packet that passed beside the sockets of IKE."""
        self._transcript.note(packet, time.monotonic())

    async def ask(self, question: Datagram, seconds: float, is_answer: Callable[[Overheard], bool]) -> Overheard | None:
        """Send a message apart from the engine's; return the peer's answer to it, None if there is none in time."""
        await self.send(question, question=True)
        end = time.monotonic() + min(seconds, self.seconds_left)
        while (now := time.monotonic()) < end:
            arrived = await self._wire.receive(end - now)
            if isinstance(arrived, Arrived):
                now, seen = time.monotonic(), arrived.datagram
                heard = self._transcript.take(seen, arrived.on_wire, self.secured, now, sent=False, question=True)
                if heard is not None and is_answer(heard):
                    return heard
        return None
