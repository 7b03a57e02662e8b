"""The files that a script writes itself, line by line, to run them later."""

from __future__ import annotations

from collections.abc import Sequence

from ipsecmig.dialects.containers.flow import Flow
from ipsecmig.dialects.containers.positions import Mapped


class WrittenFiles:
    """What is known to stand in files, and on which flow it was written. Names are in lower case, without quotes."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Flow, tuple[Mapped, ...]] | None] = {}

    def write(self, name: str, lines: Sequence[Mapped], flow: Flow, *, append: bool) -> None:
        """Put `lines` into the file, or behind what it holds; an unwritten file counts as empty."""
        if not append or name not in self._known:
            self._known[name] = (flow, tuple(lines))
            return
        before = self.read(name, flow)
        self._known[name] = None if before is None else (flow, (*before, *lines))

    def read(self, name: str, flow: Flow) -> tuple[Mapped, ...] | None:
        """Return the lines of the file when it is read on `flow`, None when they are not known."""
        known = self._known.get(name)
        return known[1] if known is not None and flow.within(known[0]) else None

    def forget(self, name: str) -> None:
        """Make the content of the file unknown."""
        self._known[name] = None
