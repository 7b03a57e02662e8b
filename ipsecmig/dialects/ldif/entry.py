"""The dialect `ldif`, as the registry lists it."""

from __future__ import annotations

from typing import Final

from ipsecmig.dialects.base import Dialect, Evidence, Reading, ReadOptions, Source
from ipsecmig.dialects.stored.unverified import UNVERIFIED
from ipsecmig.stored.ldif import records

_SAMPLE: Final = 1 << 16


def read(source: Source, options: ReadOptions) -> Reading:
    """Read `source` by the reader itself, which is imported only now."""
    from ipsecmig.dialects.ldif.convert import read as read_it

    return read_it(source, options)


def detect(source: Source) -> int:
    """Return 99 where the first line that is no comment begins an LDIF entry, else 0."""
    sample = source.data[:_SAMPLE].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \r\n")
    for record in records(sample):
        first = next(record.values(), None)
        if first is not None:
            return 99 if first.attribute == "dn" or (first.attribute == "version" and first.data == b"1") else 0
    return 0


DIALECT: Final = Dialect(
    name="ldif",
    title="LDIF of a domain's IP Security container, or the container itself (ldaps://)",
    detect=detect,
    read=read,
    confidence="seen",
    suffixes=(".ldif", ".ldf"),
    evidence=Evidence.STORE,
    unverified=("the assignment by group policy objects", "what ldifde itself writes", *UNVERIFIED),
)
