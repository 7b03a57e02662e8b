"""LDIF of a domain's IP Security container as a policy store ([MS-GPIPSEC] 2.2.1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from ipsecmig.diagnostics import Diagnostic, Origin
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.decoding import decode
from ipsecmig.dialects.ldif import messages
from ipsecmig.dialects.ldif.entries import Role
from ipsecmig.dialects.ldif.records import Complain, Dump, Entry, Reader
from ipsecmig.dialects.stored.convert import read_containers
from ipsecmig.model.policy import StoreKind, StoreLocation
from ipsecmig.stored.attributes import OWNERS
from ipsecmig.stored.objects import Assignment, Attribute, Container, StoredObject

_SAYS_NOTHING: Final = frozenset({"objectclass", "cn", "name"})
_UTF8_MARK: Final = b"\xef\xbb\xbf"
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff", b"\0", b"v\0", b"d\0", b"#\0")


def read(source: Source, options: ReadOptions) -> Reading:
    """Return the policy store of `source`; raises InputError for what is not text."""
    said: list[Diagnostic] = []
    dump = Reader(source, said.append).read(_content(source, options, said.append))
    _check(dump, Origin(source.name), said.append)
    reading = read_containers(containers(dump), (source.name,))
    doubts = (*dump.not_understood, *reading.store.not_understood)
    return Reading(replace(reading.store, not_understood=doubts), (*said, *reading.diagnostics))


def containers(dump: Dump) -> tuple[Container, ...]:
    """Return what the dump holds, one container for each domain."""
    domains = dict.fromkeys(one.named.domain.lower() for one in dump.entries if one.named.role is not Role.GPO)
    return tuple(_container(domain, dump.entries) for domain in domains)


def _content(source: Source, options: ReadOptions, complain: Complain) -> bytes:
    """Return the text in UTF-8: it is taken as it is unless it is wide (`ldifde -u`) or the user names an encoding."""
    if options.encoding is None and not source.data.startswith(_WIDE):
        return source.data.removeprefix(_UTF8_MARK)
    decoded = decode(source, options)
    for diagnostic in decoded.diagnostics:
        complain(diagnostic)
    return decoded.text.encode("utf-8", "replace")


def _check(dump: Dump, origin: Origin, complain: Complain) -> None:
    """Say so where there is nothing, or nothing readable, to make a policy of."""
    objects = [one for one in dump.entries if one.named.role is Role.OBJECT]
    mute = [one for one in objects if _SAYS_NOTHING.issuperset(one.attributes)]
    if not objects and not dump.not_understood:
        complain(messages.NO_OBJECTS.say(origin, count=dump.count))
    elif mute and len(mute) == len(objects):
        complain(messages.NOTHING_READABLE.say(mute[0].origin, count=len(mute)))
    else:
        for one in mute:
            complain(messages.SOME_UNREADABLE.say(one.origin, name=one.named.dn))
    assigning = next((one for one in dump.entries if one.named.role is Role.ASSIGNMENT), None)
    if assigning is not None:
        complain(messages.UNCHECKED.say(assigning.origin, what="the assignment by a group policy object"))
    if dump.change is not None:
        complain(messages.UNCHECKED.say(dump.change, what="a file of changes, as ldifde writes it,"))


def _container(domain: str, entries: Sequence[Entry]) -> Container:
    mine = [one for one in entries if one.named.domain.lower() == domain]
    objects = (
        StoredObject(one.named.kind, one.named.guid, one.attributes, one.origin)
        for one in mine
        if one.named.role is Role.OBJECT
    )
    return Container(StoreLocation(StoreKind.DOMAIN, domain), tuple(objects), tuple(_assignments(mine)))


def _assignments(entries: Sequence[Entry]) -> Iterator[Assignment]:
    """Yield what the group policy objects assign, each under the name of its GPO where the dump has that."""
    names = {one.named.gpo: _text(one, "displayname") for one in entries if one.named.role is Role.GPO}
    for one in entries:
        if one.named.role is Role.ASSIGNMENT:
            policies = one.attributes.get(OWNERS, Attribute(())).values
            for policy in policies:
                yield Assignment(str(policy), names.get(one.named.gpo) or one.named.gpo, one.origin)


def _text(entry: Entry, name: str) -> str:
    values = entry.attributes.get(name, Attribute(())).values
    return str(values[0]) if values else ""
