"""The objects of a policy store, as the registry and Active Directory both hold them ([MS-GPIPSEC] 2.2.1).

The containers differ (keys and values, entries and attributes); the names, the references and the blobs do not. Readers
of containers make these objects, and writers of containers take them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NamedTuple

from ipsecmig.diagnostics import NOWHERE, Origin
from ipsecmig.model.policy import LOCAL_STORE, StoreLocation


class ObjectClass(Enum):
    """The kinds of objects, by the name of their class; the name of an object is its class and its GUID."""

    POLICY = "ipsecPolicy"
    ISAKMP_POLICY = "ipsecISAKMPPolicy"
    NFA = "ipsecNFA"
    NEGOTIATION_POLICY = "ipsecNegotiationPolicy"
    FILTER = "ipsecFilter"


def object_name(kind: ObjectClass, guid: str) -> str:
    """Return the name of an object, which references end in: `ipsecNFA{...}`."""
    return f"{kind.value}{guid}"


class Attribute(NamedTuple):
    """The values of one attribute, in their order. Text is `str`, a DWORD `int`, ipsecData `bytes`."""

    values: tuple[str | int | bytes, ...]
    origin: Origin = NOWHERE


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object. `guid` is in lower case with braces; `attributes` go by their LDAP names in lower case.

    `origin` is the key or the entry; the origin of an attribute names the value, or its first line.
    """

    kind: ObjectClass
    guid: str
    attributes: Mapping[str, Attribute] = field(repr=False)  # a rule's blob holds preshared keys
    origin: Origin = field(default=NOWHERE, compare=False)

    @property
    def name(self) -> str:
        """The name that references end in: `ipsecNFA{...}`."""
        return object_name(self.kind, self.guid)


class Assignment(NamedTuple):
    """Which policy of a store is assigned: `policy` is a registry path or DN; `gpo` names the GPO that says so."""

    policy: str
    gpo: str = ""
    origin: Origin = NOWHERE


@dataclass(frozen=True, slots=True)
class Container:
    """Everything that one container holds: one store's objects, in the order in which they stood."""

    store: StoreLocation = LOCAL_STORE
    objects: tuple[StoredObject, ...] = ()
    assignments: tuple[Assignment, ...] = ()


_NAME: Final = re.compile(
    rf"({'|'.join(kind.value for kind in ObjectClass)})"
    r"(\{[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\})",
    re.IGNORECASE,
)
_KINDS: Final = {kind.value.lower(): kind for kind in ObjectClass}


def parse_name(name: str) -> tuple[ObjectClass, str] | None:
    """Return the class and the GUID of an object's name, such as `ipsecFilter{...}`; None where it is no such name.

    A registry path or a DN that ends or begins with such a name gives the same: its first one counts.
    """
    found = _NAME.search(name)
    return None if found is None else (_KINDS[found[1].lower()], found[2].lower())
