"""What is said about LDIF; its codes begin with LD."""

from __future__ import annotations

from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.dialects.notes import Note

MALFORMED: Final = Note(
    "LD001",
    Severity.ERROR,
    "this line of an IPsec object cannot be read: {flaw}",
    "Dump the container again; an editor or a mail program may have wrapped or cut the lines.",
)
REFERENCE: Final = Note(
    "LD002",
    Severity.ERROR,
    "the value of {attribute} is a reference (`:<`), and no other file is ever opened",
    "Put the value itself there: `{attribute}:: ` and its base64.",
)
NO_DN: Final = Note(
    "LD003",
    Severity.ERROR,
    "this record does not begin with `dn:`, so that nobody can tell what it belongs to",
    "Dump the container again, or take the line out where it is a heading.",
)
NOTHING_READABLE: Final = Note(
    "LD004",
    Severity.ERROR,
    "{count} IPsec object(s) are listed without their attributes: whoever made this dump may not read them",
    "Dump the container as a domain administrator.",
)
SOME_UNREADABLE: Final = Note(
    "LD005",
    Severity.ERROR,
    "the object {name} is listed without its attributes",
    "Dump the container as somebody who may read all of it, such as a domain administrator.",
)
NO_OBJECTS: Final = Note(
    "LD006",
    Severity.WARNING,
    "holds no IPsec object among its {count} entries",
    'Dump "CN=IP Security,CN=System,DC=..." with its subtree.',
)
CHANGE: Final = Note(
    "LD007",
    Severity.WARNING,
    "this record changes what is not in the file ({change}), and was not applied",
    "Dump the container after the change.",
)
PARTIAL_VALUES: Final = Note(
    "LD008",
    Severity.WARNING,
    "the values of {attribute} are only a part of all (`{option}`)",
    "Dump the container with a tool that fetches all values, such as ldifde.",
)
PARTIAL_RESULT: Final = Note(
    "LD009",
    Severity.WARNING,
    "the search that made this dump did not end well ({result}), so that objects may be missing",
    "Search again without a limit, or in pages.",
)
LEFTOVER: Final = Note(
    "LD010",
    Severity.INFO,
    "left out: {name} is {what}, which Windows does not follow",
)
UNCHECKED: Final = Note(
    "LD012",
    Severity.WARNING,
    "{what} was read as it is documented; this could not be checked against a real one",
    "Compare with `netsh ipsec static show gpoassignedpolicy` on a member of the domain.",
)
NOT_UTF8: Final = Note(
    "LD011",
    Severity.WARNING,
    "the value of {attribute} is not UTF-8, which LDIF must be; it was read as {encoding}",
    "Name the code page of the machine that wrote the file with --encoding.",
)
