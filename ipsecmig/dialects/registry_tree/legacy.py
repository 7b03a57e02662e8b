r"""Stored policies in a registry: the containers below `...\IPSec` and what assigns a policy.

Sources: [MS-GPIPSEC] 2.2.1 for the objects; Windows keeps them in keys of the same names.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ipsecmig.diagnostics import Diagnostic, Origin
from ipsecmig.dialects.registry_tree import messages
from ipsecmig.dialects.registry_tree.paths import Place
from ipsecmig.model.policy import NotUnderstood, StoreKind, StoreLocation
from ipsecmig.stored.objects import Assignment, Attribute, Container, StoredObject, object_name, parse_name
from ipsecmig.stored.registry import RegistryKey, RegistryValue

_STORES: Final = {"local": StoreKind.LOCAL, "persistent": StoreKind.PERSISTENT, "cache": StoreKind.CACHE}
_BY_GROUP_POLICY: Final = frozenset(
    {"", "dsipsecpolicypath", "dsipsecpolicyname", "dsipsecpolicyflags", "dsipsecpolicydescription"}
)
_GROUP_POLICY: Final = "gptipsecpolicy"
_LDAP: Final = "ldap://"


class Legacy(NamedTuple):
    """What the keys below `IPSec` hold, the local store first."""

    containers: tuple[Container, ...]
    not_understood: tuple[NotUnderstood, ...]
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    objects: dict[StoreKind, list[StoredObject]] = field(default_factory=dict)
    assignments: dict[StoreKind, Assignment] = field(default_factory=dict)
    not_understood: list[NotUnderstood] = field(default_factory=list)

    def doubt(self, text: str, reason: str, origin: Origin) -> None:
        self.not_understood.append(NotUnderstood(text, reason, origin))


def read(keys: Sequence[tuple[Place, RegistryKey]]) -> Legacy:
    """Return what `keys`, all of them below `IPSec`, hold. Values that no policy store has are not understood."""
    found = _Found()
    for place, key in keys:
        _read_key(place.rest.lower().split("\\") if place.rest else [], key, found)
    is_known = any(place.rest.lower() in {"", _GROUP_POLICY} for place, _ in keys)
    overridden = _settle_group_policy(found, is_known=is_known)
    containers = tuple(_container(kind, found) for kind in StoreKind if kind in found.objects)
    return Legacy(containers, tuple(found.not_understood), overridden)


def _container(kind: StoreKind, found: _Found) -> Container:
    assignment = found.assignments.get(kind)
    assignments = () if assignment is None else (assignment,)
    return Container(StoreLocation(kind), tuple(found.objects[kind]), assignments)


def _read_key(names: Sequence[str], key: RegistryKey, found: _Found) -> None:
    if not names or names == ["policy"]:
        _check(key, {""}, found)
    elif names == [_GROUP_POLICY]:
        _check(key, _BY_GROUP_POLICY, found)
        if path := _text(key, "dsipsecpolicypath", found):
            text = path[len(_LDAP) :] if path.lower().startswith(_LDAP) else path
            found.assignments[StoreKind.CACHE] = Assignment(text, "", key.values["dsipsecpolicypath"].origin)
    elif names[0] != "policy" or names[1] not in _STORES or len(names) > 3:
        if key.values:
            found.doubt(key.path, "is no key that an IPsec policy store has", key.origin)
    elif len(names) == 2:
        _read_store(_STORES[names[1]], key, found)
    else:
        _read_object(_STORES[names[1]], names[2], key, found)


def _read_store(kind: StoreKind, key: RegistryKey, found: _Found) -> None:
    found.objects.setdefault(kind, [])
    _check(key, {"", "activepolicy"}, found)
    if path := _text(key, "activepolicy", found):
        found.assignments[kind] = Assignment(path, "", key.values["activepolicy"].origin)


def _read_object(kind: StoreKind, name: str, key: RegistryKey, found: _Found) -> None:
    objects = found.objects.setdefault(kind, [])
    parsed = parse_name(name)
    if parsed is None or object_name(*parsed).lower() != name:
        found.doubt(key.path, "its name is that of no object of an IPsec policy", key.origin)
        return
    attributes = {name: _attribute(value) for name, value in key.values.items() if name}
    objects.append(StoredObject(*parsed, attributes, key.origin))


def _attribute(value: RegistryValue) -> Attribute:
    values = value.data if isinstance(value.data, tuple) else (value.data,)
    return Attribute(values, value.origin)


def _text(key: RegistryKey, name: str, found: _Found) -> str:
    """Return the text of the value `name`, nothing where there is none; what is no text is not understood."""
    value = key.values.get(name)
    if value is None or isinstance(value.data, str):
        return "" if value is None else str(value.data)
    found.doubt(
        f"{key.path}\\{value.name}", "is no text, as which it would name the policy that is assigned", value.origin
    )
    return ""


def _check(key: RegistryKey, known: Set[str], found: _Found) -> None:
    for name, value in key.values.items():
        if name not in known:
            found.doubt(f"{key.path}\\{value.name}", "is no value that an IPsec policy store has", value.origin)


def _settle_group_policy(found: _Found, *, is_known: bool) -> tuple[Diagnostic, ...]:
    """Let a policy that Group Policy assigns take the place of the local one, which Windows then ignores.

    `is_known` says that the file would tell if there were one.
    """
    assigned = found.assignments.get(StoreKind.CACHE)
    cached = found.objects.get(StoreKind.CACHE, ())
    if assigned is None:
        if cached and not is_known:
            reason = (
                "whether Group Policy assigns a policy of the domain is not in the file: export the whole key IPSec"
            )
            found.doubt(cached[0].name, reason, cached[0].origin)
        return ()
    name = parse_name(assigned.policy)
    if not any((one.kind, one.guid) == name for one in cached):
        reason = "Group Policy assigns this policy, but the cached copy of it is not in the file: convert it as well"
        found.doubt(assigned.policy, reason, assigned.origin)
        del found.assignments[StoreKind.CACHE]
        return ()
    local = found.assignments.pop(StoreKind.LOCAL, None)
    return () if local is None else (messages.OVERRIDDEN.say(local.origin, local.policy),)
