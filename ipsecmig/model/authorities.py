"""The names of certification authorities: X.500 names as Windows, strongSwan and people write them."""

from __future__ import annotations

import re
from typing import Final

_PART: Final = re.compile(r'\s*([A-Za-z0-9.]+)\s*=\s*("(?:[^"]|"")*"|[^,;]*)\s*(?:[,;]|$)')

_KEYWORDS: Final = {"s": "st", "email": "e", "emailaddress": "e"}

_CHARON_KEYWORDS: Final = frozenset({"c", "cn", "dc", "e", "email", "emailaddress", "g", "i", "l", "o", "ou"}) | {
    "postalcode",
    "serialnumber",
    "sn",
    "st",
    "street",
    "t",
    "uid",
}
"""The keywords that strongSwan 5.9 reads, of those that Windows writes (CertNameToStr)."""


def name_parts(authority: str) -> tuple[tuple[str, str], ...] | None:
    """Return the keywords and values of an X.500 name as Windows writes it, None for a text that is no such name."""
    found = list(_PART.finditer(authority))
    if not found or "".join(m[0] for m in found) != authority:
        return None
    return tuple((m[1], m[2].strip()) for m in found)


def canonical_name(authority: str) -> str:
    """Return the X.500 name of an authority so that two spellings of one name are the same text."""
    folded = authority.casefold()
    parts = name_parts(folded)
    return folded if parts is None else ",".join(f"{_KEYWORDS.get(key, key)}={value}" for key, value in parts)


def charon_reads(authority: str) -> bool:
    """Whether charon takes the text for an X.500 name, and for the same one as Windows.

    It knows some keywords only, parts names at commas alone, and takes quotation marks for a part of the value; a text
    that it does not take for a name is an opaque identity, which no certificate has.
    """
    parts = name_parts(authority)
    return (
        parts is not None
        and not re.search(r'["\\;]', authority)
        and all(key.casefold() in _CHARON_KEYWORDS for key, _ in parts)
    )
