"""What the containers say about a script. Codes are stable: IN for the input as a whole, BA batch, PS PowerShell."""

from __future__ import annotations

from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.dialects.notes import Note

MARKUP: Final = Note(
    "IN010",
    Severity.ERROR,
    "is markup (HTML or XML), not a script",
    "Copy the commands as they are shown in a browser into a text file of their own.",
)
SOURCE_CODE: Final = Note(
    "IN011",
    Severity.ERROR,
    "is the source of a program ({language}), not a script",
    "Run the program with netsh replaced by something that prints its arguments, and give that output.",
)
NO_COMMAND: Final = Note(
    "IN012",
    Severity.ERROR,
    "holds no command of netsh ipsec",
    "Give a batch file, a netsh script or a PowerShell script that has `netsh ipsec static` commands.",
)
TYPOGRAPHY: Final = Note(
    "IN013",
    Severity.WARNING,
    "{count} typographic character(s) in commands, first {name}, were read as their ASCII look-alikes{lines}",
    "Replace them; Windows takes typographic quotes, dashes and blanks as part of the value.",
)
QUOTED_COMMANDS: Final = Note(
    "IN014", Severity.INFO, "is a document: only its {what} were read", "Check that no command stands outside them."
)

UNCLOSED: Final = Note(
    "BA001",
    Severity.ERROR,
    "the parenthesis that opens here is never closed, so that Windows does not run the block",
    "Add the missing `)`.",
)
NOT_PARSED: Final = Note(
    "BA002", Severity.ERROR, "this is no valid batch command: {reason}", "Correct the line, or comment it out."
)
NO_LABEL: Final = Note("BA003", Severity.WARNING, "there is no label `:{label}`; the batch file stops here")
SPACED_SET: Final = Note(
    "BA004",
    Severity.WARNING,
    "the blank before `=` belongs to the name, so that this sets `%{name} %` and not `%{name}%`",
    "Write `set {name}=...` without blanks around the `=`.",
)
IDLE_PATH: Final = Note(
    "BA005",
    Severity.INFO,
    "the script does nothing {condition}; it was read as if it ran past this check",
)
TAKEN_TO_SUCCEED: Final = Note(
    "BA006", Severity.INFO, "what follows runs only if netsh succeeds; netsh is taken to succeed"
)
NO_VERB: Final = Note(
    "BA007",
    Severity.WARNING,
    "the netsh command ends after `{context}`; Windows waits for input here",
    "If the rest stands on the next line, end this one with `^`.",
)
OTHER_HOST: Final = Note(
    "BA008", Severity.WARNING, "this command changes the policy of {host}, and is read as that of the host converted"
)
SERVICE_STOPPED: Final = Note(
    "BA009",
    Severity.WARNING,
    "the IPsec service is stopped here and not started again: until then no policy is in force",
)
TOO_LONG: Final = Note(
    "BA010", Severity.WARNING, "with its variables filled in this line is over {limit} characters, more than cmd takes"
)
NETSH_IN_SCRIPT: Final = Note(
    "BA011",
    Severity.WARNING,
    "commands in a netsh script stand without `netsh`; Windows does not know this one",
    "Take `netsh` away, or name the file .cmd if it is meant as a batch file.",
)
NO_CONTEXT: Final = Note(
    "BA012",
    Severity.INFO,
    "no context was entered before this command; it was read in `ipsec static`",
    'Begin the script with `pushd ipsec static`, or run it with netsh -c "ipsec static" -f FILE.',
)
PARAMETER_DEFAULT: Final = Note(
    "PS001",
    Severity.INFO,
    "the parameter ${name} was given its default",
    "If the script is called with another value, add --define {name}=VALUE.",
)
NOT_CLOSED: Final = Note(
    "PS002", Severity.ERROR, "the {what} that opens here is never closed", "Add the missing `{end}`."
)
