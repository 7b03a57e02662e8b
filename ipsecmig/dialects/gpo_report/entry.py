"""The dialect `gpo-report`, as the registry lists it."""

from __future__ import annotations

from typing import Final

from ipsecmig.dialects.base import Dialect, Evidence, Reading, ReadOptions, Source
from ipsecmig.dialects.consec.draft import ASSUMPTIONS
from ipsecmig.dialects.xml_input.text import sniff

_ROOTS: Final = frozenset({"GPO", "GPOs", "report", "Rsop"})

NAMESPACE: Final = "http://www.microsoft.com/GroupPolicy/"
"""What the namespaces of all roots begin with."""


def read(source: Source, options: ReadOptions) -> Reading:
    """Read `source` by the reader itself, which is imported only now."""
    from ipsecmig.dialects.gpo_report.convert import read as read_it

    return read_it(source, options)


def detect(source: Source) -> int:
    """Return 100 for a root in a namespace of group policy, 60 for one that is called so, else 0."""
    root = sniff(source)
    if root is None or root.name not in _ROOTS:
        return 0
    return 100 if root.namespace.startswith(NAMESPACE) else 60


DIALECT: Final = Dialect(
    name="gpo-report",
    title="group policy report in XML (Get-GPOReport, GPMC, gpresult /x)",
    detect=detect,
    read=read,
    confidence="unverified",
    suffixes=(".xml",),
    assumptions=ASSUMPTIONS,
    evidence=Evidence.LISTING,
    unverified=(
        "connection security rules in reports, and what the elements of crypto sets are called",
        "ranks of settings in `gpresult /x`",
        "the extension of IP security policies",
        "how a report shows a preshared key",
    ),
)
