"""What is said about scripts of the NetSecurity cmdlets. Codes are stable and never reused."""

from __future__ import annotations

from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.dialects.notes import Note

UNVERIFIED: Final = Note(
    "NC001",
    Severity.WARNING,
    "scripts of the NetSecurity cmdlets are read by the documentation of the cmdlets, not by a run of them",
    "Compare the rules with `netsh advfirewall consec show rule name=all verbose` on the computer that ran it.",
)
