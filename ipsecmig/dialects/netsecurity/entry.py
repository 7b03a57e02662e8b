"""The dialect `netsecurity-ps1`, as the registry lists it."""

from __future__ import annotations

import re
from typing import Final

from ipsecmig.dialects.base import Dialect, Reading, ReadOptions, Source
from ipsecmig.dialects.consec.draft import ASSUMPTIONS

_LOOKED_AT: Final = 1 << 20
_CERTAIN: Final = re.compile(
    rb"\b(?:New|Set|Remove|Enable|Disable)-NetIPsec(?:\w*Rule|\w+Set)\b|\bSet-NetFirewallSetting\b", re.IGNORECASE
)
_OTHERS: Final = re.compile(rb"^[ \t&@({]*(?:\"?[^\s\"'#]*[\\/])?netsh(?:\.exe)?\"?[ \t]", re.IGNORECASE | re.MULTILINE)


def detect(source: Source) -> int:
    """Return how sure it is, from 0 to 100, that `source` is such a script; one that runs netsh too is netsh's."""
    beginning = source.data[:_LOOKED_AT].replace(b"\0", b"")
    if not _CERTAIN.search(beginning):
        return 0
    return 20 if _OTHERS.search(beginning) else 95


def read(source: Source, options: ReadOptions) -> Reading:
    """Read `source` by the reader itself, which is imported only now."""
    from ipsecmig.dialects.netsecurity.convert import read as read_it

    return read_it(source, options)


DIALECT: Final = Dialect(
    "netsecurity-ps1",
    "plain PowerShell scripts of New-NetIPsecRule and the sets that belong to it",
    detect,
    read,
    "documented",
    (".ps1",),
    ASSUMPTIONS,
    unverified=("that the cmdlets take what is read here",),
)
