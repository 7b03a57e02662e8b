"""The dialect `reg-query`: what `reg query KEY /s` prints."""

from __future__ import annotations

from ipsecmig.diagnostics import Origin
from ipsecmig.dialects import decoding
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.reg_query import syntax
from ipsecmig.dialects.registry_tree import messages
from ipsecmig.dialects.registry_tree.convert import reading


def read(source: Source, options: ReadOptions) -> Reading:
    """Return the policies in the output `source`.

    Raises InputError for what is malformed or holds no policy, UsageError for an unknown encoding.
    """
    decoded = decoding.decode(source, options)
    unchecked = messages.UNCHECKED.say(Origin(source.name, 1, 1), what="the output of reg query")
    changes = syntax.changes(decoded.text, source.name)
    return reading(changes, source.name, options, (*decoded.diagnostics, unchecked))
