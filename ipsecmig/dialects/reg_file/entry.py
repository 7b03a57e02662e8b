"""The dialect `reg`, as the registry lists it."""

from __future__ import annotations

import re
from typing import Final

from ipsecmig.dialects.base import Dialect, Evidence, Reading, ReadOptions, Source
from ipsecmig.dialects.stored.unverified import UNVERIFIED

_LOOKED_AT: Final = 1 << 10
_HEAD = re.compile(
    rb"[\s\xef\xbb\xbf\xff\xfe]*(?:Windows Registry Editor Version 5\.00|REGEDIT4)[ \t\r\n]", re.IGNORECASE
)


def read(source: Source, options: ReadOptions) -> Reading:
    """Read `source` by the reader itself, which is imported only now."""
    from ipsecmig.dialects.reg_file.convert import read as read_it

    return read_it(source, options)


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
    unverified=("strings in hexadecimal in REGEDIT4 files", *UNVERIFIED),
)
