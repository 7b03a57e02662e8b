"""What is said about group policy reports. Codes are stable and never reused."""

from __future__ import annotations

from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.dialects.notes import Note

_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
_EXPORT: Final = (
    "Export the policy itself: the registry key HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\IPSec of a computer that"
    " applies it, or CN=IP Security,CN=System of the domain as LDIF."
)

UNVERIFIED: Final = Note(
    "GP001",
    _WARNING,
    "connection security rules of group policy reports are read as [MS-GPFAS] and public readers of such reports name"
    " their parts, not by a real report that holds any",
    "Compare the rules with `netsh advfirewall consec show rule name=all verbose` on a computer that applies them.",
)
LEGACY: Final = Note(
    "GP002",
    _WARNING,
    'a group policy object ("{gpo}") assigns an IP security policy{named}; a report holds no more of it than that',
    _EXPORT,
)
DISABLED: Final = Note(
    "GP003",
    _WARNING,
    'the computer settings of the group policy object "{gpo}" are disabled: no computer applies them',
    "Leave this report out if that is meant.",
)
OVERRULED: Final = Note(
    "GP004", _INFO, '"{name}" of {gpo} has precedence {precedence}: another group policy object wins; not read'
)
FIREWALL_RULES: Final = Note(
    "GP005",
    _INFO,
    "{count} firewall rule(s) are not read: they are no IPsec policy",
    "Packets meet them as well; migrate them with the firewall.",
)
SECURE_ONLY: Final = Note(
    "GP006",
    _WARNING,
    'the firewall rule "{name}" asks for a secure connection ({security}), which no connection security rule says',
    "See that what it guards is not left open: it lets through what IPsec protects, and nothing else.",
)
UNKNOWN: Final = Note(
    "GP007", _WARNING, 'the firewall settings hold "{name}", which is not known here', "What it says is undecided."
)
NOTHING: Final = Note(
    "GP008",
    _ERROR,
    "holds neither connection security rules nor an IP security policy",
    "Report on the group policy object that has them; `gpresult /x` needs an elevated prompt for computer settings.",
)
LOCAL_RULES: Final = Note(
    "GP009",
    _INFO,
    "rules of the computer itself apply beside these where the profile is {profiles}",
    "Read the computer's own rules as well, for example its registry.",
)
ACCESS: Final = Note("GP010", _WARNING, 'the report says that a part failed: "{problem}"', "Make it again with rights.")
SEVERAL: Final = Note(
    "GP011",
    _WARNING,
    "rules of {count} group policy objects are read as if one computer applied them all: {names}",
    "`gpresult /x` on a computer says what it applies; or report on each object alone.",
)
