"""The dialect `netdiag`, as the registry lists it."""

from __future__ import annotations

import re
from typing import Final

from ipsecmig.dialects.base import Dialect, Evidence, Reading, ReadOptions, Source

_TITLE: Final = re.compile(rb"IP Security test[ .]*:|Filter Id[ \t]*:[ \t]*\{", re.IGNORECASE)


def read(source: Source, options: ReadOptions) -> Reading:
    """Read `source` by the reader itself, which is imported only now."""
    from ipsecmig.dialects.netdiag.convert import read as read_it

    return read_it(source, options)


def detect(source: Source) -> int:
    """Return how sure it is, from 0 to 100, that `source` is such an output."""
    return 97 if len(_TITLE.findall(source.data[: 1 << 16].replace(b"\0", b""))) > 1 else 0


DIALECT: Final = Dialect(
    name="netdiag",
    title="output of netdiag /test:ipsec /debug (Windows 2000, XP and 2003)",
    detect=detect,
    read=read,
    confidence="documented",
    suffixes=(".txt", ".log"),
    evidence=Evidence.LISTING,
    unverified=("flags other than Inbound Block",),
)
