"""The dialect `reg`: files of the registry editor."""

from __future__ import annotations

import re
from typing import Final

from ipsecmig.diagnostics import Diagnostic, Origin
from ipsecmig.dialects import decoding
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.reg_file import syntax
from ipsecmig.dialects.registry_tree import messages
from ipsecmig.dialects.registry_tree.convert import reading
from ipsecmig.errors import InputError

_UNICODE: Final = frozenset({"ascii", "utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"})
_STRING_AS_BYTES: Final = re.compile(r"=[ \t]*hex\([127]\):", re.IGNORECASE)
_ANSI: Final = "cp1252"
"""The code page of strings in an old file that is plain ASCII itself."""


def read(source: Source, options: ReadOptions) -> Reading:
    """Return the policies in the file `source`.

    Raises InputError for what is malformed or holds no policy, UsageError for an unknown encoding.
    """
    decoded = decoding.decode(source, options)
    head = syntax.head(decoded.text)
    if head is None:
        first = "Windows Registry Editor Version 5.00, or REGEDIT4"
        raise InputError((messages.NO_HEAD.say(Origin(source.name, 1, 1), "", first),))
    encoding = "utf-16-le"
    if head.old:
        encoding = _ANSI if decoded.encoding in _UNICODE else decoded.encoding
    changes = syntax.changes(decoded.text, source.name, head.end, encoding)
    unchecked = _unchecked(decoded.text, source.name) if head.old else ()
    return reading(changes, source.name, options, (*decoded.diagnostics, *unchecked))


def _unchecked(text: str, file: str) -> tuple[Diagnostic, ...]:
    """Return a warning where an old file has strings in hexadecimal."""
    found = _STRING_AS_BYTES.search(text)
    if found is None:
        return ()
    what = "a string in hexadecimal in a REGEDIT4 file"
    return (messages.UNCHECKED.say(Origin(file, text.count("\n", 0, found.start()) + 1), what=what),)
