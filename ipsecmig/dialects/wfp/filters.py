"""Filters of the platform as filters of a policy.

Conditions on the same field are alternatives, conditions on different fields must all hold (Windows SDK, "Filter
Conditions"). Addresses stand as text or as decimal numbers, whichever the state writes.
"""

from __future__ import annotations

import ipaddress
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ipsecmig.diagnostics import Origin
from ipsecmig.dialects.wfp.words import UnclearError, number
from ipsecmig.dialects.xml_input.nodes import Node
from ipsecmig.model.policy import Filter
from ipsecmig.model.selectors import ANY_PORT, ANY_PROTOCOL, ME, Address, AddressRange, Family, PortRange

ALTERNATIVES_LIMIT: Final = 4096
"""How many filters the alternatives of one filter may multiply to."""

_LOCAL: Final = "FWPM_CONDITION_IP_LOCAL_ADDRESS"
_REMOTE: Final = "FWPM_CONDITION_IP_REMOTE_ADDRESS"
_PROTOCOL: Final = "FWPM_CONDITION_IP_PROTOCOL"
_LOCAL_PORT: Final = "FWPM_CONDITION_IP_LOCAL_PORT"
_REMOTE_PORT: Final = "FWPM_CONDITION_IP_REMOTE_PORT"
_HEX: Final = re.compile(r"(?:0x)?([0-9a-fA-F]{32})")
_SIMPLE: Final[Mapping[str, str]] = {"FWP_UINT8": "uint8", "FWP_UINT16": "uint16", "FWP_UINT32": "uint32"}


@dataclass(frozen=True, slots=True)
class Selected:
    """What the conditions of one filter select; an empty tuple stands for everything."""

    local: tuple[AddressRange, ...] = ()
    remote: tuple[AddressRange, ...] = ()
    protocols: tuple[int, ...] = ()
    local_ports: tuple[PortRange, ...] = ()
    remote_ports: tuple[PortRange, ...] = ()

    @property
    def size(self) -> int:
        """How many filters of a policy it takes to say the same."""
        parts = (self.local, self.remote, self.protocols, self.local_ports, self.remote_ports)
        product = 1
        for part in parts:
            product *= max(1, len(part))
        return product


def conditions(item: Node) -> tuple[Node, ...]:
    """Return the conditions of a filter."""
    return tuple(one for each in item.all("filterCondition") for one in each.all("item"))


def layer_family(layer: str) -> Family:
    """Return the family of a layer, which ends in it."""
    return Family.IPV6 if layer.endswith("V6") else Family.IPV4


def selected(item: Node, family: Family) -> Selected:
    """Return what the filter `item` selects. Raises UnclearError for a condition that a policy cannot state."""
    found: dict[str, list[Node]] = {}
    for one in conditions(item):
        found.setdefault(one.value("fieldKey"), []).append(one)
    unknown = sorted(set(found) - {_LOCAL, _REMOTE, _PROTOCOL, _LOCAL_PORT, _REMOTE_PORT})
    if unknown:
        raise UnclearError(f"it has conditions on {', '.join(unknown)[:200]}")

    def addresses(field: str) -> tuple[AddressRange, ...]:
        return tuple(_address(one, family) for one in found.get(field, ()))

    def numbers(field: str) -> tuple[PortRange, ...]:
        return tuple(_numbers(one) for one in found.get(field, ()))

    protocols = numbers(_PROTOCOL)
    if any(one.first != one.last or one.first > 255 for one in protocols):
        raise UnclearError("it has a range of protocols")
    return Selected(
        addresses(_LOCAL),
        addresses(_REMOTE),
        tuple(one.first for one in protocols),
        numbers(_LOCAL_PORT),
        numbers(_REMOTE_PORT),
    )


