"""The dialect `registry-pol`, as the registry lists it."""

from __future__ import annotations

from typing import Final

from ipsecmig.dialects.base import Dialect, Evidence, Reading, ReadOptions, Source

MAGIC: Final = b"PReg"


def read(source: Source, options: ReadOptions) -> Reading:
    """Read `source` by the reader itself, which is imported only now."""
    from ipsecmig.dialects.registry_pol.convert import read as read_it

    return read_it(source, options)


def detect(source: Source) -> int:
    """Return how sure it is, from 0 to 100, that `source` is a registry.pol."""
    return 100 if source.data.startswith(MAGIC) else 0


DIALECT: Final = Dialect(
    name="registry-pol",
    title="registry.pol of a group policy object",
    detect=detect,
    read=read,
    confidence="documented",
    suffixes=(".pol",),
    evidence=Evidence.STORE,
)
