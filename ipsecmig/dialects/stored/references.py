"""Which object refers to which, forwards as Windows reads and backwards as it writes, and where the two disagree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from typing import Final

from ipsecmig.dialects.stored import messages
from ipsecmig.dialects.stored.findings import About, Findings
from ipsecmig.dialects.stored.objects import Index, text, texts
from ipsecmig.stored.attributes import (
    DATA,
    DATA_TYPE,
    FILTER_ACTION,
    FILTER_LIST,
    MAIN_MODE,
    NAME,
    OWNERS,
    RULES,
    SPELLING,
)
from ipsecmig.stored.blobs.nfa import VERSION_TYPE
from ipsecmig.stored.objects import ObjectClass, StoredObject, object_name, parse_name

_FORWARD: Final = {
    ObjectClass.POLICY: (MAIN_MODE, RULES),
    ObjectClass.NFA: (FILTER_LIST, FILTER_ACTION),
}
_OWNER: Final = {
    ObjectClass.ISAKMP_POLICY: ObjectClass.POLICY,
    ObjectClass.NFA: ObjectClass.POLICY,
    ObjectClass.NEGOTIATION_POLICY: ObjectClass.NFA,
    ObjectClass.FILTER: ObjectClass.NFA,
}
"""What refers to an object of each class. There is nothing else, so references cannot go in a circle."""


def links(stored: StoredObject) -> Iterator[str]:
    """Yield the names of the objects that an object refers to, there or not."""
    for attribute in _FORWARD.get(stored.kind, ()):
        yield from _names(stored, attribute)


def _names(stored: StoredObject, attribute: str) -> Iterator[str]:
    for reference in texts(stored, attribute):
        named = parse_name(reference)
        yield reference if named is None else object_name(*named)


def used(objects: Index) -> frozenset[str]:
    """Return the names of the objects that some policy uses, itself or through its rules."""
    policies = [stored for stored in objects.values() if stored.kind is ObjectClass.POLICY]
    direct = {name for policy in policies for name in links(policy) if name in objects}
    rules = [objects[name] for name in direct if objects[name].kind is ObjectClass.NFA]
    return frozenset(direct | {name for rule in rules for name in links(rule) if name in objects})


def check(objects: Index, in_use: Set[str], findings: Findings) -> None:
    """Say what nothing uses, and where the references in both directions contradict each other."""
    users: dict[str, set[str]] = {}
    for stored in objects.values():
        for name in links(stored):
            users.setdefault(name, set()).add(stored.name)
    for stored in objects.values():
        about = About(findings, stored, stored.origin)
        is_used = stored.kind is ObjectClass.POLICY or stored.name in in_use
        _check_types(about, about.doubt if is_used else about.say)
        _check_owners(about, objects, users.get(stored.name, set()))
        if not is_used:
            _say_unused(about)


def _check_types(about: About, complain: Callable[..., None]) -> None:
    """Complain of an attribute that would be passed over, as it is no text, or ipsecData of no bytes.

    ipsecDataType is not looked at: real policies have other numbers than the documented one.
    """
    stored = about.stored
    for name, spelling in SPELLING.items():
        found = stored.attributes.get(name)
        kind = bytes if name == DATA else str
        if name != DATA_TYPE and found is not None and not all(isinstance(value, kind) for value in found.values):
            complain(messages.BAD_TYPE, attribute=spelling)


def _check_owners(about: About, objects: Index, users: Set[str]) -> None:
    """Compare the owners that an object names with the objects that use it."""
    stored, place = about.stored, about.attribute(OWNERS)
    owners = list(_names(stored, OWNERS))
    for owner in owners:
        named = parse_name(owner)
        if named is None or named[0] is not _OWNER.get(stored.kind):
            place.say(messages.BAD_OWNER, owner=owner)
        elif owner not in objects:
            place.say(messages.LOST_OWNER, owner=owner)
        elif owner not in users:
            matters = stored.kind is ObjectClass.NFA
            (place.doubt if matters else place.say)(messages.NOT_LISTED, owner=owner)
    for user in sorted(users - set(owners)) if owners else ():
        place.say(messages.OTHER_OWNER, user=user)


def _say_unused(about: About) -> None:
    data = about.stored.attributes.get(DATA)
    if data is not None and any(isinstance(v, bytes) and v.startswith(VERSION_TYPE) for v in data.values):
        about.say(messages.VERSION)
        return
    called = text(about.stored, NAME)
    about.say(messages.UNUSED, called=f' "{called}"' if called else "")
