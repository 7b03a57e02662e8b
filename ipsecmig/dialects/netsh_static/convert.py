"""The dialect `netsh-static`: scripts of `netsh ipsec static` commands, in whatever container."""

from __future__ import annotations

from ipsecmig.dialects import containers, decoding
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.netsh_static.execute import execute


def read(source: Source, options: ReadOptions) -> Reading:
    """Return what the script `source` leaves behind.

    Raises InputError for what is no text or no script, UsageError for an unknown encoding.
    """
    decoded = decoding.decode(source, options)
    scanned = containers.statements(decoded.text, source.name, options)
    reading = execute(scanned.statements, options, (source.name,))
    return Reading(reading.store, (*decoded.diagnostics, *scanned.diagnostics, *reading.diagnostics))
