"""The end of patience: connections that are cut from outside, at a set time or when somebody says stop.

A time limit of a socket starts anew with every octet, so that a host that drips would hold its client for ever.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class Stop:
    """Tells whoever works elsewhere, in other threads, to end early but cleanly."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._event = threading.Event()
        self._listeners: set[Callable[[], None]] = set()

    def set(self) -> None:
        """Say stop; a second time changes nothing."""
        with self._lock:
            self._event.set()
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()

    @property
    def is_set(self) -> bool:
        """Whether stop was said."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until stop is said; whether it was."""
        return self._event.wait(seconds)

    @contextmanager
    def calling(self, listener: Callable[[], None]) -> Iterator[None]:
        """Have `listener` called when stop is said while the block runs, at once if it was said before."""
        with self._lock:
            self._listeners.add(listener)
        try:
            if self.is_set:
                listener()
            yield
        finally:
            with self._lock:
                self._listeners.discard(listener)


class Patience:
    """How much longer the connections that it knows may live. Once it has ended, every new one is cut as well.

    `connections` is how many there were so far.
    """

    def __init__(self, seconds: float) -> None:
        self._lock = threading.Lock()
        self._end = time.monotonic() + seconds
        self._ended = False
        self._timer: threading.Timer | None = None
        self._connections: list[socket.socket] = []
        self.connections = 0

    def __enter__(self) -> Patience:
        self._timer = threading.Timer(max(0.0, self.left), self.end)
        self._timer.daemon = True
        self._timer.start()
        return self

    def __exit__(self, *failure: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            for connection in self._connections:
                connection.close()
            self._connections.clear()

    @property
    def left(self) -> float:
        """The seconds that are left, below 0 once they are over."""
        return self._end - time.monotonic()

    @property
    def ended(self) -> bool:
        """Whether it has ended, by itself or by `end`."""
        return self._ended or self.left <= 0

    def end(self) -> None:
        """Cut everything, now."""
        with self._lock:
            self._ended = True
            for connection in self._connections:
                _cut(connection)

    def watch(self, connection: socket.socket) -> None:
        """Cut this connection when the time has come, also while TLS is being set up on it."""
        # Of its own descriptor, as TLS takes the socket away from its object.
        double = socket.socket(fileno=os.dup(connection.fileno()))
        with self._lock:
            self.connections += 1
            self._connections.append(double)
            if self._ended:
                _cut(double)


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):  # the other end was faster
        connection.shutdown(socket.SHUT_RDWR)
