"""Removes preshared keys from text that is kept or shown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

HIDDEN: Final = "..."

_KEY = r"""(?:\w*psk\w*|\bps)["']?[ \t]*[=:][ \t]*|\bpreshare:[ \t]*"""
# ipseccmd takes the first letter of PRESHARE, behind -a and perhaps other methods.
_KEY += r"""|(?:^|[ \t])-a[ \t]+(?:(?:[^\s"]|"[^"]*")+[ \t]+){0,4}?"?p[a-z]{0,7}:[ \t]*"""
_NEXT = (
    r"[ \t]+(?:kerberos|rootca|name|newname|policy|filterlist|filteraction|tunnel|conntype|activate|description|id)"
    r"[ \t]*="
)
_SECRET = re.compile(rf"({_KEY})(?!\.\.\.(?:[ \t]|$))(?:\"[^\"]*\"?|(?!{_NEXT}).)+", re.IGNORECASE)


def redact(text: str) -> str:
    """Return `text`, one line of a script, without what can belong to a preshared key.

    Everything from a `psk=` to the next parameter of the command counts, as a key may hold blanks and quotes.
    """
    return "\n".join(_SECRET.sub(rf"\1{HIDDEN}", line) for line in text.split("\n"))


def blank_out(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return `text` with each of the `spans`, sorted and apart, replaced by three dots."""
    pieces, position = [], 0
    for start, end in spans:
        pieces += [text[position:start], HIDDEN]
        position = end
    return "".join([*pieces, text[position:]])
