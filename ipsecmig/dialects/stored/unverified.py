"""What of stored policies could not be checked against a real one, whatever container they are in."""

from __future__ import annotations

from typing import Final

UNVERIFIED: Final = (
    "filters in the form of Windows Vista",
    "the flag of session key PFS, and the ESP algorithm 1",
)
