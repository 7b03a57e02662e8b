"""The dialect `hive`, as the registry lists it."""

from __future__ import annotations

from typing import Final

from ipsecmig.dialects.base import Dialect, Evidence, Reading, ReadOptions, Source
from ipsecmig.dialects.hive.cells import MAGIC
from ipsecmig.dialects.stored.unverified import UNVERIFIED

EXPORTS: Final = (".ipsec", ".wfw")


def read(source: Source, options: ReadOptions) -> Reading:
    """Read `source` by the reader itself, which is imported only now."""
    from ipsecmig.dialects.hive.convert import read as read_it

    return read_it(source, options)


def detect(source: Source) -> int:
    """Return how sure it is, from 0 to 100, that `source` is a hive or an export of that kind."""
    if source.data.startswith(MAGIC):
        return 100
    return 10 if source.name.lower().endswith(EXPORTS) else 0


DIALECT: Final = Dialect(
    name="hive",
    title="registry hives: SOFTWARE, SYSTEM, reg save; .ipsec and .wfw files that are hives",
    detect=detect,
    read=read,
    confidence="unverified",
    suffixes=(".hiv", ".dat", *EXPORTS),
    evidence=Evidence.STORE,
    unverified=("hives of a real machine", "exports of netsh (.ipsec, .wfw): whether they are hives", *UNVERIFIED),
)
