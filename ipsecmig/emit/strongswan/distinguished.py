"""X.500 names as Windows writes them, as strongSwan reads them."""

from __future__ import annotations

import re
from typing import Final

_PART: Final = re.compile(r'\s*([A-Za-z0-9.]+)\s*=\s*("(?:[^"]|"")*"|[^,;]*)\s*(?:[,;]|$)')

_KEYWORDS: Final = {"S": "ST", "EMAIL": "E", "EMAILADDRESS": "E"}
"""Windows' keywords (CertNameToStr) that strongSwan spells otherwise."""


def ca_identity(authority: str) -> str:
    """Return the name of a root CA, written as Windows does, in one line for strongSwan.

    What is not such a name is returned as it is; it then matches no CA, and no peer is accepted.
    """
    plain = "".join(c if c.isprintable() else "?" for c in authority)
    parts = _PART.findall(plain)
    if not parts or "".join(m[0] for m in _PART.finditer(plain)) != plain:
        return plain
    return ", ".join(f"{_KEYWORDS.get(key.upper(), key)}={value.strip()}" for key, value in parts)
