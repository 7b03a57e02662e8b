"""Which entries of a dump matter, and what kind each is, by its distinguished name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from typing import Final, NamedTuple

from ipsecmig.stored.distinguished import Rdn, dns_domain, format_dn, parse_dn
from ipsecmig.stored.objects import ObjectClass, parse_name


class Role(Enum):
    """What an entry is to a policy."""

    OBJECT = "an object"
    ASSIGNMENT = "the assignment by a group policy object"
    GPO = "a group policy object"
    CONFLICT = "the loser of a replication conflict"
    DELETED = "a deleted object"


class Named(NamedTuple):
    """An entry that matters. `kind` and `guid` are those of an object; `gpo` is the GUID of the group policy object."""

    role: Role
    dn: str
    domain: str
    kind: ObjectClass = ObjectClass.POLICY
    guid: str = ""
    gpo: str = ""


_GUID: Final = r"\{[0-9a-f-]{36}\}"
_OBJECT: Final = re.compile(rf"({'|'.join(kind.value for kind in ObjectClass)}){_GUID}", re.IGNORECASE)
_LEFTOVER: Final = re.compile(rf"(?:{'|'.join(k.value for k in ObjectClass)}){_GUID}\n(CNF|DEL):", re.IGNORECASE)
_GPO: Final = re.compile(_GUID, re.IGNORECASE)
_UNDER_GPO: Final = ["ipsec", "windows", "microsoft", "machine"]
"""Where a group policy object says which policy it assigns, [MS-GPIPSEC] 2.2.2."""


def named(dn: str) -> Named | None:
    """Return what the entry called `dn` is; None where it has nothing to do with IPsec policies or is no name."""
    parts = parse_dn(dn)
    if not parts or parts[0].attribute != "cn":
        return None
    first, domain = parts[0].value, dns_domain(parts)
    if _OBJECT.fullmatch(first):
        name = parse_name(first)
        return None if name is None else Named(Role.OBJECT, format_dn(parts), domain, *name)
    leftover = _LEFTOVER.match(first)
    if leftover is not None:
        role = Role.CONFLICT if leftover[1].upper() == "CNF" else Role.DELETED
        return Named(role, format_dn(parts), domain)
    return _of_gpo(parts, domain)


def _of_gpo(parts: Sequence[Rdn], domain: str) -> Named | None:
    """Return the assignment or the group policy object that `parts` name."""
    values = [part.value.lower() for part in parts]
    role, above = (Role.ASSIGNMENT, values[4:]) if values[:4] == _UNDER_GPO else (Role.GPO, values)
    if len(above) < 2 or not _GPO.fullmatch(above[0]) or above[1] != "policies":
        return None
    return Named(role, format_dn(parts), domain, gpo=above[0].upper())
