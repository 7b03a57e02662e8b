"""What is said about the output of `netsh ipsec static show`. Codes are stable and never reused.

Nothing printed is an error for itself: what cannot be understood is set aside, so that no answer claims anything. No
message quotes a value that can be a preshared key.
"""

from __future__ import annotations

from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.dialects.notes import Note

_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
_AGAIN: Final = (
    "Collect it again with `netsh ipsec static show all format=list wide=yes` and"
    " `netsh ipsec static show policy all level=verbose format=list wide=yes`, or export the registry key"
    " HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\IPSec instead."
)

# ---- What the output is --------------------------------------------------------------------------------------------
STATE: Final = Note(
    "SW001",
    _ERROR,
    "this is the state of the service (`netsh ipsec dynamic show`), not its policy",
    f"It is good for comparing, but nothing can be rebuilt from it. {_AGAIN}",
)
STATE_LEFT_OUT: Final = Note(
    "SW002",
    _INFO,
    "from here on stands the state of the service (`netsh ipsec dynamic show`), not its policy; it was left out",
)
NOTHING: Final = Note("SW003", _ERROR, "no output of `netsh ipsec static show` was found in it", _AGAIN)
FAILED: Final = Note(
    "SW004",
    _WARNING,
    "netsh reports the error {number}, so that what it should have printed is missing",
    f"Find out why the command failed. {_AGAIN}",
)
NO_ACCESS: Final = Note(
    "SW005",
    _WARNING,
    "netsh could not open the policy store (error {number})",
    "Run the command again as an administrator, with the service PolicyAgent running.",
)
EMPTY_STORE: Final = Note("SW006", _INFO, "netsh says that the store holds no policy (error {number})")
NO_POLICY: Final = Note(
    "SW007",
    _WARNING,
    "no policy is printed here, only {what}: which rules use them, and whether they are in force, is not known",
    f"Add the output that shows the policies. {_AGAIN}",
)

# ---- What rests on less than a capture -----------------------------------------------------------------------------
UNVERIFIED_BLOCKS: Final = Note(
    "SW010",
    _WARNING,
    "how Windows prints policies, rules and filter actions was read by the documented labels, which no capture"
    " confirmed",
    "Compare the result with another source of the same policy, for example a registry export.",
)
UNVERIFIED_LANGUAGE: Final = Note(
    "SW011",
    _WARNING,
    "the labels of the language {language} are plain translations, which no capture confirmed",
    "Compare the result with another source of the same policy, for example a registry export.",
)
LEARNT: Final = Note(
    "SW012",
    _WARNING,
    'the label "{label}" is in no table; by its place among the lines it is "{meaning}"',
    'If that is wrong, say what it is: --define "{label}=ENGLISH LABEL".',
)
UNVERIFIED_TABLE: Final = Note(
    "SW013",
    _WARNING,
    "how Windows prints tables is not verified",
    f"The format `list` is read with more certainty. {_AGAIN}",
)
UNVERIFIED_SERVER: Final = Note(
    "SW014", _WARNING, 'how Windows prints server addresses is not verified; "{value}" was read as {role}'
)
UNKNOWN_STORE: Final = Note(
    "SW015", _WARNING, 'which store "{value}" is, is not known; it was read as the local one', "Check the machine."
)
DEFAULT_RESPONSE: Final = Note(
    "SW016",
    _INFO,
    "a rule without a filter list was read as the default response rule, which Windows Vista and later ignore",
)
DESCRIPTION_BREAKS: Final = Note("SW017", _INFO, "a description goes over several lines")
TRAILER: Final = Note(
    "SW018", _INFO, 'the number "{label}", which stands alone, was taken for the count at the end of an output'
)

# ---- What is set aside ---------------------------------------------------------------------------------------------
UNKNOWN_LABEL: Final = Note(
    "SW030",
    _WARNING,
    'the label "{label}" is not known',
    'If you know what it means, say so: --define "{label}=ENGLISH LABEL" (for example Action or Protocol).',
)
MISPLACED: Final = Note(
    "SW031", _WARNING, 'the line "{label}" does not belong to {owner}', "Check whether lines were lost or moved."
)
SAID_TWICE: Final = Note(
    "SW032",
    _WARNING,
    'the line "{label}" stands twice in {owner}, with different values',
    "Check whether lines were lost, or whether a description holds line breaks.",
)
UNKNOWN_LINE: Final = Note("SW033", _WARNING, "this line is not understood", _AGAIN)
UNKNOWN_VALUE: Final = Note(
    "SW034",
    _WARNING,
    'the value "{value}" of "{label}" is not understood',
    'If it is a translated word, say which: --define "{value}=ENGLISH WORD" (for example YES, PERMIT or ANY).',
)
MISSING_LINE: Final = Note("SW035", _WARNING, 'the line "{label}" is missing from {owner}', _AGAIN)
WRONG_COUNT: Final = Note(
    "SW036",
    _WARNING,
    '"{label}" says {stated}, but {found} are printed: the output is cut, or was not understood whole',
    _AGAIN,
)
TRUNCATED: Final = Note(
    "SW037",
    _WARNING,
    "this name ends where the screen or the column does; netsh may have cut it (wide=no)",
    "Collect it again with wide=yes.",
)
CUT_OFF: Final = Note(
    "SW048",
    _WARNING,
    "the last line has no end, so that the output may be cut off within its value",
    "Collect it again; where it is whole, end the last line.",
)
WITHOUT_POLICY: Final = Note(
    "SW038", _WARNING, "a rule is printed without its policy, and was left out", f"Show the whole policy. {_AGAIN}"
)
CONTRADICTION: Final = Note(
    "SW039",
    _WARNING,
    'the {kind} "{name}" is printed twice with different contents; the first was kept',
    "The outputs are of different machines or times; give them one by one.",
)
NO_FILTER_LIST: Final = Note(
    "SW040", _WARNING, "the rule has no {part}, and was left out", f"Show the whole policy. {_AGAIN}"
)
MISSING_MASK: Final = Note(
    "SW041",
    _WARNING,
    "a filter has no line for the mask of an address; it was read as one host",
    "Compare with another source of the same policy.",
)
PORT_WITHOUT_PROTOCOL: Final = Note("SW042", _WARNING, "a filter has a port, but neither protocol TCP nor UDP")
OUT_OF_ORDER: Final = Note(
    "SW043",
    _WARNING,
    "the lines of a filter do not stand in the usual order, and their labels are only translations",
    "Say what the labels are with --define, or compare with another source of the same policy.",
)
GPO_POLICY: Final = Note(
    "SW044",
    _WARNING,
    'group policy assigns the policy "{name}", which is not printed here',
    "Add the output of the domain's store: `netsh ipsec static set store location=domain`, then `show all`.",
)
OVERRIDDEN: Final = Note(
    "SW045", _INFO, 'group policy assigns "{name}", which is in force instead of the assigned local policy "{other}"'
)
NOT_SHOWN: Final = Note(
    "SW046",
    _WARNING,
    "only the heading of the {kind} is printed, not what it holds",
    f"Show it with level=verbose. {_AGAIN}",
)
