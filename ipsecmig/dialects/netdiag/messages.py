"""What is said about the output of netdiag. Codes are stable and never reused."""

from __future__ import annotations

from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.dialects.notes import Note

_ADVICE: Final = "Export HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\IPSec instead, if the machine still runs."

LOSSY: Final = Note(
    "ND001",
    Severity.WARNING,
    "netdiag prints the filters in force, not the policy: names, lists and rules are lost, and `me` is spelt out",
    _ADVICE,
)
ME: Final = Note("ND002", Severity.WARNING, "the address {address} was taken for this host (`me`)", _ADVICE)
NOTHING: Final = Note("ND003", Severity.ERROR, "no filter of netdiag was found in it", "Run netdiag with /debug.")
WRONG_COUNT: Final = Note(
    "ND004", Severity.WARNING, "{stated} filters are announced, but {found} were understood", _ADVICE
)
SEVERAL_HOSTS: Final = Note(
    "ND005",
    Severity.WARNING,
    "this host has several addresses here ({addresses}): which filters say `me` cannot be told",
    _ADVICE,
)
UNKNOWN_FLAGS: Final = Note("ND006", Severity.WARNING, 'the flags "{flags}" are not understood', _ADVICE)
NEGOTIATED: Final = Note(
    "ND007", Severity.WARNING, "how these filters negotiate is not printed: offers and authentication are lost", _ADVICE
)
TUNNEL: Final = Note("ND008", Severity.WARNING, "a tunnel filter was left out: its other half is not printed", _ADVICE)
ONE_WAY: Final = Note(
    "ND009",
    Severity.WARNING,
    "a filter for one direction names no address of this host; it was left out",
    _ADVICE,
)
PORTS: Final = Note(
    "ND010", Severity.WARNING, "a filter has ports, but its protocol {protocol} has none; it was left out", _ADVICE
)
