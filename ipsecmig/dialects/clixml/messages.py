"""What is said about exports of the NetSecurity cmdlets. Codes are stable and never reused."""

from __future__ import annotations

from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.dialects.notes import Note

_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

COMMAND: Final = (
    "$r = Get-NetIPsecRule; & {{ $r; $r | Get-NetFirewallAddressFilter; $r | Get-NetFirewallPortFilter;"
    " $r | Get-NetFirewallInterfaceFilter; $r | Get-NetFirewallInterfaceTypeFilter; Get-NetIPsecMainModeRule;"
    " Get-NetIPsecPhase1AuthSet; Get-NetIPsecPhase2AuthSet; Get-NetIPsecMainModeCryptoSet;"
    " Get-NetIPsecQuickModeCryptoSet }} | Export-Clixml -Depth 5 ipsec.xml"
)

UNVERIFIED: Final = Note(
    "CX001",
    _WARNING,
    "exports of the NetSecurity cmdlets are read by the documentation of cmdlets and form, not by a real one",
    "Compare the rules with `netsh advfirewall consec show rule name=all verbose` on the same computer.",
)
FILTER_MISSING: Final = Note(
    "CX002",
    _WARNING,
    'the {kinds} of the rule "{name}" are not in the export, or several times and not alike: what it applies to is not'
    " known",
    f"Export everything of one store together: {COMMAND}",
)
NOTHING: Final = Note("CX003", _ERROR, "holds no object of the NetSecurity cmdlets", f"Make it so: {COMMAND}")
DANGLING: Final = Note(
    "CX004", _WARNING, "{id} refers to an object that the file does not define", f"Export it again: {COMMAND}"
)
SHALLOW: Final = Note(
    "CX005",
    _WARNING,
    'the proposals of the set "{name}" are cut off at the depth of the export',
    f"Export more of it: {COMMAND}",
)
NOT_READ: Final = Note("CX006", _INFO, "{count} object(s) of other classes are not read: {classes}")
MAIN_MODE_FILTER: Final = Note(
    "CX007",
    _WARNING,
    'the addresses of the main mode rule "{name}" are not in the export',
    "Add `Get-NetIPsecMainModeRule | Get-NetFirewallAddressFilter` to what is exported.",
)
