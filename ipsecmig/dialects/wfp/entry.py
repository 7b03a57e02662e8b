"""The dialects `wfp-state` and `wfp-filters`, as the registry lists them."""

from __future__ import annotations

from typing import Final

from ipsecmig.dialects.base import Dialect, Evidence, Reading, ReadOptions, Source
from ipsecmig.dialects.xml_input.text import sniff

STATE: Final = "wfpstate"
FILTERS: Final = "wfpdiag"


def read(source: Source, options: ReadOptions) -> Reading:
    """Read `source` by the reader itself, which is imported only now."""
    from ipsecmig.dialects.wfp.convert import read as read_it

    return read_it(source, options)


def detect_state(source: Source) -> int:
    """Return 100 for a file whose root is that of `show state`, else 0."""
    return _detect(source, STATE)


def detect_filters(source: Source) -> int:
    """Return 100 for a file whose root is that of `show filters`, else 0."""
    return _detect(source, FILTERS)


def _detect(source: Source, name: str) -> int:
    root = sniff(source)
    return 100 if root is not None and root.name == name else 0


_UNVERIFIED: Final = (
    "the elements of provider contexts, and of filters of IPsec layers",
    "everything read from it: compiled state says nothing of what is blocked or passes unprotected",
)
STATE_DIALECT: Final = Dialect(
    name="wfp-state",
    title="state of the filtering platform (netsh wfp show state)",
    detect=detect_state,
    read=read,
    confidence="unverified",
    suffixes=(".xml",),
    evidence=Evidence.LISTING,
    unverified=_UNVERIFIED,
)
FILTERS_DIALECT: Final = Dialect(
    name="wfp-filters",
    title="filters of the platform (netsh wfp show filters)",
    detect=detect_filters,
    read=read,
    confidence="unverified",
    suffixes=(".xml",),
    evidence=Evidence.LISTING,
    unverified=_UNVERIFIED,
)
