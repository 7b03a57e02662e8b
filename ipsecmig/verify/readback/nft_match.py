"""Which packets an nftables match selects, as boxes. Source: nft(8), payload and meta expressions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from ipsecmig.model.selectors import TCP, UDP, AddressRange, Family
from ipsecmig.model.space import Box, Direction, Link, Span, box
from ipsecmig.verify.readback.nft_model import Element

PROTOCOLS: Final = {
    "icmp": 1, "igmp": 2, "ipencap": 4, "ipip": 4, "tcp": 6, "egp": 8, "udp": 17, "dccp": 33, "ipv6": 41, "rsvp": 46,
    "gre": 47, "esp": 50, "ah": 51, "ipv6-icmp": 58, "icmpv6": 58, "eigrp": 88, "ospf": 89, "pim": 103, "comp": 108,
    "vrrp": 112, "l2tp": 115, "sctp": 132, "udplite": 136,
}  # fmt: skip

_SERVICES: Final = {
    "ssh": 22, "smtp": 25, "domain": 53, "bootps": 67, "bootpc": 68, "http": 80, "kerberos": 88, "pop3": 110,
    "sunrpc": 111, "ntp": 123, "epmap": 135, "netbios-ns": 137, "netbios-dgm": 138, "netbios-ssn": 139, "imap2": 143,
    "snmp": 161, "ldap": 389, "https": 443, "microsoft-ds": 445, "isakmp": 500, "ldaps": 636, "ipsec-nat-t": 4500,
}  # fmt: skip

_MULTICAST: Final = {Family.IPV4: AddressRange.parse("224.0.0.0/4"), Family.IPV6: AddressRange.parse("ff00::/8")}
_BROADCAST: Final = AddressRange.parse("255.255.255.255")
_PPP: Final = frozenset({"ppp", "512", "ppp*"})
_LOOPBACK: Final = frozenset({"lo", "loopback", "772"})

_FULL: Final = {"protocol": (0, 255), "local_port": (0, 65535), "remote_port": (0, 65535)}


class Unmodelled(ValueError):  # noqa: N818 what is not modelled is no error of anybody
    """A match that is not modelled; the text says which."""


class Crossing(NamedTuple):
    """One way of a packet through the host: its direction, and whether it arrives and leaves under an SA."""

    direction: Direction
    arrives_protected: bool
    leaves_protected: bool


@dataclass(frozen=True, slots=True)
class Part:
    """What one value of one selector asks for: nothing (`always`), the impossible, or spans of some coordinates."""

    always: bool = False
    spans: tuple[tuple[tuple[str, Span], ...], ...] = ()


ALWAYS: Final = Part(always=True)
NEVER: Final = Part()


def whole(crossing: Crossing, families: Iterable[Family]) -> list[Box]:
    """Return all packets of one direction and the given IP versions."""
    every = [AddressRange.whole(family) for family in families]
    return [box(crossing.direction, addresses, addresses) for addresses in every]


def restrict(boxes: Iterable[Box], part: Part) -> Iterator[Box]:
    """Yield the packets of `boxes` that meet `part`."""
    for candidate in boxes:
        if part.always:
            yield candidate
            continue
        for spans in part.spans:
            narrowed = _narrowed(candidate, spans)
            if narrowed is not None:
                yield narrowed


def _narrowed(candidate: Box, spans: tuple[tuple[str, Span], ...]) -> Box | None:
    for name, (low, high) in spans:
        first, last = getattr(candidate, name)
        first, last = max(first, low), min(last, high)
        if first > last:
            return None
        candidate = candidate._replace(**{name: (first, last)})
    return candidate


def element_boxes(
    boxes: Iterable[Box], selectors: tuple[str, ...], element: Element, crossing: Crossing
) -> Iterator[Box]:
    """Yield the packets of `boxes` whose `selectors` have the values of `element`."""
    if len(selectors) != len(element.key):
        raise Unmodelled(f"{' . '.join(element.key)} does not fit {' . '.join(selectors)}")
    remaining: Iterable[Box] = boxes
    for selector, value in zip(selectors, element.key, strict=True):
        remaining = list(restrict(remaining, part_of(selector, value, crossing)))
    yield from remaining


def excluded_boxes(
    boxes: Iterable[Box], selector: str, elements: Iterable[Element], crossing: Crossing
) -> Iterator[Box]:
    """Yield the packets of `boxes` that have the field of `selector`, with none of the values of `elements`."""
    parts = [part_of(selector, e.key[0], crossing) for e in elements]
    if all(p.always or not p.spans for p in parts):
        if not any(p.always for p in parts):
            yield from boxes
        return
    remaining: list[Box] = list(restrict(boxes, part_of(selector, "*", crossing)))
    for part in parts:
        for spans in part.spans:
            name, span = spans[-1]
            remaining = [b for candidate in remaining for b in _without(candidate, name, span)]
    yield from remaining


def _without(candidate: Box, name: str, span: Span) -> Iterator[Box]:
    first, last = getattr(candidate, name)
    if span[1] < first or last < span[0]:
        yield candidate
        return
    if first < span[0]:
        yield candidate._replace(**{name: (first, span[0] - 1)})
    if span[1] < last:
        yield candidate._replace(**{name: (span[1] + 1, last)})


@lru_cache(maxsize=65536)
def part_of(selector: str, value: str, crossing: Crossing) -> Part:
    """Return what `selector` having `value` asks for; the value `*` is any value that the field can have.

    Raises Unmodelled for selectors and values that are not modelled.
    """
    words = selector.split()
    if words[-1] in {"saddr", "daddr"}:
        return _address(words[0], words[-1], value, crossing)
    if words[-1] in {"sport", "dport"}:
        return _port(words[0], words[-1], value, crossing)
    if selector in {"ip protocol", "ip6 nexthdr", "meta l4proto"}:
        return _protocol(words[0], value)
    if selector in {"meta nfproto", "meta protocol"}:
        return _family(value)
    if words[-1] in {"ipsec", "secpath"}:
        return _protected(words[0], value, crossing)
    if words[-1] in {"iif", "iifname", "iiftype", "oif", "oifname", "oiftype"}:
        return _interface(words[-1], value, crossing)
    if selector == "fib daddr type" or words[-1] == "pkttype":
        return _kind_of_destination(value, crossing)
    if selector == "ct state":
        return ALWAYS if value in {"new", "*"} else NEVER
    raise Unmodelled(f'a match of "{selector}" is not modelled')


def _one(*spans: tuple[str, Span]) -> Part:
    return Part(spans=(spans,))


def _side(field: str, crossing: Crossing) -> str:
    """Return whether a source or destination field is the local or the remote one."""
    source = field in {"saddr", "sport"}
    return "remote" if source == (crossing.direction is Direction.IN) else "local"


def _address(header: str, field: str, value: str, crossing: Crossing) -> Part:
    family = Family.IPV4 if header == "ip" else Family.IPV6
    addresses = AddressRange.whole(family) if value == "*" else _parsed(value)
    if addresses.family is not family:
        raise Unmodelled(f"{value} is no address of {header}")
    return _one(("family", (family, family)), (_side(field, crossing), (addresses.first, addresses.last)))


def _parsed(value: str) -> AddressRange:
    try:
        return AddressRange.parse(value)
    except ValueError as wrong:
        raise Unmodelled(f'"{value}" is not an address known here') from wrong


def _port(header: str, field: str, value: str, crossing: Crossing) -> Part:
    protocols = {"tcp": (TCP,), "udp": (UDP,), "th": (TCP, UDP)}.get(header)
    if protocols is None:
        raise Unmodelled(f"ports of {header} are not modelled")
    side = f"{_side(field, crossing)}_port"
    ports = _FULL[side] if value == "*" else _numbers(value, _SERVICES)
    return Part(spans=tuple((("protocol", (p, p)), (side, ports)) for p in protocols))


def _protocol(header: str, value: str) -> Part:
    span = ("protocol", _FULL["protocol"] if value == "*" else _numbers(value, PROTOCOLS))
    if header == "meta":
        return _one(span)
    family = Family.IPV4 if header == "ip" else Family.IPV6
    return _one(("family", (family, family)), span)


def _numbers(value: str, names: dict[str, int]) -> Span:
    if value in names:
        return names[value], names[value]
    first, _, last = value.partition("-")
    ends = [names.get(end, end) for end in (first, last or first)]
    try:
        return int(ends[0], 0) if isinstance(ends[0], str) else ends[0], (
            int(ends[1], 0) if isinstance(ends[1], str) else ends[1]
        )
    except ValueError as wrong:
        raise Unmodelled(f'"{value}" is not a number or name known here') from wrong


def _family(value: str) -> Part:
    names = {"ipv4": Family.IPV4, "ip": Family.IPV4, "ipv6": Family.IPV6, "ip6": Family.IPV6}
    if value == "*":
        return ALWAYS
    if value not in names:
        return NEVER
    return _one(("family", (names[value], names[value])))


def _protected(header: str, value: str, crossing: Crossing) -> Part:
    """`meta ipsec` asks how a packet arrived, `rt ipsec` how it will leave, nft(8)."""
    if value == "*":
        return ALWAYS
    state = crossing.leaves_protected if header == "rt" else crossing.arrives_protected
    return ALWAYS if state == (value in {"exists", "1"}) else NEVER


def _interface(field: str, value: str, crossing: Crossing) -> Part:
    """Loopback traffic is outside the space, and PPP is dial-up; no other interface is known to a policy."""
    if value == "*":
        return ALWAYS
    if value.strip('"') in _LOOPBACK:
        return NEVER
    if value.strip('"') in _PPP:
        return _one(("link", (Link.DIALUP, Link.DIALUP)))
    raise Unmodelled(f'the interface "{value}" is not one that a policy speaks of')


def _kind_of_destination(value: str, crossing: Crossing) -> Part:
    side = _side("daddr", crossing)
    if value == "*":
        return ALWAYS
    if value == "multicast":
        return Part(
            spans=tuple((("family", (f, f)), (side, (a.first, a.last))) for f, a in _MULTICAST.items()),
        )
    if value == "broadcast":
        return _one(("family", (Family.IPV4, Family.IPV4)), (side, (_BROADCAST.first, _BROADCAST.last)))
    raise Unmodelled(f"destinations of the kind {value} are not modelled")
