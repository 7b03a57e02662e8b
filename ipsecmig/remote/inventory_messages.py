"""What is said about lists of hosts; codes begin with HL. No message repeats a line: it may hold a password."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.dialects.notes import Note

_ADVICE: Final = "Write one host a line, or an Ansible inventory in its INI or YAML form."

SYNTAX: Final = Note("HL001", Severity.ERROR, "is no line of a list of hosts: {reason}", _ADVICE)
YAML: Final = Note("HL002", Severity.ERROR, "is no YAML inventory: {reason}", _ADVICE)
RANGE: Final = Note(
    "HL003", Severity.ERROR, "the range in a host's name is {reason}", "Write it as [01:20], [1:9:2] or [a:f]."
)
TEMPLATE: Final = Note(
    "HL004", Severity.ERROR, "{variable} is a template, which is not evaluated", "Write the value itself."
)
VALUE: Final = Note("HL005", Severity.ERROR, "{variable} is not {wanted}")
NO_GROUP: Final = Note("HL006", Severity.ERROR, 'the group "{group}" is not in the inventory')
CIRCLE: Final = Note("HL007", Severity.ERROR, 'the group "{group}" is among its own children')
EMPTY: Final = Note("HL008", Severity.ERROR, "holds no host", _ADVICE)


def notes() -> Iterator[Note]:
    """Yield all of them."""
    yield from (value for value in globals().values() if isinstance(value, Note))
