"""Filter lists: the filters of both versions, and which of them count."""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Origin
from ipsecmig.dialects.stored import messages
from ipsecmig.dialects.stored.addresses import check_protocol, flag, named, single_port, subnet
from ipsecmig.dialects.stored.expansion import own_filters
from ipsecmig.dialects.stored.filters_v2 import read_filter_v2
from ipsecmig.dialects.stored.findings import About, NotUnderstoodError
from ipsecmig.dialects.stored.objects import trailing
from ipsecmig.model.policy import Filter
from ipsecmig.model.selectors import Address, AddressRange, Family, ServerAddress, format_address
from ipsecmig.stored.attributes import DATA
from ipsecmig.stored.blobs import FilterBlob
from ipsecmig.stored.blobs.filters import FILTERS_OFFSET, FilterSpec
from ipsecmig.stored.blobs.filters_v2 import SECTION_OVERHEAD
from ipsecmig.stored.blobs.text import EMPTY, WideString
from ipsecmig.stored.numbers import SPECIAL, SPECIAL_DESTINATION


def read_filters(about: About, blob: FilterBlob) -> tuple[Filter, ...]:
    """Return the filters of a list, in their order, those of the second version last."""
    about = about.attribute(DATA)
    trailing(about, blob.rest)
    first = list(_first_version(about, blob))
    section = blob.section
    if section is None:
        return tuple(f for f in first if f is not None)
    about.say(messages.SECOND_VERSION)
    second: list[Filter] = []
    expanded: list[Filter] = []
    offset = FILTERS_OFFSET + sum(spec.size for spec in blob.filters) + SECTION_OVERHEAD
    for spec in section.filters:
        place = about.at(offset)
        try:
            filter_, has_expansion = read_filter_v2(spec, place.origin)
        except NotUnderstoodError as refused:
            place.refuse(refused)
        else:
            second.append(filter_)
            expanded += [filter_] * has_expansion
        offset += spec.size
    own = own_filters(first, expanded)
    if own is None or not _agree(blob, len(own)):
        about.doubt(messages.FILTER_COUNT)
    return (*(first if own is None else own), *second)


def _agree(blob: FilterBlob, own: int) -> bool:
    """Whether the stored numbers of filters fit those found; of the first version with or without what is expanded."""
    section = blob.section
    counts = {len(blob.filters), own}
    return section is None or (blob.declared in counts and section.first_version in {0, *counts})


def _first_version(about: About, blob: FilterBlob) -> Iterator[Filter]:
    """Yield the filters of the first version that are understood."""
    file, line, column, end_column, _ = about.origin
    offset = FILTERS_OFFSET
    for spec in blob.filters:
        origin = Origin(file, line, column, end_column, offset)
        try:
            yield _read(about, spec, origin)
        except NotUnderstoodError as refused:
            about._replace(origin=origin).refuse(refused)
        offset += spec.size


def _read(about: About, spec: FilterSpec, origin: Origin) -> Filter:
    """Return the filter. Raises NotUnderstoodError."""
    source_name, destination_name, description, _, mirrored, *rest = spec
    source_address, source_mask, destination_address, destination_mask, tunnel, protocol, *rest = rest
    source_port, destination_port, is_tunnel, special, _ = rest
    if tunnel or is_tunnel:
        raise NotUnderstoodError(messages.FILTER_TUNNEL)
    source = _side(about, origin, source_name, source_address, source_mask)
    destination = _side(about, origin, destination_name, destination_address, destination_mask)
    if special:
        source, destination = _special(special, source, destination)
    ports = single_port(source_port), single_port(destination_port)
    check_protocol(protocol, ports)
    return Filter(
        source,
        destination,
        protocol,
        *ports,
        flag(mirrored, "mirrored filters"),
        "" if description is EMPTY else description.text,
        origin,
    )


def _side(about: About, origin: Origin, name: WideString, address: int, mask: int) -> Address:
    network, stated = subnet(address, mask)
    if stated is not None:
        shown = network.text() if isinstance(network, AddressRange) else "any"
        about._replace(origin=origin).say(
            messages.HOST_BITS, address=format_address(Family.IPV4, stated), network=shown
        )
    return network if name is EMPTY else named(name, network)


def _special(special: int, source: Address, destination: Address) -> tuple[Address, Address]:
    """Return both sides, one of them the servers that `special` stands for."""
    role = SPECIAL.get(special & ~SPECIAL_DESTINATION)
    if role is None:
        raise NotUnderstoodError(messages.SPECIAL, number=special)
    return (source, ServerAddress(role)) if special & SPECIAL_DESTINATION else (ServerAddress(role), destination)
