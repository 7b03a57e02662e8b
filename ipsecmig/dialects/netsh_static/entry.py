"""The dialect `netsh-static`, as the registry lists it."""

from __future__ import annotations

import re
from typing import Final

from ipsecmig.dialects.base import Dialect, Reading, ReadOptions, Source
from ipsecmig.dialects.netsh_static.assumptions import ASSUMPTIONS

_LOOKED_AT: Final = 1 << 20
_LINES: Final = re.IGNORECASE | re.MULTILINE
_CERTAIN = re.compile(rb"\bipsec[ \t]+(?:static|dynamic)\b", re.IGNORECASE)
_LIKELY = re.compile(rb"^[ \t]*(?:static[ \t]+)?(?:add|set|del(?:ete)?)[ \t]+filter(?:list|action)?[ \t]", _LINES)
_POSSIBLE = re.compile(rb"\bnetsh\b", re.IGNORECASE)


def read(source: Source, options: ReadOptions) -> Reading:
    """Read `source` by the reader itself, which is imported only now."""
    from ipsecmig.dialects.netsh_static.convert import read as read_it

    return read_it(source, options)


def detect(source: Source) -> int:
    """Return how sure it is, from 0 to 100, that `source` is a script of `netsh ipsec static` commands."""
    beginning = source.data[:_LOOKED_AT].replace(b"\0", b"")
    for pattern, confidence in ((_CERTAIN, 95), (_LIKELY, 60), (_POSSIBLE, 20)):
        if pattern.search(beginning):
            return confidence
    return 0


DIALECT: Final = Dialect(
    name="netsh-static",
    title="netsh ipsec static and dynamic commands in a batch file, a netsh script or PowerShell",
    detect=detect,
    read=read,
    confidence="documented",
    suffixes=(".bat", ".cmd", ".txt", ".nsh", ".ps1"),
    assumptions=ASSUMPTIONS,
    unverified=("the defaults of qmsecmethods", "the default of action", "rules named by number"),
)
