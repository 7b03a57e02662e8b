"""The dialect `clixml`, as the registry lists it."""

from __future__ import annotations

from typing import Final

from ipsecmig.dialects.base import Dialect, Evidence, Reading, ReadOptions, Source
from ipsecmig.dialects.consec.draft import ASSUMPTIONS
from ipsecmig.dialects.xml_input.text import sniff

NAMESPACE: Final = "http://schemas.microsoft.com/powershell/2004/04"

_ROOT: Final = "Objs"


def read(source: Source, options: ReadOptions) -> Reading:
    """Read `source` by the reader itself, which is imported only now."""
    from ipsecmig.dialects.clixml.convert import read as read_it

    return read_it(source, options)


def detect(source: Source) -> int:
    """Return 100 for the root of CLIXML in its namespace, else 0."""
    root = sniff(source)
    return 100 if root is not None and root.name == _ROOT and root.namespace == NAMESPACE else 0


DIALECT: Final = Dialect(
    name="clixml",
    title="Export-Clixml of Get-NetIPsecRule and the sets and filters that belong to it",
    detect=detect,
    read=read,
    confidence="unverified",
    suffixes=(".xml", ".clixml"),
    assumptions=ASSUMPTIONS,
    evidence=Evidence.LISTING,
    unverified=(
        "the classes and properties of authentication and crypto proposals",
        "numbers in place of names, but in Enabled, Profiles and InboundSecurity and OutboundSecurity",
    ),
)
