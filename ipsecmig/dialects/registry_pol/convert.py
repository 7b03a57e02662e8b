"""The dialect `registry-pol`: the `registry.pol` of a group policy object.

It holds connection security rules; a policy of netsh ipsec stands in Active Directory and never in such a file.
"""

from __future__ import annotations

from typing import Final

from ipsecmig.diagnostics import Origin
from ipsecmig.dialects.base import Dialect, Evidence, Reading, ReadOptions, Source
from ipsecmig.dialects.registry_pol import syntax
from ipsecmig.dialects.registry_tree import messages
from ipsecmig.dialects.registry_tree.convert import reading
from ipsecmig.errors import InputError


def read(source: Source, options: ReadOptions) -> Reading:
    """Return the policies in the file `source`. Raises InputError for what is malformed or holds no policy."""
    try:
        changes = list(syntax.changes(source.data, source.name))
    except syntax.PolError as error:
        place = Origin(source.name, offset=error.offset)
        raise InputError((messages.DAMAGED_POL.say(place, reason=str(error), offset=error.offset),)) from error
    return reading(changes, source.name, options)


def detect(source: Source) -> int:
    """Return how sure it is, from 0 to 100, that `source` is a registry.pol."""
    return 100 if source.data.startswith(syntax.MAGIC) else 0


DIALECT: Final = Dialect(
    name="registry-pol",
    title="registry.pol of a group policy object",
    detect=detect,
    read=read,
    confidence="documented",
    suffixes=(".pol",),
    evidence=Evidence.STORE,
)
