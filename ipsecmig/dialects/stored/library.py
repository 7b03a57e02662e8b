"""The filter lists and filter actions of one store, each under a name of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import TypeVar

from ipsecmig.dialects.stored.actions import Negotiation, is_default_response, read_negotiation
from ipsecmig.dialects.stored.filters import read_filters
from ipsecmig.dialects.stored.findings import About, Findings
from ipsecmig.dialects.stored.names import given_name, kept_apart
from ipsecmig.dialects.stored.objects import Index, blob, text
from ipsecmig.dialects.stored.references import links
from ipsecmig.model.policy import Filter, FilterAction, FilterList, StoreLocation
from ipsecmig.stored.attributes import DESCRIPTION
from ipsecmig.stored.blobs import FilterBlob
from ipsecmig.stored.objects import ObjectClass, StoredObject

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Library:
    """What rules refer to, by the names of the objects; what is not understood at all is not there."""

    lists: Mapping[str, FilterList]
    actions: Mapping[str, FilterAction]
    negotiations: Mapping[str, Negotiation]


def read_library(objects: Index, in_use: Set[str], store: StoreLocation, findings: Findings) -> Library:
    """Return the filter lists and filter actions among `objects`; `in_use` are the names of those that policies use."""
    filters = dict(_read(objects, ObjectClass.FILTER, _filters, in_use, findings))
    negotiations = dict(_read(objects, ObjectClass.NEGOTIATION_POLICY, read_negotiation, in_use, findings))
    lists = _lists(objects, filters, store)
    return Library(lists, _actions(objects, negotiations, lists, store), negotiations)


def _read(
    objects: Index, kind: ObjectClass, read: Callable[[About], T | None], in_use: Set[str], findings: Findings
) -> Iterator[tuple[str, T]]:
    """Yield every object of one kind that is understood."""
    for stored in objects.values():
        if stored.kind is kind:
            own = Findings()
            found = read(About(own, stored, stored.origin))
            findings.absorb(own, matters=stored.name in in_use)
            if found is not None:
                yield stored.name, found


def _filters(about: About) -> tuple[Filter, ...] | None:
    parsed = blob(about, FilterBlob.parse)
    return None if parsed is None else read_filters(about, parsed)


def _lists(objects: Index, filters: Mapping[str, tuple[Filter, ...]], store: StoreLocation) -> Mapping[str, FilterList]:
    stored = [objects[name] for name in filters]
    names = kept_apart([given_name(one) or f"Filter list {one.guid}" for one in stored])
    return {
        one.name: FilterList(name, filters[one.name], text(one, DESCRIPTION), store, one.guid, one.origin)
        for one, name in zip(stored, names, strict=True)
    }


def _actions(
    objects: Index, negotiations: Mapping[str, Negotiation], lists: Mapping[str, FilterList], store: StoreLocation
) -> Mapping[str, FilterAction]:
    stored = [objects[name] for name in negotiations if not is_default_response(objects[name])]
    users = _first_users(objects)
    names = kept_apart([given_name(one) or _unnamed_action(one, users.get(one.name), lists) for one in stored])
    return {
        one.name: _action(one, name, negotiations[one.name], store) for one, name in zip(stored, names, strict=True)
    }


def _action(stored: StoredObject, name: str, said: Negotiation, store: StoreLocation) -> FilterAction:
    return FilterAction(
        name,
        said.action,
        said.offers,
        said.pfs,
        None,
        said.inbound_passthrough,
        said.soft,
        text(stored, DESCRIPTION),
        store,
        stored.guid,
        stored.origin,
    )


def _first_users(objects: Index) -> Mapping[str, StoredObject]:
    """Return the first rule that refers to each object."""
    found: dict[str, StoredObject] = {}
    for stored in objects.values():
        if stored.kind is ObjectClass.NFA:
            for name in links(stored):
                found.setdefault(name, stored)
    return found


def _unnamed_action(stored: StoredObject, user: StoredObject | None, lists: Mapping[str, FilterList]) -> str:
    """Return a name for the filter action that a rule has for itself alone."""
    if user is None:
        return f"Filter action {stored.guid}"
    names = [given_name(user), *(lists[name].name for name in links(user) if name in lists)]
    return f"Filter action of {next((n for n in names if n), user.guid)}"
