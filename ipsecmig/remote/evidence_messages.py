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
NO_REGISTRY: Final = Note(
    "EV010", Severity.ERROR, "is not what the registry was asked for: {reason}", "Extract the host anew."
)
NOT_READ: Final = Note(
    "EV011",
    Severity.WARNING,
    "{reason}; what stands there is not known",
    "Extract the host anew, as a local administrator.",
)
NOT_COMPARED: Final = Note(
    "EV012",
    Severity.INFO,
    "what netsh printed was not compared with the registry, which says more: {reason}",
)
NO_PAGE: Final = Note("EV013", Severity.ERROR, "its code page is not known, or it is not in it")
SEVERAL: Final = Note(
    "EV014",
    Severity.ERROR,
    "holds the evidence of one of several hosts, and their policies are not one policy: {folders}",
    "Name one of these folders; `ipsecmig fleet` looks at all of them, host by host.",
)


def notes() -> Iterator[Note]:
    """Yield all of them."""
    yield from (value for value in globals().values() if isinstance(value, Note))
