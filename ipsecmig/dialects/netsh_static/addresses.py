"""The values of srcaddr, dstaddr, srcmask, dstmask and tunnel."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

from ipsecmig.dialects.netsh_static import messages, syntax
from ipsecmig.dialects.netsh_static.slots import RefusedError, Slot, number, tokens
from ipsecmig.dialects.netsh_static.syntax import Unparsed
from ipsecmig.model.selectors import ANY, ME, Address, AddressRange, DnsName, Family, ServerAddress, ServerRole

if TYPE_CHECKING:
    from lark import Token

_IPV4_BITS: Final = 0xFFFFFFFF
_TWO_ADDRESSES = re.compile(r"[^,;]*[.:][^,;]*[,;]\s*[^,;]*[.:]")


class Mask(NamedTuple):
    """A subnet mask as a prefix length; a `dotted` one goes with IPv4 only."""

    prefix: int
    dotted: bool = False


class Location(NamedTuple):
    """The value of an address parameter. `form` says how it was written, as that decides which masks it can take."""

    address: Address
    form: str


def read_address(text: str, slot: Slot) -> Location:
    """Read an `address`."""
    tree = syntax.parse("address", text)
    if isinstance(tree, Unparsed):
        _refuse(text, "any, me, wins, dns, dhcp, gateway, an address, a range a-b or a host name")
    node = tree.children[0]
    if not isinstance(node, str):
        ends = list(tokens(node))
        return _slash(ends, slot) if node.data == "slash" else _range(ends)
    match node.type:
        case "ANY":
            return Location(ANY, "any")
        case "ME":
            return Location(ME, "me")
        case "SERVER":
            return Location(ServerAddress(ServerRole(node.lower())), node.lower())
        case _:
            return Location(_host(node, slot), "name" if node.type == "HOST_NAME" else "host")


def read_endpoint(text: str, slot: Slot) -> AddressRange | DnsName | None:
    """Read a tunnel's `endpoint`; None for `no`."""
    tree = syntax.parse("endpoint", text)
    if isinstance(tree, Unparsed):
        _refuse(text, "the address or the host name of the tunnel's end")
    token = next(tokens(tree))
    return None if token.type == "NONE" else _host(token, slot)


def read_mask(text: str, slot: Slot) -> Mask:
    """Read a `mask`."""
    del slot
    tree = syntax.parse("mask", text)
    if isinstance(tree, Unparsed):
        raise RefusedError(messages.BAD_MASK, "a dotted mask or a prefix length")
    return _mask(next(tokens(tree)))


def subnet(host: AddressRange, mask: Mask, slot: Slot) -> AddressRange:
    """Return the network of `host` under `mask`. Raises RefusedError when the two do not go together."""
    bits = host.family.bits
    if mask.prefix > bits or (mask.dotted and host.family is Family.IPV6):
        raise RefusedError(messages.BAD_MASK, f"a prefix length up to {bits}")
    size = 1 << (bits - mask.prefix)
    first = host.first & -size
    network = AddressRange(host.family, first, first + size - 1)
    if first != host.first:
        slot.remark(messages.HOST_BITS, network=network.text())
    return network


def _refuse(text: str, expected: str) -> NoReturn:
    note = messages.SEVERAL_ADDRESSES if _TWO_ADDRESSES.match(text) else messages.BAD_ADDRESS
    raise RefusedError(note, expected)


def _mask(token: Token) -> Mask:
    if token.type == "NUMBER":
        return Mask(number(token, 128, messages.BAD_MASK))
    holes = ~_ipv4(token) & _IPV4_BITS
    if holes & (holes + 1):
        raise RefusedError(messages.MASK_WITH_HOLES, "for example 255.255.255.0")
    return Mask(32 - holes.bit_length(), dotted=True)


def _host(token: Token, slot: Slot) -> AddressRange | DnsName:
    match token.type:
        case "PLACEHOLDER":
            raise RefusedError(messages.PLACEHOLDER, "an address")
        case "HOST_NAME":
            slot.remark(messages.HOST_NAME)
            return DnsName(str(token))
        case _:
            family, number_of = _FAMILIES[token.type]
            return AddressRange(family, number_of(token), number_of(token))


def _range(ends: list[Token]) -> Location:
    family, number_of = _FAMILIES[ends[0].type]
    first, last = map(number_of, ends)
    if last < first:
        raise RefusedError(messages.BAD_ADDRESS, "a range whose first address is the lower one")
    return Location(AddressRange(family, first, last), "range")


def _slash(parts: list[Token], slot: Slot) -> Location:
    family, number_of = _FAMILIES[parts[0].type]
    host = AddressRange(family, number_of(parts[0]), number_of(parts[0]))
    network = subnet(host, _mask(parts[1]), slot)
    slot.remark(messages.SLASH_FORM, tag=slot.tag.replace("addr", "mask") + "=")
    return Location(network, "slash")


def _ipv4(token: Token) -> int:
    octets = token.split(".")
    if any(len(octet) > 1 and octet[0] == "0" for octet in octets):
        raise RefusedError(messages.OCTAL, "four numbers from 0 to 255")
    if any(int(octet) > 255 for octet in octets):
        raise RefusedError(messages.BAD_ADDRESS, "four numbers from 0 to 255")
    return int.from_bytes(bytes(map(int, octets)), "big")


def _ipv6(token: Token) -> int:
    try:
        return int(ipaddress.IPv6Address(str(token)))
    except ipaddress.AddressValueError as error:
        raise RefusedError(messages.BAD_ADDRESS, "an IPv6 address") from error


_FAMILIES: Final[dict[str, tuple[Family, Callable[[Token], int]]]] = {
    "IPV4": (Family.IPV4, _ipv4),
    "IPV6": (Family.IPV6, _ipv6),
}
