"""The dialect `netsh-show`, as the registry lists it."""

from __future__ import annotations

import re
from typing import Final

from ipsecmig.dialects.base import Dialect, Evidence, Reading, ReadOptions, Source

_LOOKED_AT: Final = 1 << 16
_MAY_BE: Final = re.compile(
    rb"(?:^[^\s:][^\n:]{0,100}:[ \t\r][^\n]*\n[^:]*){2}|ERR IPsec\[|IKE Main Mode SAs at|\bdynamic[ \t]+show\b",
    re.IGNORECASE | re.MULTILINE,
)
"""Two lines with a label, or what netsh says of failures and of the state of the service."""


def read(source: Source, options: ReadOptions) -> Reading:
    """Read `source` by the reader itself, which is imported only now."""
    from ipsecmig.dialects.netsh_show.convert import read as read_it

    return read_it(source, options)


def detect(source: Source) -> int:
    """Return how sure it is, from 0 to 100, that `source` is such an output."""
    beginning = source.data[:_LOOKED_AT].replace(b"\0", b"")
    if not _MAY_BE.search(beginning):
        return 0
    from ipsecmig.dialects.netsh_show.recognition import certainty

    return certainty(source)


DIALECT: Final = Dialect(
    name="netsh-show",
    title="output of netsh ipsec static show, in several languages",
    detect=detect,
    read=read,
    confidence="seen",
    suffixes=(".txt", ".log"),
    evidence=Evidence.LISTING,
    unverified=(
        "policies, rules and filter actions",
        "tables",
        "server addresses",
        "labels of languages other than English and Chinese",
        "labels known by their place alone",
    ),
)
