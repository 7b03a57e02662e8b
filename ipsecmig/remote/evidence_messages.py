"""What is said about folders of evidence and what is in them; codes begin with EV."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.dialects.notes import Note

MISSING: Final = Note(
    "EV001", Severity.ERROR, "belongs to the evidence and cannot be read: {reason}", "Extract the host anew."
)
CHANGED: Final = Note(
    "EV002",
    Severity.ERROR,
    "is not what it was when it was extracted: its SHA-256 is not that of the manifest",
    "Restore the file, or extract the host anew.",
)
DAMAGED: Final = Note("EV003", Severity.ERROR, "is no manifest of evidence: {reason}", "Extract the host anew.")


def notes() -> Iterator[Note]:
    """Yield all of them."""
    yield from (value for value in globals().values() if isinstance(value, Note))
