"""The dialect `reg`: files of the registry editor."""

from __future__ import annotations

import re
from typing import Final

from ipsecmig.diagnostics import Origin
from ipsecmig.dialects import decoding
from ipsecmig.dialects.base import Dialect, Evidence, Reading, ReadOptions, Source
from ipsecmig.dialects.reg_file import syntax
from ipsecmig.dialects.registry_tree import messages
from ipsecmig.dialects.registry_tree.convert import reading
from ipsecmig.errors import InputError

_LOOKED_AT: Final = 1 << 10
_HEAD = re.compile(
    rb"[\s\xef\xbb\xbf\xff\xfe]*(?:Windows Registry Editor Version 5\.00|REGEDIT4)[ \t\r\n]", re.IGNORECASE
)
_UNICODE: Final = frozenset({"ascii", "utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"})
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
    return reading(changes, source.name, options, decoded.diagnostics)


def detect(source: Source) -> int:
    """Return how sure it is, from 0 to 100, that `source` is a file of the registry editor."""
    return 100 if _HEAD.match(source.data[:_LOOKED_AT].replace(b"\0", b"")) else 0


DIALECT: Final = Dialect(
    name="reg",
    title="files of the registry editor (.reg), version 5.00 and REGEDIT4",
    detect=detect,
    read=read,
    confidence="seen",
    suffixes=(".reg",),
    evidence=Evidence.STORE,
    unverified=("strings in hexadecimal in REGEDIT4 files",),
)
