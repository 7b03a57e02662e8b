"""Stored objects as the entries of a directory, and the order in which a server takes them.

An attribute that refers to an entry is only taken when that entry is there (MS-ADTS 3.1.1.5.2.2), and owners and owned
refer to each other: entries come in the order of their forward references, the references to owners are added last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from ipsecmig.stored.distinguished import IP_SECURITY, Rdn, format_dn
from ipsecmig.stored.ldif import write_record
from ipsecmig.stored.objects import Container, ObjectClass, StoredObject, object_name, parse_name

_ORDER: Final = (
    ObjectClass.FILTER,
    ObjectClass.NEGOTIATION_POLICY,
    ObjectClass.ISAKMP_POLICY,
    ObjectClass.NFA,
    ObjectClass.POLICY,
)
"""Each kind refers only to kinds before it, but for owners."""

_OWNERS: Final = "ipsecOwnersReference"
_FORWARD: Final = (
    "ipsecISAKMPReference",
    "ipsecNFAReference",
    "ipsecFilterReference",
    "ipsecNegotiationPolicyReference",
)
_PLAIN: Final = (
    "ipsecName",
    "description",
    "ipsecID",
    "ipsecDataType",
    "ipsecData",
    "iPSECNegotiationPolicyType",
    "iPSECNegotiationPolicyAction",
)
"""The attributes of entries, in the order in which they are written; a server sets all others itself."""

Base = tuple[Rdn, ...]


def restoring(container: Container, domain: Base) -> Iterator[str]:
    """Yield the records that put the objects of `container` into the IP Security container of `domain`."""
    objects = _ordered(container.objects)
    for one in objects:
        pairs: list[tuple[str, str | bytes]] = [
            ("changetype", "add"),
            ("objectClass", one.kind.value),
            ("cn", one.name),
        ]
        pairs += _values(one, _PLAIN, domain) + _values(one, _FORWARD, domain)
        yield write_record(_dn(one.name, domain), pairs)
    for one in objects:
        owners = _values(one, (_OWNERS,), domain)
        if owners:
            yield write_record(_dn(one.name, domain), [("changetype", "modify"), ("add", _OWNERS), *owners]) + "-\n"


def removing(container: Container, domain: Base) -> Iterator[str]:
    """Yield the records that take the objects of `container` out of `domain`, whatever refers before what it means."""
    for one in reversed(_ordered(container.objects)):
        yield write_record(_dn(one.name, domain), [("changetype", "delete")])


def _ordered(objects: Iterable[StoredObject]) -> list[StoredObject]:
    return sorted(objects, key=lambda one: (_ORDER.index(one.kind), one.guid))


def _dn(name: str, domain: Base) -> str:
    return format_dn((Rdn("cn", name), *IP_SECURITY, *domain))


def _values(one: StoredObject, names: Iterable[str], domain: Base) -> list[tuple[str, str | bytes]]:
    found: list[tuple[str, str | bytes]] = []
    for name in names:
        attribute = one.attributes.get(name.lower())
        values = () if attribute is None else attribute.values
        found += [(name, _reference(v, domain) if name.endswith("Reference") else _plain(v)) for v in values]
    return found


def _plain(value: str | int | bytes) -> str | bytes:
    return str(value) if isinstance(value, int) else value


def _reference(value: str | int | bytes, domain: Base) -> str:
    """Return the DN of the object that a reference names, however it does. Raises ValueError for no reference."""
    named = parse_name(str(value))
    if named is None:
        raise ValueError(f"{value!r} refers to no object")
    return _dn(object_name(*named), domain)
