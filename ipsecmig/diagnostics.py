"""What ipsecmig says about its input: places, severities and diagnostics.

A diagnostic is data. The command line renders it as `FILE:LINE:COL: CODE severity: message`; nothing here prints.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple


class Severity(IntEnum):
    """How much a diagnostic matters; a larger number matters more, so that thresholds compare with `>=`."""

    INFO = 1
    WARNING = 2
    ERROR = 3

    @property
    def label(self) -> str:
        """The word used in output: `info`, `warning` or `error`."""
        return self.name.lower()


class Origin(NamedTuple):
    """Where something stands in the input.

    Lines and columns count from 1, columns in characters of the decoded text; `end_column` is the first column
    after it. Binary sources give `offset` in bytes and, as `file`, the file with its key and value. A tuple, because
    every filter of a large policy has one and a frozen dataclass takes three times as long to make.
    """

    file: str
    line: int = 0
    column: int = 0
    end_column: int = 0
    offset: int | None = None


NOWHERE = Origin("<none>")
"""The origin of what no input states, for example a default."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing to say about one place of the input.

    `code` is stable and never reused. `text` is the piece of input that it speaks of, never a secret; `expected`
    says what would have been right; `advice` says what to do.
    """

    code: str
    severity: Severity
    message: str
    origin: Origin
    text: str = ""
    expected: str = ""
    advice: str = ""


def worst(diagnostics: tuple[Diagnostic, ...]) -> Severity | None:
    """Return the highest severity among `diagnostics`, or None when there are none."""
    return max((d.severity for d in diagnostics), default=None)


def place(origin: Origin) -> str:
    """Return where something stands: `FILE:LINE:COL`, `FILE:LINE`, `FILE@OFFSET` of a binary source, or `FILE`."""
    if origin.line:
        return f"{origin.file}:{origin.line}:{origin.column}" if origin.column else f"{origin.file}:{origin.line}"
    if origin.offset is not None:
        return f"{origin.file}@{origin.offset}"
    return origin.file
