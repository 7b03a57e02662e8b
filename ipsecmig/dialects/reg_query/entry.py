"""The dialect `reg-query`, as the registry lists it."""

from __future__ import annotations

import re
from typing import Final

from ipsecmig.dialects.base import Dialect, Evidence, Reading, ReadOptions, Source
from ipsecmig.dialects.stored.unverified import UNVERIFIED

_LOOKED_AT: Final = 1 << 16
_OLD_HEAD = re.compile(rb"^! REG\.EXE VERSION \d", re.MULTILINE)
_KEY_AND_VALUE = re.compile(rb"^HKEY_[A-Z_]+(?:\\[^\r\n]*)?[\r\n]+ {4}[^\r\n]*?(?:\t| {4})REG_[A-Z_]+", re.MULTILINE)
_KEY_ONLY = re.compile(rb"\A\s*HKEY_[A-Z_]+(?:\\[^\r\n]*)?$", re.MULTILINE)


def read(source: Source, options: ReadOptions) -> Reading:
    """Read `source` by the reader itself, which is imported only now."""
    from ipsecmig.dialects.reg_query.convert import read as read_it

    return read_it(source, options)


def detect(source: Source) -> int:
    """Return how sure it is, from 0 to 100, that `source` was printed by `reg query`."""
    beginning = source.data[:_LOOKED_AT].replace(b"\0", b"")
    for pattern, confidence in ((_OLD_HEAD, 98), (_KEY_AND_VALUE, 97), (_KEY_ONLY, 50)):
        if pattern.search(beginning):
            return confidence
    return 0


DIALECT: Final = Dialect(
    name="reg-query",
    title="output of reg query KEY /s",
    detect=detect,
    read=read,
    confidence="unverified",
    suffixes=(".txt",),
    evidence=Evidence.STORE,
    unverified=("the layout of lines, of all versions of Windows", *UNVERIFIED),
)
