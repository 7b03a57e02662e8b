"""The dialect `reg-query`: what `reg query KEY /s` prints."""

from __future__ import annotations

import re
from typing import Final

from ipsecmig.diagnostics import Origin
from ipsecmig.dialects import decoding
from ipsecmig.dialects.base import Dialect, Evidence, Reading, ReadOptions, Source
from ipsecmig.dialects.reg_query import syntax
from ipsecmig.dialects.registry_tree import messages
from ipsecmig.dialects.registry_tree.convert import reading

_LOOKED_AT: Final = 1 << 16
_OLD_HEAD = re.compile(rb"^! REG\.EXE VERSION \d", re.MULTILINE)
_KEY_AND_VALUE = re.compile(rb"^HKEY_[A-Z_]+(?:\\[^\r\n]*)?[\r\n]+ {4}[^\r\n]*?(?:\t| {4})REG_[A-Z_]+", re.MULTILINE)
_KEY_ONLY = re.compile(rb"\A\s*HKEY_[A-Z_]+(?:\\[^\r\n]*)?$", re.MULTILINE)


def read(source: Source, options: ReadOptions) -> Reading:
    """Return the policies in the output `source`.

    Raises InputError for what is malformed or holds no policy, UsageError for an unknown encoding.
    """
    decoded = decoding.decode(source, options)
    unchecked = messages.UNCHECKED.say(Origin(source.name, 1, 1), what="the output of reg query")
    changes = syntax.changes(decoded.text, source.name)
    return reading(changes, source.name, options, (*decoded.diagnostics, unchecked))


def detect(source: Source) -> int:
    """Return how sure it is, from 0 to 100, that `source` was printed by `reg query`."""
    beginning = source.data[:_LOOKED_AT].replace(b"\0", b"")
    for pattern, confidence in ((_OLD_HEAD, 98), (_KEY_AND_VALUE, 97), (_KEY_ONLY, 50)):
        if pattern.search(beginning):
            return confidence
    return 0


DIALECT: Final = Dialect(
    name="reg-query",
    title="output of reg query KEY /s",
    detect=detect,
    read=read,
    confidence="unverified",
    suffixes=(".txt",),
    evidence=Evidence.STORE,
    unverified=("the layout of lines, of all versions of Windows",),
)