def _address(condition: Node, family: Family) -> AddressRange:
    value = _value(condition)
    kind = value.value("type")
    if condition.value("matchType") == "FWP_MATCH_RANGE":
        low, high = (_single(_bound(value, name), family) for name in ("valueLow", "valueHigh"))
        if high < low:
            raise UnclearError("a range of addresses that descends")
        return AddressRange(family, low, high)
    _equal(condition)
    match kind:
        case "FWP_V4_ADDR_MASK" | "FWP_V6_ADDR_MASK":
            return _masked(value, family)
        case _:
            host = _single(value, family)
            return AddressRange(family, host, host)


def _masked(value: Node, family: Family) -> AddressRange:
    name = "v4AddrMask" if family is Family.IPV4 else "v6AddrMask"
    address = _parsed(value.value(name, "addr"), family)
    if family is Family.IPV6:
        length = number(value, name, "prefixLength")
    else:
        mask = _parsed(value.value(name, "mask"), family)
        length = mask.bit_count()
        if mask != (family.last << (family.bits - length)) & family.last:
            raise UnclearError("a subnet mask with holes")
    if length > family.bits:
        raise UnclearError("a prefix that is too long")
    rest = (1 << family.bits - length) - 1
    return AddressRange(family, address & ~rest, address | rest)


def _single(value: Node, family: Family) -> int:
    name = "uint32" if family is Family.IPV4 else "byteArray16"
    return _parsed(value.value(name), family)


def _parsed(text: str, family: Family) -> int:
    """Return an address, as a number, from its usual form, a decimal number, or 32 hexadecimal digits."""
    found = _HEX.fullmatch(text)
    if found and family is Family.IPV6:
        return int(found[1], 16)
    try:
        if text.isascii() and text.isdecimal() and family is Family.IPV4 and int(text[:12]) <= family.last:
            return int(text)
        return int(ipaddress.IPv4Address(text) if family is Family.IPV4 else ipaddress.IPv6Address(text))
    except ValueError as error:
        raise UnclearError(f'"{text[:60]}" is no address of IPv{family.value}') from error


def _numbers(condition: Node) -> PortRange:
    value = _value(condition)
    if condition.value("matchType") == "FWP_MATCH_RANGE":
        low, high = (_number(_bound(value, name)) for name in ("valueLow", "valueHigh"))
    else:
        _equal(condition)
        low = high = _number(value)
    if not low <= high <= ANY_PORT.last:
        raise UnclearError(f"a range from {low} to {high}")
    return PortRange(low, high)


def _number(value: Node) -> int:
    name = _SIMPLE.get(value.value("type"))
    if name is None:
        raise UnclearError(f"a value of type {value.value('type') or 'none'}")
    return number(value, name)


def _value(condition: Node) -> Node:
    found = condition.child("conditionValue")
    if found is None:
        raise UnclearError("a condition without a value")
    return found


def _bound(value: Node, name: str) -> Node:
    bounds = value.child("rangeValue")
    found = None if bounds is None else bounds.child(name)
    if found is None:
        raise UnclearError(f"a range without {name}")
    return found


def _equal(condition: Node) -> None:
    kind = condition.value("matchType")
    if kind != "FWP_MATCH_EQUAL":
        raise UnclearError(f"a condition that is compared by {kind or 'nothing'}")


def policy_filters(what: Selected, family: Family, origin: Origin, *, tunnel: bool) -> tuple[Filter, ...]:
    """Return `what` as filters of a policy, one for each combination of its alternatives.

    What is local without an address is this host in transport mode, and everything in a tunnel, whose filters lead
    one way: see `Filter.reversed`. Raises UnclearError for too many combinations.
    """
    if what.size > ALTERNATIVES_LIMIT:
        raise UnclearError(f"its alternatives make more than {ALTERNATIVES_LIMIT} filters")
    whole = AddressRange.whole(family)
    local: tuple[Address, ...] = what.local or ((whole,) if tunnel else (ME,))
    protocols, remote = what.protocols or (ANY_PROTOCOL,), what.remote or (whole,)
    parts = (local, remote, protocols, what.local_ports or (ANY_PORT,), what.remote_ports or (ANY_PORT,))
    return tuple(Filter(*each, not tunnel, "", origin) for each in itertools.product(*parts))
