"""Python's cyclic garbage collector, and keeping it out of the way of long computations."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the collector off meanwhile, for a block or, as a decorator, for a function.

    Policies and diagrams are many objects and no garbage; looking for some among them over and over again would take
    half of the time.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
