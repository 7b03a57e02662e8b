"""The names of certification authorities: X.500 names as Windows, strongSwan and people write them."""

from __future__ import annotations

import re
from typing import Final

_KEYWORDS: Final = {"s": "st", "email": "e", "emailaddress": "e"}


def canonical_name(authority: str) -> str:
    """Return the X.500 name of an authority so that two spellings of one name are the same text."""
    parts = re.findall(r'\s*([^=,;]+?)\s*=\s*("[^"]*"|[^,;]*?)\s*(?:[,;]|$)', authority.casefold())
    return ",".join(f"{_KEYWORDS.get(key, key)}={value}" for key, value in parts) or authority.casefold()
