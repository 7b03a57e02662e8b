"""A gate before which a server waits until a test lets it pass: slowness without a clock."""

from __future__ import annotations

import threading


class Gate:
    """Shut at first. `release` lets one pass, `open` everybody; `arrivals` tells how many have come to it."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._passes = 0
        self._open = False
        self._arrivals = 0

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for a pass, at most `seconds`; whether there was one."""
        with self._news:
            self._arrivals += 1
            self._news.notify_all()
            passed = self._news.wait_for(lambda: self._open or self._passes > 0, seconds)
            if passed and not self._open:
                self._passes -= 1
            return passed

    def release(self, passes: int = 1) -> None:
        """Let so many more pass."""
        with self._news:
            self._passes += passes
            self._news.notify_all()

    def open(self) -> None:
        """Let everybody pass from now on."""
        with self._news:
            self._open = True
            self._news.notify_all()

    def await_arrivals(self, count: int, seconds: float) -> bool:
        """Wait until so many have come to the gate, at most `seconds`; whether they have."""
        with self._news:
            return self._news.wait_for(lambda: self._arrivals >= count, seconds)
