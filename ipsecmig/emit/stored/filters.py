"""How stored policies write filters: in the first version what it can say, the rest in that of Windows Vista."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from typing import Final, NamedTuple

from ipsecmig.emit.stored.words import Inexpressible, plain, wide
from ipsecmig.model.policy import Filter
from ipsecmig.model.selectors import (
    ANY,
    ME,
    PORT_PROTOCOLS,
    Address,
    AddressRange,
    DnsName,
    Family,
    PortRange,
    ServerAddress,
    format_protocol,
)
from ipsecmig.stored import numbers
from ipsecmig.stored.blobs.filters import FilterSpec
from ipsecmig.stored.blobs.filters_v2 import AddressSpec, FilterSpecV2, PortSpec
from ipsecmig.stored.blobs.text import EMPTY, WideString

_ALL_BITS: Final = 0xFFFFFFFF
_SPECIAL: Final = {role: number for number, role in numbers.SPECIAL.items()}
_SERVERS: Final = {role: number for number, role in numbers.V2_SERVERS.items()}
_VERSIONS: Final = {family: number for number, family in numbers.V2_FAMILIES.items()}


class _Side(NamedTuple):
    """One side of a filter: the address under the DNS name that it was found by, if any."""

    address: Address
    name: WideString


class _Plain(NamedTuple):
    """An address and its mask in the first version, and the number of the servers that they stand for."""

    address: int
    mask: int
    special: int = 0


def filter_specs(value: Filter) -> tuple[FilterSpec | FilterSpecV2, ...]:
    """Return what stands for a filter, without GUIDs: one spec for each pair of addresses that its names stand for."""
    check_port(value.source_port, value.protocol)
    check_port(value.destination_port, value.protocol)
    pairs = product(_sides(value.source), _sides(value.destination))
    return tuple(_spec(value, source, destination) for source, destination in pairs)


def check_address(value: Address) -> None:
    """Raise Inexpressible for an address that no filter can have."""
    list(_sides(value))


def check_port(ports: PortRange, protocol: int) -> None:
    """Raise Inexpressible for ports of a protocol that has none."""
    if not ports.is_any and protocol not in PORT_PROTOCOLS:
        raise Inexpressible(f"the protocol {format_protocol(protocol)} has no ports")


def specs_stored(value: Filter) -> tuple[FilterSpec | FilterSpecV2, ...]:
    """Return what stands for a filter, as `filter_specs` does; nothing for one that cannot be stored."""
    try:
        return filter_specs(value)
    except Inexpressible:
        return ()


def needs_second_version(value: Filter) -> bool:
    """Whether only Windows Vista and later can read what is stored of the filter."""
    return any(isinstance(spec, FilterSpecV2) for spec in specs_stored(value))


def _sides(address: Address) -> Iterator[_Side]:
    if not isinstance(address, DnsName):
        yield _Side(address, EMPTY)
        return
    if not address.resolved:
        raise Inexpressible(f"Windows stores the address of {address.name}, which the source does not hold")
    for resolved in address.resolved:
        yield _Side(resolved, wide(address.name))


def _spec(value: Filter, source: _Side, destination: _Side) -> FilterSpec | FilterSpecV2:
    source_port, destination_port = _port(value.source_port), _port(value.destination_port)
    one, other = _plain(source.address), _plain(destination.address)
    if (
        one is None
        or other is None
        or (one.special and other.special)
        or source_port is None
        or destination_port is None
    ):
        return _second_version(value, source, destination)
    special = one.special or (other.special and other.special | numbers.SPECIAL_DESTINATION)
    return FilterSpec(
        source.name,
        destination.name,
        _description(value.description),
        mirrored=int(value.mirrored),
        source=one.address,
        source_mask=one.mask,
        destination=other.address,
        destination_mask=other.mask,
        protocol=value.protocol,
        source_port=source_port,
        destination_port=destination_port,
        special=special,
    )


def _description(text: str) -> WideString:
    return wide(plain(text)) if text else EMPTY


@lru_cache(maxsize=65536)
def _plain(address: Address) -> _Plain | None:
    """Return an address in the first version; None where it has no form for it.

    Servers get the address of `me`, so that a system that does not know them protects nothing but itself by it.
    """
    if address == ANY:
        return _Plain(0, 0)
    if address == ME:
        return _Plain(0, _ALL_BITS)
    if isinstance(address, ServerAddress):
        return _Plain(0, _ALL_BITS, _SPECIAL[address.role])
    if not isinstance(address, AddressRange) or address.family is Family.IPV6:
        return None
    prefix = address.prefix_length
    if not prefix or (address.is_host and address.first == 0):
        return None
    return _Plain(address.first, _ALL_BITS ^ (address.last - address.first))


def _port(ports: PortRange) -> int | None:
    """Return ports in the first version; None where it has no form for them."""
    if ports.is_any:
        return 0
    return ports.first if ports.first == ports.last and ports.first else None


def _second_version(value: Filter, source: _Side, destination: _Side) -> FilterSpecV2:
    return FilterSpecV2(
        source.name,
        destination.name,
        _description(value.description),
        mirrored=int(value.mirrored),
        source=_address(source.address, destination.address),
        destination=_address(destination.address, source.address),
        source_ports=_ports(value.source_port),
        destination_ports=_ports(value.destination_port),
        protocol=value.protocol,
    )


def _address(address: Address, other: Address) -> AddressSpec:
    """Return one side in the second version; `any` opposite a stated address is of the same family."""
    if isinstance(address, ServerAddress):
        return AddressSpec(_SERVERS[address.role], numbers.V2_BOTH)
    if isinstance(address, AddressRange):
        return _stated(address)
    if address == ME:
        return AddressSpec(numbers.V2_ME, numbers.V2_BOTH)
    version = _VERSIONS[other.family] if isinstance(other, AddressRange) else numbers.V2_BOTH
    return AddressSpec(numbers.V2_ANY, version)


def _stated(address: AddressRange) -> AddressSpec:
    version, first = _VERSIONS[address.family], _octets(address.family, address.first)
    if address.is_host:
        return AddressSpec(numbers.V2_SINGLE, version, first)
    prefix = address.prefix_length
    if prefix is None:
        return AddressSpec(numbers.V2_RANGE, version, first, _octets(address.family, address.last))
    if address.family is Family.IPV6:
        return AddressSpec(numbers.V2_SUBNET, version, first, bytes((prefix, *bytes(15))))
    mask = _ALL_BITS ^ (address.last - address.first)
    return AddressSpec(numbers.V2_SUBNET, version, first, _octets(address.family, mask))


def _octets(family: Family, number: int) -> bytes:
    """Return an address in network byte order; zeros follow one of IPv4."""
    return number.to_bytes(family.bits // 8, "big").ljust(16, b"\0")


def _ports(ports: PortRange) -> PortSpec:
    if ports.is_any:
        return PortSpec()
    if ports.first == ports.last:
        return PortSpec(numbers.V2_SINGLE, ports.first)
    return PortSpec(numbers.V2_RANGE, ports.first, ports.last)
