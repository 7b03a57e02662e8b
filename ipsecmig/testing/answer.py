"""What a command prints and returns."""

from __future__ import annotations

from dataclasses import dataclass

from ipsecmig.testing.gate import Gate


@dataclass(frozen=True, slots=True)
class Answer:
    """The octets on standard output and standard error, and the exit code.

    With a `gate` the command runs on: each part of the output waits there until it is let through.
    """

    stdout: bytes = b""
    stderr: bytes = b""
    exit_code: int = 0
    gate: Gate | None = None
