"""Names for what has none, and different names for what shares one: the model finds objects by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ipsecmig.dialects.stored.objects import text
from ipsecmig.stored.attributes import NAME
from ipsecmig.stored.objects import ObjectClass, StoredObject, parse_name

_GUID: Final = re.compile(r"\{?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?", re.IGNORECASE)
_FILLED_BY_WINDOWS_2000: Final = frozenset({ObjectClass.NFA, ObjectClass.NEGOTIATION_POLICY, ObjectClass.ISAKMP_POLICY})


def given_name(stored: StoredObject) -> str:
    """Return the name that people gave the object, or an empty text.

    Windows 2000 puts a GUID or the path of a key where nobody gave one.
    """
    name = text(stored, NAME)
    if stored.kind in _FILLED_BY_WINDOWS_2000 and (_GUID.fullmatch(name) or parse_name(name) is not None):
        return ""
    return name


def kept_apart(names: Sequence[str]) -> tuple[str, ...]:
    """Return `names`, with a number in parentheses after those that another one before has, without case."""
    taken = set[str]()
    chosen: list[str] = []
    free = {name.casefold() for name in names}
    numbers: dict[str, int] = {}
    for name in names:
        key, unique = name.casefold(), name
        while unique.casefold() in taken or (unique is not name and unique.casefold() in free):
            numbers[key] = numbers.get(key, 1) + 1
            unique = f"{name} ({numbers[key]})"
        taken.add(unique.casefold())
        chosen.append(unique)
    return tuple(chosen)
