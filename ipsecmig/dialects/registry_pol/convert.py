"""The dialect `registry-pol`: the `registry.pol` of a group policy object.

It holds connection security rules; a policy of netsh ipsec stands in Active Directory and never in such a file.
"""

from __future__ import annotations

from ipsecmig.diagnostics import Origin
from ipsecmig.dialects.base import Reading, ReadOptions, Source
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
