"""The dialect `reg-add`, as the registry lists it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ipsecmig.dialects.base import Dialect, Reading, ReadOptions, Source
from ipsecmig.dialects.stored.unverified import UNVERIFIED

_LOOKED_AT: Final = 1 << 20
_WRITES = re.compile(
    rb"\breg(?:\.exe)?[ \t]+add[ \t][^\r\n]{0,300}\\(?:ipsec\\policy|windowsfirewall|firewallpolicy)\\", re.IGNORECASE
)
CONDITIONS: Final = "conditions"
_ASSUMPTIONS: Final[Mapping[str, str]] = {
    CONDITIONS: "every command that depends on a run-time condition runs",
}


def read(source: Source, options: ReadOptions) -> Reading:
    """Read `source` by the reader itself, which is imported only now."""
    from ipsecmig.dialects.reg_add.convert import read as read_it

    return read_it(source, options)


def detect(source: Source) -> int:
    """Return how sure it is, from 0 to 100, that `source` is a script that writes a policy into the registry."""
    return 90 if _WRITES.search(source.data[:_LOOKED_AT].replace(b"\0", b"")) else 0


DIALECT: Final = Dialect(
    name="reg-add",
    title="scripts of reg add commands that write a policy into the registry",
    detect=detect,
    read=read,
    confidence="seen",
    suffixes=(".bat", ".cmd"),
    assumptions=_ASSUMPTIONS,
    unverified=UNVERIFIED,
)
