"""What is said about command lines of ipsecpol and ipseccmd. Codes are stable and never reused.

ERROR is what the tool refuses or what cannot be understood; WARNING is what is unlikely to be meant, or what rests on
documentation that nobody has compared with the tool; INFO is worth knowing.
"""

from __future__ import annotations

from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.dialects.notes import Note

_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
_ASSUME: Final = "or add --assume errors to go on without it."

# ---- The form of a command -----------------------------------------------------------------------------------------
UNKNOWN_OPTION: Final = Note("IC001", _ERROR, "there is no such option", f"Correct it, {_ASSUME}")
NO_OPTION: Final = Note("IC002", _ERROR, "no option stands before this word", f"Add its option, {_ASSUME}")
NO_VALUE: Final = Note("IC003", _ERROR, "{option} needs a value", "Give the value, or remove the option.")
SURPLUS: Final = Note(
    "IC004",
    _ERROR,
    "{option} takes no further word",
    'Put values that hold blanks in quotation marks ("..."); remove remarks behind the command.',
)
GIVEN_TWICE: Final = Note("IC005", _ERROR, "{option} is given twice", "Keep one of them.")
UNCLOSED: Final = Note("IC006", _ERROR, "this quotation mark is never closed", 'Add the missing `"`.')
MISSING: Final = Note("IC007", _ERROR, "{mode} needs {option}", f"Add it, {_ASSUME}")
EXCLUSIVE: Final = Note("IC008", _ERROR, "{option} does not go with {other}", "Keep one of them.")
STATIC_ONLY: Final = Note(
    "IC009",
    _ERROR,
    "{option} belongs to a stored policy, but there is no -w to say where it is stored",
    "Add -w REG, or remove the option.",
)
KEY_WITH_BLANKS: Final = Note(
    "IC010",
    _ERROR,
    "a word follows the preshared key; either the key holds blanks, or the word belongs to nothing",
    'Put the whole key in quotation marks: -a PRESHARE:"...".',
)

# ---- Values --------------------------------------------------------------------------------------------------------
BAD_FILTER: Final = Note(
    "IC020", _ERROR, "this is no filter", "Write SOURCE=DESTINATION:PORT:PROTOCOL, or + to filter both ways."
)
SLIPPED_SIGN: Final = Note(
    "IC021",
    _ERROR,
    "`{sign}` stands behind both addresses; the form is a slip in Microsoft's article KB813878",
    "Write it between the addresses, for example 0=*:PORT:PROTOCOL for what leaves this computer.",
)
BLANK_AFTER_COLON: Final = Note(
    "IC022",
    _WARNING,
    "the blanks behind a colon, as in Microsoft's article KB813878, were taken not to be meant",
    "Remove them.",
)
BAD_PROTOCOL: Final = Note("IC023", _ERROR, "this is no protocol", "Write TCP, UDP, ICMP, RAW or a number up to 255.")
BAD_WILDCARD: Final = Note(
    "IC024", _ERROR, "only the last numbers of an address can be `*`", "Write the address with a mask."
)
BAD_NEGOTIATION: Final = Note(
    "IC025",
    _ERROR,
    "this is not what -n takes",
    "Write PASS, BLOCK or offers such as ESP[3DES,SHA]100000k/3600s: no colon before the lifetime, SHA and not SHA1.",
)
MIXED_NEGOTIATION: Final = Note(
    "IC026", _ERROR, "PASS and BLOCK stand alone; they do not go with offers or with each other", "Keep one of them."
)
BAD_AUTHENTICATION: Final = Note(
    "IC027",
    _ERROR,
    "this is no authentication method",
    'Write KERBEROS, PRESHARE:"key" or CERT:"name of the authority"; the first letter of each is enough.',
)
BAD_MAIN_MODE: Final = Note(
    "IC028",
    _ERROR,
    "this is not what {option} takes",
    "Write methods such as 3DES-SHA-2 for -1s, and 10q/3600s for -1k.",
)
BAD_STORE: Final = Note(
    "IC029", _ERROR, "this is no store", "Write REG for the local registry, or DS:DOMAIN for a domain."
)
BAD_SECONDS: Final = Note("IC030", _ERROR, "{option} takes a number of seconds", "Correct the number.")
PORT_WITHOUT_PROTOCOL: Final = Note(
    "IC031",
    _ERROR,
    "a port needs protocol TCP or UDP; this filter has {protocol}",
    "Add :TCP or :UDP behind the last port, for example *=0:80:TCP or 0:80+*::TCP.",
)

# ---- Meaning -------------------------------------------------------------------------------------------------------
UNVERIFIED: Final = Note(
    "IC040",
    _WARNING,
    "{what} was read as public documentation has it, which nobody has compared with the tool",
    "Compare the result with what `ipseccmd show all` or the IP Security Policies snap-in shows on such a computer.",
)
DEFAULT_OFFERS: Final = Note(
    "IC041",
    _WARNING,
    "there is no -n: the default offers of the tool were taken, which are not verified ({offers})",
    "Add -n with offers.",
)
CONTRADICTION: Final = Note(
    "IC042",
    _WARNING,
    "a filter in {brackets} beside {other} is not documented",
    "Give filters in brackets or parentheses a command of their own, without -n.",
)
MIXED_PFS: Final = Note(
    "IC043",
    _WARNING,
    "only some offers ask for session key PFS, or in different groups; a filter action here has one answer for all",
    "Ask for the same in every offer.",
)
RULE_CHANGED: Final = Note(
    "IC044",
    _WARNING,
    'the policy "{policy}" has a rule "{rule}" already that says something else; whether the tool replaces it or adds'
    " to it is not verified",
    "Give every rule a name of its own.",
)
POLICY_CHANGED: Final = Note(
    "IC045",
    _WARNING,
    'the policy "{policy}" exists already with another {what}; whether the tool changes that is not verified',
    "Say the same in every command line about this policy.",
)
FILTERS_TWICE: Final = Note(
    "IC046",
    _WARNING,
    "dynamic rules with these filters exist already and do something else; which of them holds is not verified",
    "Remove one of the two.",
)
MAIN_MODE_FILTERS: Final = Note(
    "IC047",
    _WARNING,
    "main mode filters of their own (-1f) cannot be said of a policy here",
    "Leave -1f out, so that main mode follows the filters of -f.",
)
QUERY: Final = Note("IC048", _INFO, "only shows what is in force, and changes nothing")
OTHERS_DELETED: Final = Note(
    "IC049",
    _WARNING,
    "whether -u deletes the dynamic rules that netsh made is not verified",
    "Delete them with `netsh ipsec dynamic delete all`.",
)
ASKED: Final = "if the question that -confirm asks is answered with yes"
