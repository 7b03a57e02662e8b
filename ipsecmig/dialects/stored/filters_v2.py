"""Filters of the second version, as Windows Vista and later store what the first cannot say ([MS-GPIPSEC] 2.2.1.5)."""

from __future__ import annotations

from typing import Final, NamedTuple

from ipsecmig.diagnostics import Origin
from ipsecmig.dialects.stored import messages
from ipsecmig.dialects.stored.addresses import check_protocol, flag, named, subnet
from ipsecmig.dialects.stored.findings import NotUnderstoodError
from ipsecmig.model.policy import Filter
from ipsecmig.model.selectors import (
    ANY,
    ANY_PORT,
    ME,
    Address,
    AddressRange,
    AnyAddress,
    Family,
    PortRange,
    ServerAddress,
)
from ipsecmig.stored import numbers
from ipsecmig.stored.blobs.filters_v2 import AddressSpec, FilterSpecV2, PortSpec

_SYMBOLS: Final[dict[int, Address]] = {
    numbers.V2_ANY: ANY,
    numbers.V2_ME: ME,
    **{number: ServerAddress(role) for number, role in numbers.V2_SERVERS.items()},
}
_IPV4_OCTETS: Final = 4


class _Side(NamedTuple):
    """An address, and the only family that it is of if it is stored so."""

    address: Address
    family: Family | None


def read_filter_v2(spec: FilterSpecV2, origin: Origin) -> tuple[Filter, bool]:
    """Return the filter, and whether it stands beside filters of the first version that it was expanded to.

    Raises NotUnderstoodError.
    """
    if spec.flags & ~numbers.V2_HAS_EXPANSION:
        raise NotUnderstoodError(messages.FILTER_FLAGS, number=spec.flags)
    source, destination = _of_one_family(_side(spec.source), _side(spec.destination))
    ports = _ports(spec.source_ports), _ports(spec.destination_ports)
    check_protocol(spec.protocol, ports)
    filter_ = Filter(
        named(spec.source_name, source),
        named(spec.destination_name, destination),
        spec.protocol,
        *ports,
        flag(spec.mirrored, "mirrored filters"),
        spec.description.text,
        origin,
    )
    return filter_, bool(spec.flags & numbers.V2_HAS_EXPANSION)


def _side(spec: AddressSpec) -> _Side:
    symbol, family = _SYMBOLS.get(spec.type), numbers.V2_FAMILIES.get(spec.version)
    if symbol is not None:
        if family is None and spec.version not in (0, numbers.V2_BOTH):
            raise NotUnderstoodError(messages.ADDRESS_TYPE, what=f"version {spec.version}")
        return _Side(symbol, family)
    if family is None:
        raise NotUnderstoodError(messages.ADDRESS_TYPE, what=f"version {spec.version}")
    return _Side(_stated(spec, family), family)


def _stated(spec: AddressSpec, family: Family) -> AddressRange:
    first = _number(spec.first, family)
    match spec.type:
        case numbers.V2_SINGLE:
            return AddressRange(family, first, first)
        case numbers.V2_RANGE:
            last = _number(spec.second, family)
            if last < first:
                raise NotUnderstoodError(messages.ADDRESS_TYPE, what="range")
            return AddressRange(family, first, last)
        case numbers.V2_SUBNET:
            return _subnet(first, spec.second, family)
        case _:
            raise NotUnderstoodError(messages.ADDRESS_TYPE, what=f"type {spec.type:#x}")


def _subnet(address: int, second: bytes, family: Family) -> AddressRange:
    """Return the subnet; the second half is a mask of IPv4, and the length of an IPv6 prefix in one byte."""
    if family is Family.IPV4:
        mask = _number(second, family)
        subnet(address, mask)  # refuses holes
        size = ~mask & family.last
    else:
        if second[0] > family.bits or any(second[1:]):
            raise NotUnderstoodError(messages.ADDRESS_TYPE, what="prefix length")
        size = (1 << family.bits - second[0]) - 1
    if address & size:
        raise NotUnderstoodError(messages.ADDRESS_TYPE, what="subnet, which is not where its mask begins,")
    return AddressRange(family, address, address | size)


def _number(raw: bytes, family: Family) -> int:
    """Return an address in network byte order; one of IPv4 stands first, and zeros follow it."""
    if family is Family.IPV6:
        return int.from_bytes(raw, "big")
    if any(raw[_IPV4_OCTETS:]):
        raise NotUnderstoodError(messages.ADDRESS_TYPE, what="form")
    return int.from_bytes(raw[:_IPV4_OCTETS], "big")


def _of_one_family(source: _Side, destination: _Side) -> tuple[Address, Address]:
    """Return both addresses so that they mean packets of the stored family only.

    A stated address says its family. Where there is none, `any` of one family is all its addresses.
    """
    families = {side.family for side in (source, destination) if side.family is not None}
    sides = source.address, destination.address
    if not families or any(isinstance(side, AddressRange) for side in sides):
        if len(families) > 1 and not all(isinstance(side, AddressRange) for side in sides):
            raise NotUnderstoodError(messages.ADDRESS_TYPE, what="version, which the other side does not have,")
        return sides
    if len(families) > 1 or not any(isinstance(side, AnyAddress) for side in sides):
        raise NotUnderstoodError(messages.ADDRESS_TYPE, what="version")
    whole = AddressRange.whole(families.pop())
    return (whole, sides[1]) if isinstance(sides[0], AnyAddress) else (sides[0], whole)


def _ports(spec: PortSpec) -> PortRange:
    match spec.type:
        case numbers.V2_ANY:
            return ANY_PORT
        case numbers.V2_SINGLE:
            return PortRange(spec.first, spec.first)
        case numbers.V2_RANGE if spec.first <= spec.last:
            return PortRange(spec.first, spec.last)
        case _:
            raise NotUnderstoodError(messages.PORT_TYPE)
