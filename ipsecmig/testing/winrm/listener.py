"""Connections as they come, each in a thread of its own, and all of them gone when the listener is closed."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

_AT_ONCE: Final = 100


class Listener:
    """Listens from the start. `serve` gets a connection and the address of its other end, and may raise OSError."""

    def __init__(
        self,
        address: tuple[str, int],
        context: ssl.SSLContext | None,
        serve: Callable[[socket.socket, tuple[str, int]], object],
    ) -> None:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._socket = socket.create_server(address, family=family)
        self.port: int = self._socket.getsockname()[1]
        self._context = context
        self._serve = serve
        self._lock = threading.Lock()
        self._running: dict[threading.Thread, socket.socket] = {}
        self._closed = False
        self._room = threading.Semaphore(_AT_ONCE)
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def _accept(self) -> None:
        while self._room.acquire():
            try:
                connection, address = self._socket.accept()
            except OSError:  # the listener was closed
                return
            threading.Thread(target=self._run, args=(connection, address), daemon=True).start()

    def _run(self, connection: socket.socket, address: tuple[str, int]) -> None:
        # A client may go away or refuse the certificate at any time; that ends the connection and nothing else.
        try:
            with suppress(OSError), connection, self._secured(connection) as secured:
                if self._begin(secured):
                    if isinstance(secured, ssl.SSLSocket):
                        secured.do_handshake()
                    self._serve(secured, address)
        finally:
            self._end()

    def _secured(self, connection: socket.socket) -> socket.socket:
        if self._context is None:
            return connection
        connection.getpeername()  # fails for who has gone away already, for whom `wrap_socket` would forget to close
        return self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)

    def _begin(self, connection: socket.socket) -> bool:
        """Note that this thread has a connection; whether it may still use it."""
        with self._lock:
            self._running[threading.current_thread()] = connection
            return not self._closed

    def _end(self) -> None:
        with self._lock:
            self._running.pop(threading.current_thread(), None)
        self._room.release()

    def close(self) -> None:
        """Take no more connections, cut those that there are, and wait for their threads."""
        with suppress(OSError):  # it was closed before
            self._socket.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._closed = True
        self._cut()  # makes room for an acceptor that waits for some
        self._acceptor.join()
        self._socket.close()
        for thread in self._cut():
            thread.join()

    def _cut(self) -> list[threading.Thread]:
        with self._lock:
            for connection in self._running.values():
                with suppress(OSError):  # whoever has gone away cannot be cut off
                    # Below TLS, whose state is another thread's.
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
            return list(self._running)
