"""The exit codes that every command shares."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the exit code of `ipsecmig` says."""

    DONE = 0
    """Done, and nothing at or above the threshold."""
    FINDINGS = 1
    """Findings, losses or differences at or above the threshold."""
    BAD_INPUT = 2
    """A usage error, or input that cannot be read, or output that cannot be written; nothing was written."""
    UNDECIDED = 3
    """Something was not understood, so nothing is claimed."""
    DEFECT = 70
    """A defect of ipsecmig itself (EX_SOFTWARE of sysexits.h)."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C, as a shell reports it."""
    BROKEN_PIPE = 141
    """Whoever read the output stopped reading, as a shell reports it."""


def most_serious(codes: tuple[Exit, ...]) -> Exit:
    """Return the code that wins when several apply: bad input, then undecided, then findings."""
    for code in (Exit.BAD_INPUT, Exit.UNDECIDED, Exit.FINDINGS):
        if code in codes:
            return code
    return Exit.DONE
