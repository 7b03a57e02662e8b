"""The dialect `hive`: offline hives, what `reg save` writes, and `.ipsec` and `.wfw` exports that are hives."""

from __future__ import annotations

from ipsecmig.diagnostics import Origin
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.hive import walk
from ipsecmig.dialects.hive.cells import MAGIC, Hive, HiveError
from ipsecmig.dialects.hive.entry import EXPORTS
from ipsecmig.dialects.registry_tree import messages
from ipsecmig.dialects.registry_tree.convert import reading
from ipsecmig.errors import InputError


def read(source: Source, options: ReadOptions) -> Reading:
    """Return the policies in the hive `source`.

    Raises InputError for what is no hive, is damaged or holds no policy; UsageError where regipy is missing.
    """
    origin = Origin(source.name)
    if not source.data.startswith(MAGIC):
        note = messages.NO_EXPORT if source.name.lower().endswith(EXPORTS) else messages.NO_HIVE
        raise InputError((note.say(origin),))
    try:
        hive = Hive(source.data)
        changes = walk.changes(hive, source.name)
    except HiveError as error:
        place = Origin(source.name, offset=error.offset)
        raise InputError((messages.DAMAGED_HIVE.say(place, reason=str(error), offset=error.offset),)) from error
    said = [messages.UNCHECKED.say(origin, what="a hive")]
    if not hive.clean:
        said.append(messages.DIRTY.say(origin))
    if source.name.lower().endswith(EXPORTS):
        said.append(messages.UNCHECKED.say(origin, what="an export of netsh, which happens to be a hive,"))
    return reading(changes, source.name, options, said)
