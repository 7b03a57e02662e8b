"""Reads the JSON form of a policy store (`schemas/ir.schema.json`), as `show --format json` writes it."""

from __future__ import annotations

from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.decoding import decode


def read(source: Source, options: ReadOptions) -> Reading:
    """Return the policy store of `source`; raises InputError for what is not its JSON form."""
    from ipsecmig.model.serial import loads  # only here: most runs of the program read something else

    decoded = decode(source, options)
    return Reading(loads(decoded.text, source.name), decoded.diagnostics)
