"""What is worked out about the lines of a batch file once, for the file and all calls within it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from ipsecmig.dialects.containers.positions import Document, Mapped
from ipsecmig.dialects.containers.runs import BATCH_SIGNS, FilterLines

_LABEL = re.compile(r"[ \t]*:[ \t]*([^\s:+,;=()&|<>^]+)")


class Program:
    """The lines of a batch file, their labels, and the runs of plain lines among them."""

    def __init__(self, lines: Sequence[Mapped]) -> None:
        self.lines = lines
        self.runs = FilterLines(lines, BATCH_SIGNS) if isinstance(lines, Document) else None

    @cached_property
    def labels(self) -> dict[str, list[int]]:
        """The lines of each label."""
        found: dict[str, list[int]] = {}
        for number, line in enumerate(self.lines):
            if match := _LABEL.match(line.text):
                found.setdefault(match[1].lower(), []).append(number)
        return found
