"""X.500 names as Windows writes them, as strongSwan reads them."""

from __future__ import annotations

from typing import Final

from ipsecmig.model.authorities import name_parts

_KEYWORDS: Final = {"S": "ST", "EMAIL": "E", "EMAILADDRESS": "E"}
"""Windows' keywords (CertNameToStr) that strongSwan spells otherwise."""


def ca_identity(authority: str) -> str:
    """Return the name of a root CA, written as Windows does, in one line for strongSwan.

    What is not such a name is returned as it is; it then matches no CA, and no peer is accepted.
    """
    plain = "".join(c if c.isprintable() else "?" for c in authority)
    parts = name_parts(plain)
    return plain if parts is None else ", ".join(f"{_KEYWORDS.get(key.upper(), key)}={value}" for key, value in parts)
