"""What is said about the state of the filtering platform. Codes are stable and never reused."""

from __future__ import annotations

from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.dialects.notes import Note

_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

UNVERIFIED: Final = Note(
    "WP001",
    _WARNING,
    "this is compiled state, read by the names of the structures in the Windows SDK, not by a real file with IPsec in"
    " it; nothing that is read from it counts as verified",
    "Read the policy itself where you can: a registry export, `netsh ipsec static show all`, or a group policy report.",
)
NO_CONTEXTS: Final = Note(
    "WP002",
    _WARNING,
    "the filters refer to {count} provider context(s), which hold the methods and are not in this file",
    "Give the output of `netsh wfp show state` instead.",
)
NOTHING: Final = Note(
    "WP003",
    _ERROR,
    "no filter and no provider context here is about IPsec",
    "Run netsh from an elevated prompt, while the policy is in force.",
)
KEY_NOT_READ: Final = Note(
    "WP004",
    _WARNING,
    'the preshared key of "{name}" is not read: how the state writes it is not documented',
    "Give the key with the site inventory, or read the policy's registry.",
)
OTHER_FILTERS: Final = Note("WP005", _INFO, "{count} filter(s) of other layers are not read: they are not about IPsec")
NOT_READ: Final = Note("WP006", _WARNING, '{kind} "{name}" is not read: {reason}', "Everything about it is undecided.")
FIREWALL_STATE: Final = Note("WP007", _INFO, "the second document, of the firewall, is not read")
