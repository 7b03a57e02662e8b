"""What the readers of the registry, in all its forms, can say. Codes are stable: RG."""

from __future__ import annotations

from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.dialects.notes import Note

NO_POLICY: Final = Note(
    "RG001",
    Severity.ERROR,
    "holds no key of an IPsec policy and no connection security rule",
    r"Export HKLM\SOFTWARE\Policies\Microsoft\Windows\IPSec, or the keys of the Windows Firewall, and give that file.",
)
SEVERAL_MACHINES: Final = Note(
    "RG002",
    Severity.ERROR,
    "holds the policies of several registries: {machines}",
    "Give the keys of one machine in each file.",
)
DATA: Final = Note(
    "RG003",
    Severity.ERROR,
    "the data do not fit the type of the value: {reason} (byte {offset})",
    "Export the key anew.",
)
TOO_DEEP: Final = Note("RG004", Severity.ERROR, "{reason}", "Export the key anew.")
DELETES: Final = Note(
    "RG005",
    Severity.INFO,
    "deletes {count} key(s) or value(s) of the policy store; what the machine had there before is not known, and is"
    " read as gone",
)
OVERRIDDEN: Final = Note(
    "RG007",
    Severity.WARNING,
    "the local policy is assigned here, but Windows applies the policy that Group Policy assigns instead",
)
SEVERAL_SETS: Final = Note(
    "RG008",
    Severity.WARNING,
    "several control sets differ; {chosen} was read",
    "Export CurrentControlSet, which is the one that Windows uses.",
)
BOTH: Final = Note(
    "RG009",
    Severity.WARNING,
    "is in force together with other policies: those of netsh ipsec and of Windows Firewall apply at once, and answers"
    " about one of them alone are undecided",
)
SAME_NAME: Final = Note("RG010", Severity.WARNING, "is the name of an object of netsh ipsec and of Windows Firewall")
UNCHECKED: Final = Note(
    "RG011",
    Severity.WARNING,
    "{what} was read as it is described; this could not be checked against a real one",
    "Where you can, give what `reg export` writes.",
)

NO_HEAD: Final = Note(
    "RG020", Severity.ERROR, "is no file of the registry editor", "Export the key with `reg export` or regedit."
)
NO_BRACKET: Final = Note("RG021", Severity.ERROR, "the name of a key has no end", "Export the key anew.")
NO_VALUE: Final = Note("RG022", Severity.ERROR, "this is neither a value nor a key", "Export the key anew.")
NO_DATA: Final = Note("RG023", Severity.ERROR, "the data of this value cannot be read", "Export the key anew.")
NOT_BYTES: Final = Note("RG024", Severity.ERROR, "the bytes of this value are damaged", "Export the key anew.")
CUT_OFF: Final = Note("RG025", Severity.ERROR, "the bytes of this value are cut off", "Export the key anew.")
NO_TYPE: Final = Note("RG026", Severity.ERROR, "the type of this value is not known", "Export the key anew.")

NOT_SURE: Final = Note("RG030", Severity.WARNING, "was left out, as it runs only {condition}")
BAD_COMMAND: Final = Note(
    "RG031", Severity.ERROR, "reg.exe does not take this command: {reason}", "Correct the line, or comment it out."
)

UNKNOWN_COMMAND: Final = Note(
    "RG032",
    Severity.WARNING,
    "may change policies, and in which way is not in this file",
    "Run the script on a scratch machine, and give what `reg export` writes there.",
)

NO_HIVE: Final = Note("RG040", Severity.ERROR, "is no hive of the registry", "Give what `reg save` wrote.")
NO_EXPORT: Final = Note(
    "RG041",
    Severity.ERROR,
    "is an export in a form that is not documented, and not the registry hive that some of them are",
    "Import it on a scratch machine (netsh ipsec static importpolicy, or netsh advfirewall import), and give what"
    " `reg export` writes there.",
)
DAMAGED_HIVE: Final = Note("RG042", Severity.ERROR, "the hive is damaged at byte {offset}: {reason}", "Save it anew.")
DIRTY: Final = Note(
    "RG043",
    Severity.WARNING,
    "was copied from a running system: changes that stand only in its transaction logs are missing",
    "Use `reg save`, which writes a hive that is complete.",
)
DAMAGED_POL: Final = Note("RG044", Severity.ERROR, "the file is damaged at byte {offset}: {reason}", "Copy it anew.")
