"""The objects of one store by name, their attributes, and their references to each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from ipsecmig.dialects.stored import messages
from ipsecmig.dialects.stored.findings import About, Findings
from ipsecmig.stored.attributes import DATA, IDENTIFIER, SPELLING
from ipsecmig.stored.blobs import MalformedBlob
from ipsecmig.stored.objects import ObjectClass, StoredObject, object_name, parse_name

T = TypeVar("T")

Index = Mapping[str, StoredObject]
"""Objects by their name, `ipsecNFA{...}`."""


def texts(stored: StoredObject, attribute: str) -> tuple[str, ...]:
    """Return the values of an attribute that are text and not empty."""
    found = stored.attributes.get(attribute)
    return () if found is None else tuple(v for v in found.values if isinstance(v, str) and v)


def text(stored: StoredObject, attribute: str) -> str:
    """Return the first text of an attribute, or an empty one."""
    return next(iter(texts(stored, attribute)), "")


def index(objects: Iterable[StoredObject], findings: Findings) -> Index:
    """Return `objects` by name. Of two with one name the first counts, and if they differ, something is wrong."""
    found: dict[str, StoredObject] = {}
    for stored in objects:
        about = About(findings, stored, stored.origin)
        first = found.setdefault(stored.name, stored)
        if first is not stored:
            same = _content(first) == _content(stored)
            about.say(messages.REPEATED) if same else about.doubt(messages.TWICE)
            continue
        other = text(stored, IDENTIFIER)
        if other and other.lower() != stored.guid:
            about.attribute(IDENTIFIER).say(messages.OTHER_ID, other=other)
    return found


def _content(stored: StoredObject) -> dict[str, tuple[str | int | bytes, ...]]:
    return {name: attribute.values for name, attribute in stored.attributes.items()}


def blob(about: About, parse: Callable[[bytes], T]) -> T | None:
    """Return the blob of an object; says so and returns None where there is none or it is malformed."""
    attribute = about.stored.attributes.get(DATA)
    data = next((v for v in attribute.values if isinstance(v, bytes)), None) if attribute is not None else None
    if data is None:
        about.doubt(messages.NO_BLOB)
        return None
    try:
        return parse(data)
    except MalformedBlob as error:
        about.attribute(DATA).at(error.offset).doubt(messages.MALFORMED, found=error.found, wanted=error.expected)
        return None


def trailing(about: About, rest: bytes) -> None:
    """Object to what follows the known part of a blob, unless it is zeros."""
    if any(rest):
        about.attribute(DATA).doubt(messages.TRAILING, count=len(rest))


def one_referred(about: About, attribute: str, kind: ObjectClass, objects: Index) -> StoredObject | None:
    """Return what the reference `attribute` leads to; says so and returns None unless it is one object."""
    found = referred(about, attribute, kind, objects)
    values = len(texts(about.stored, attribute))
    if values == 0:
        about.doubt(messages.NO_REFERENCE, attribute=SPELLING[attribute])
    elif values > 1:
        about.attribute(attribute).doubt(messages.SEVERAL, attribute=SPELLING[attribute], count=values)
    return found[0] if found and values == 1 else None


def referred(about: About, attribute: str, kind: ObjectClass, objects: Index) -> tuple[StoredObject, ...]:
    """Return the objects that an attribute refers to, each once; says which are not there."""
    found: dict[str, StoredObject] = {}
    for reference in texts(about.stored, attribute):
        named = parse_name(reference)
        place = about.attribute(attribute)
        if named is None or named[0] is not kind:
            place.doubt(messages.BAD_REFERENCE, attribute=SPELLING[attribute], kind=kind.value)
            continue
        name = object_name(*named)
        if name in objects:
            found[name] = objects[name]
        else:
            place.doubt(messages.DANGLING, attribute=SPELLING[attribute], target=name)
    return tuple(found.values())
