"""The dialect `ipseccmd`: scripts with command lines of ipsecpol.exe and ipseccmd.exe.

Such scripts may hold netsh commands as well, and scripts of netsh commands may hold such lines: both are read alike.
"""

from __future__ import annotations

import re
from typing import Final

from ipsecmig.dialects.base import Dialect, Source
from ipsecmig.dialects.netsh_static.assumptions import ASSUMPTIONS
from ipsecmig.dialects.netsh_static.entry import read

_LOOKED_AT: Final = 1 << 20
_CERTAIN = re.compile(
    rb"\b(?:ipseccmd|ipsecpol)(?:\.exe)?[\"']?[ \t]+(?:\\\\\S+[ \t]+)?(?:-[a-z0-9]|show\b)", re.IGNORECASE
)
_POSSIBLE = re.compile(rb"\b(?:ipseccmd|ipsecpol)\b", re.IGNORECASE)


def detect(source: Source) -> int:
    """Return how sure it is, from 0 to 100, that `source` is a script of such command lines."""
    beginning = source.data[:_LOOKED_AT].replace(b"\0", b"")
    for pattern, confidence in ((_CERTAIN, 90), (_POSSIBLE, 15)):
        if pattern.search(beginning):
            return confidence
    return 0


DIALECT: Final = Dialect(
    name="ipseccmd",
    title="command lines of ipsecpol (Windows 2000) and ipseccmd (Windows XP) in a login script",
    detect=detect,
    read=read,
    confidence="seen",
    suffixes=(".bat", ".cmd", ".txt"),
    assumptions=ASSUMPTIONS,
    unverified=(
        "offers, INPASS and PFS of -n, -1s, -1k, -1p",
        "filters in parentheses",
        "`*` in addresses",
        "host names",
        "DEFAULT",
        "what a second line about one rule does",
        "the default of -n",
    ),
)
