"""What both versions of filters make of addresses, names and ports."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from ipsecmig.dialects.stored import messages
from ipsecmig.dialects.stored.findings import NotUnderstoodError
from ipsecmig.model.selectors import (
    ANY,
    ANY_PORT,
    ME,
    PORT_PROTOCOLS,
    Address,
    AddressRange,
    DnsName,
    Family,
    PortRange,
    format_address,
    format_protocol,
)
from ipsecmig.stored.blobs.text import WideString

_LAST: Final = Family.IPV4.last
_HIGHEST_PROTOCOL: Final = 255


class Subnet(NamedTuple):
    """An address under a mask; `stated` is the address as stored if the mask leaves less of it, else None."""

    address: Address
    stated: int | None


@lru_cache(maxsize=65536)
def subnet(address: int, mask: int) -> Subnet:
    """Return what an IPv4 address and its mask mean. Raises NotUnderstoodError for a mask with holes.

    All zeros are `any`; 0.0.0.0 with the mask of a host is `me`: the policies that come with Windows describe it so.
    """
    size = ~mask & _LAST
    if size & (size + 1):
        raise NotUnderstoodError(messages.MASK, mask=format_address(Family.IPV4, mask))
    first = address & mask
    stated = None if first == address else address
    if mask == 0:
        return Subnet(ANY, stated)
    if mask == _LAST and address == 0:
        return Subnet(ME, None)
    return Subnet(AddressRange(Family.IPV4, first, first | size), stated)


def named(name: WideString, address: Address) -> Address:
    """Return the side of a filter that has the DNS name `name`. Raises NotUnderstoodError without a real address."""
    text = name.text
    if not name.is_sound:
        raise NotUnderstoodError(messages.BROKEN_TEXT, what="DNS name in a filter")
    if not text:
        return address
    if not isinstance(address, AddressRange):
        raise NotUnderstoodError(messages.NAME_WITHOUT_ADDRESS, dns_name=text)
    return address if text == address.text() else DnsName(text, (address,))


@lru_cache(maxsize=4096)
def single_port(port: int) -> PortRange:
    """Return the ports that a port of the first version stands for."""
    return PortRange(port, port) if port else ANY_PORT


def check_protocol(protocol: int, ports: tuple[PortRange, PortRange]) -> None:
    """Raise NotUnderstoodError for a number that is no protocol, and for ports of one that has none."""
    if protocol > _HIGHEST_PROTOCOL:
        raise NotUnderstoodError(messages.PROTOCOL, number=protocol)
    if protocol not in PORT_PROTOCOLS and ports != (ANY_PORT, ANY_PORT):
        raise NotUnderstoodError(messages.PORTS, protocol=format_protocol(protocol))


def flag(number: int, what: str) -> bool:
    """Return whether a flag is set. Raises NotUnderstoodError for anything but 0 and 1."""
    if number > 1:
        raise NotUnderstoodError(messages.BAD_FLAG, what=what, number=number)
    return number == 1
