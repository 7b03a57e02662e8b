"""What is said about XML as XML, whatever it describes. Codes are stable and never reused."""

from __future__ import annotations

from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.dialects.notes import Note

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING
_AGAIN: Final = "Export it again; Windows' own tools write no such thing."

MALFORMED: Final = Note("XM001", _ERROR, "is not well-formed XML: {reason}", "Export it again, or repair it here.")
DOCUMENT_TYPE: Final = Note(
    "XM002", _ERROR, "a document type declaration is refused, and with it every entity that it could declare", _AGAIN
)
TOO_LARGE: Final = Note(
    "XM003", _ERROR, "is larger than the {limit} MiB that are read of an XML file", "Export one policy or store alone."
)
TOO_DEEP: Final = Note("XM004", _ERROR, "elements stand in each other more than {limit} deep", _AGAIN)
TOO_MANY: Final = Note("XM005", _ERROR, "more than {limit:,} {what}", "Export one policy or store alone.")
INCLUSION: Final = Note("XM006", _ERROR, "XInclude is refused: nothing outside this file is read", _AGAIN)
UNREADABLE: Final = Note(
    "XM007",
    _ERROR,
    "is no text in {encoding} ({reason}): {problem}",
    "Name the encoding that it is in, for example --encoding utf-16-le or --encoding cp1252, or export it again.",
)
OTHER_ENCODING: Final = Note(
    "XM008", _WARNING, "declares the encoding {declared}, and is read as {encoding}: {reason}", "Compare the names."
)
CUT_OFF: Final = Note(
    "XM009", _ERROR, 'ends before the element "{name}" that begins here ends: the file is cut off', "Copy it again."
)
OUTSIDE: Final = Note(
    "XM010", _WARNING, "text outside of the document is not read", "Remove what is no XML, for example a prompt."
)
NO_DOCUMENT: Final = Note("XM011", _ERROR, "holds no XML element", "Check that this is the right file.")
