"""Lines and columns of offsets in a long text, asked for in ascending order."""

from __future__ import annotations

from ipsecmig.diagnostics import Origin


class Places:
    """Counts the lines of `text` as it goes on, so that a large file needs no table of its lines."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        self._offset = 0
        self._line = 1

    def origin(self, start: int, end: int | None = None) -> Origin:
        """Return the place of the text from `start` to `end`, by default one character."""
        if start < self._offset:
            self._offset, self._line = 0, 1
        self._line += self._text.count("\n", self._offset, start)
        self._offset = start
        column = start - self._text.rfind("\n", 0, start)
        return Origin(self._file, self._line, column, column + (1 if end is None else end - start))
