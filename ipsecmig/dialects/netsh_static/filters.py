"""The commands about filter lists and filters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from ipsecmig.diagnostics import Diagnostic, Severity
from ipsecmig.dialects.netsh_static import defaults, messages
from ipsecmig.dialects.netsh_static.addresses import Location, Mask, subnet
from ipsecmig.dialects.netsh_static.binding import Call
from ipsecmig.dialects.netsh_static.objects import FilterKey, FilterListDraft, filter_key
from ipsecmig.dialects.netsh_static.session import Session, renamed
from ipsecmig.dialects.netsh_static.slots import RefusedError, Remark, Slot
from ipsecmig.model.policy import Filter
from ipsecmig.model.selectors import (
    ANY,
    ANY_PORT,
    ANY_PROTOCOL,
    ME,
    PORT_PROTOCOLS,
    Address,
    AddressRange,
    Family,
    ServerAddress,
    ServerRole,
    format_protocol,
)

KIND: Final = "filter list"
_WHOLE: Final = AddressRange.whole(Family.IPV4)
_ZERO: Final = AddressRange(Family.IPV4, 0, 0)
_ZERO_HOST: Final = Location(_ZERO, "host")
_HOST_PREFIX: Final = 32
_KEYWORD_PREFIXES: Final = {"any": 0, "me": _HOST_PREFIX, **{role.value: _HOST_PREFIX for role in ServerRole}}
_FORMS: Final = {"name": "a host name", "range": "a range", "slash": "the form address/prefix"}
_KEY_TAGS: Final = ("srcaddr", "dstaddr", "protocol", "srcport", "dstport", "mirrored")


def add_filterlist(session: Session, call: Call) -> None:
    """`add filterlist`: makes an empty list."""
    lists, name = session.workspace.store.lists, call.text_of("name")
    if session.is_new(call, KIND, lists):
        draft = session.workspace.list_for(name, call.origin())
        draft.header = replace(draft.header, description=call.get("description", ""))
        session.define(KIND, name, call.origin())


def set_filterlist(session: Session, call: Call) -> None:
    """`set filterlist`: renames or describes; rules follow."""
    store = session.workspace.store
    draft = _find_list(session, call)
    if draft is None:
        return
    old, new = draft.header.name, call.get("newname", draft.header.name)
    if new.casefold() != old.casefold() and not session.is_new(call, KIND, store.lists, "newname"):
        return
    draft.header = replace(draft.header, name=new, description=call.get("description", draft.header.description))
    if new != old:
        store.lists = renamed(store.lists, old.casefold(), new.casefold())
        session.define(KIND, new, call.origin())
        for policy, key, rule in list(store.rules()):
            if rule.filter_list.casefold() == old.casefold():
                policy.rules[key] = replace(rule, filter_list=new)


def delete_filterlist(session: Session, call: Call) -> None:
    """`delete filterlist`: removes one list or all, except those that rules use."""
    store = session.workspace.store
    users = {rule.filter_list.casefold(): rule.name for _, _, rule in store.rules()}
    session.delete(call, KIND, store.lists, users)


def add_filter(session: Session, call: Call) -> None:
    """`add filter`: adds to a list, which is made when it does not exist."""
    filter_ = read_filter(session, call)
    if filter_ is None:
        return
    name = call.text_of("filterlist")
    filters = session.workspace.list_for(name, call.origin()).filters
    session.define(KIND, name, call.origin())
    if filters.setdefault(filter_key(filter_), filter_) is not filter_:
        session.diagnostics.append(call.say(messages.FILTER_TWICE, name=name))


def delete_filter(session: Session, call: Call) -> None:
    """`delete filter`: removes the filter that matches in all parameters, those not given having their defaults."""
    wanted = read_filter(session, call)
    if wanted is None:
        return
    draft = session.workspace.store.lists.get(call.text_of("filterlist").casefold())
    filters = draft.filters if draft is not None else {}
    key = filter_key(wanted)
    if filters.pop(key, None) is not None:
        return
    if any(_agrees(other, key, call) for other in filters):
        session.diagnostics.append(call.say(messages.NEAR_MATCH))
        session.set_aside(call.text, "whether this deletes a filter is not verified", call.origin())
        return
    session.diagnostics.append(call.say(messages.NOTHING_TO_DELETE, what="such filter"))


def _agrees(other: FilterKey, wanted: FilterKey, call: Call) -> bool:
    """Whether the filter `other` agrees with `wanted` in what `call` gives."""
    return all(other[place] == wanted[place] for place, tag in enumerate(_KEY_TAGS) if call.given(tag))


def _find_list(session: Session, call: Call) -> FilterListDraft | None:
    lists = session.workspace.store.lists
    if call.given("name"):
        return session.look_up(call, KIND, lists)
    return session.look_up_by(
        call, KIND, "guid", lambda guid: next((d for d in lists.values() if d.header.guid == guid), None)
    )


def read_filter(session: Session, call: Call) -> Filter | None:
    """Return the filter that `call` describes; says so and returns None when its parameters do not go together."""
    said: list[Diagnostic] = []
    source, destination = _side(session, call, "src", said), _side(session, call, "dst", said)
    filter_ = Filter(
        source,
        destination,
        call.get("protocol", ANY_PROTOCOL),
        call.get("srcport", ANY_PORT),
        call.get("dstport", ANY_PORT),
        call.get("mirrored", defaults.MIRRORED),
        call.get("description", ""),
        call.origin(),
    )
    said.extend(_contradictions(call, filter_))
    session.diagnostics.extend(said)
    return None if any(d.severity is Severity.ERROR for d in said) else filter_


def _contradictions(call: Call, filter_: Filter) -> Iterator[Diagnostic]:
    sides = (filter_.source, filter_.destination)
    families = {side.family for side in sides if isinstance(side, AddressRange)}
    if len(families) > 1:
        yield call.say(messages.MIXED_FAMILIES)
    for side, other, tag in ((*sides, "dstaddr"), (*sides[::-1], "srcaddr")):
        if isinstance(side, ServerAddress) and other != ME:
            yield call.say(messages.SERVER_WITHOUT_ME, tag)
    for tag, port in (("srcport", filter_.source_port), ("dstport", filter_.destination_port)):
        if not port.is_any and filter_.protocol not in PORT_PROTOCOLS:
            protocol = format_protocol(filter_.protocol)
            yield call.say(messages.PORT_WITHOUT_PROTOCOL, tag, protocol=protocol)


def _side(session: Session, call: Call, side: str, said: list[Diagnostic]) -> Address:
    """Return the address of one side of the filter under its mask; objections go to `said`."""
    tag, mask_tag = f"{side}addr", f"{side}mask"
    location, mask = call.get(tag, Location(ANY, "any")), call.find(mask_tag, Mask)
    if mask is None and location == _ZERO_HOST:
        session.set_aside(call.text, "0.0.0.0 without a mask can mean `me` or `any`", call.origin(tag))
    remarks: list[Remark] = []
    try:
        address = under_mask(location, mask, Slot(tag, remarks))
    except RefusedError as refused:
        said.append(
            replace(call.say(refused.note, mask_tag, **{"tag": mask_tag, **refused.fields}), expected=refused.expected)
        )
        return ANY
    said.extend(call.say(remark.note, tag, **{"tag": tag, **remark.fields}) for remark in remarks)
    return address


def under_mask(location: Location, mask: Mask | None, slot: Slot) -> Address:
    """Return the address that `location` means under `mask`. Raises RefusedError when they do not go together."""
    address, form = location
    if form == "host" and isinstance(address, AddressRange):
        if mask is None and address == _ZERO:
            slot.remark(messages.ZERO_ADDRESS)
        return _stored(address if mask is None else subnet(address, mask, slot))
    if mask is not None and (form in ("range", "slash") or (form == "name" and mask.prefix != _HOST_PREFIX)):
        raise RefusedError(messages.MASK_NOT_APPLICABLE, "no mask", what=_FORMS[form])
    if mask is not None and form in _KEYWORD_PREFIXES and mask.prefix != _KEYWORD_PREFIXES[form]:
        slot.remark(messages.MASK_IGNORED, word=form)
    return _stored(address) if form == "slash" else address


def _stored(address: Address) -> Address:
    """Return what Windows' stored form of `address` means: 0.0.0.0 is `me`, and under the mask 0.0.0.0 it is `any`."""
    if address == _ZERO:
        return ME
    return ANY if address == _WHOLE else address
