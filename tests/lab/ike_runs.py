"""An engine of the test's own process in conversation with a daemon in a machine of the lab."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Protocol

from ipsecmig.ike.engine import Engine
from ipsecmig.ike.events import ChildEstablished, Event, Failed
from ipsecmig.ike.exchange import RANDOM_OCTETS
from ipsecmig.ike.states import State
from ipsecmig.udp import Datagram

PATIENCE = 20.0


class Carrier(Protocol):
    """What takes an engine's datagrams to its peer and back."""

    def send(self, datagram: Datagram) -> None:
        """Send a datagram from the endpoint that is its source."""

    def receive(self, seconds: float) -> Datagram | None:
        """Return the next datagram, None if there is none for so long."""


def answered(engine: Engine, found: list[Event]) -> bool:
    """Tell whether quick mode has ended for the engine, or is answered, or an exchange failed."""
    if any(one.state is State.QUICK_ANSWERED for one in engine._machine.runs):
        return True
    return any(isinstance(event, ChildEstablished | Failed) for event in found)


def finished(_: Engine, found: list[Event]) -> bool:
    """Tell whether quick mode has ended for the engine, or an exchange failed."""
    return any(isinstance(event, ChildEstablished | Failed) for event in found)


def start(engine: Engine) -> None:
    """Let the engine begin."""
    engine.start(time.monotonic(), os.urandom(RANDOM_OCTETS))


def run(engine: Engine, udp: Carrier, ended: Callable[[Engine, list[Event]], bool] = answered) -> list[Event]:
    """Run an engine until it `ended`, or patience is over; return its events."""
    found: list[Event] = []
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for datagram in engine.to_send():
            udp.send(datagram)
        while (event := engine.next_event()) is not None:
            found.append(event)
        if ended(engine, found):
            break
        arrived = udp.receive((engine.timer() or end) - time.monotonic())
        if arrived is None:
            engine.on_timer(time.monotonic())
        else:
            engine.receive(arrived, time.monotonic(), os.urandom(RANDOM_OCTETS))
    return found
