"""Which packets an nftables match selects, as boxes. Source: nft(8), payload and meta expressions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from ipsecmig.model.selectors import AddressRange, Family
from ipsecmig.model.space import WITH_PORTS, Box, Direction, Link, Span, box
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
_PPP: Final = frozenset({"type ppp", "type 512", "name ppp*"})
_LOOPBACK: Final = frozenset({"name lo", "type loopback", "type 772"})
_OTHER_ETHERTYPES: Final = frozenset({"arp", "vlan", "8021q", "8021ad"})
_STATES: Final = frozenset({"new", "invalid", "established", "related", "untracked"})
_PORT_HEADERS: Final = {
    "tcp": (6,), "udp": (17,), "dccp": (33,), "sctp": (132,), "udplite": (136,), "th": tuple(sorted(WITH_PORTS)),
}  # fmt: skip

_FULL: Final = {"protocol": (0, 255), "local_port": (0, 65535), "remote_port": (0, 65535)}


class Unmodelled(ValueError):  # noqa: N818 what is not modelled is no error of anybody
    """A match that is not modelled; the text says which."""


class Crossing(NamedTuple):
    """One way of a packet through the host: its direction, and whether it arrives and leaves under an SA.

    `hook` is where it is looked at, `state` what connection tracking says of it.
    """

    direction: Direction
    arrives_protected: bool
    leaves_protected: bool
    hook: str = ""
    state: str = "new"


@dataclass(frozen=True, slots=True)
class Part:
    """What one value of one selector asks for: nothing (`always`), the impossible, or spans of some coordinates.

    Each tuple of `spans` ends with the span that the value is about; those before it say where the field is.
    """

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
    if any(selector.startswith("th ") for selector in selectors):
        remaining = list(remaining)
        _check_transport(remaining)
    yield from remaining


def _check_transport(boxes: Iterable[Box]) -> None:
    """Refuse a port of whatever the protocol is: in a header without ports those bytes say something else."""
    full = _FULL["local_port"]
    unsure = (b for b in boxes if b.protocol[0] != b.protocol[1] or b.protocol[0] not in WITH_PORTS)
    if any((b.local_port, b.remote_port) != (full, full) for b in unsure):
        raise Unmodelled("bytes of a transport header that may have no ports are not modelled")


def excluded_boxes(
    boxes: Iterable[Box], selector: str, elements: Iterable[Element], crossing: Crossing
) -> Iterator[Box]:
    """Yield the packets of `boxes` that have the field of `selector`, with none of the values of `elements`."""
    parts = [part_of(selector, e.key[0], crossing) for e in elements if len(e.key) == 1 or _refuse_key(e)]
    if any(p.always for p in parts):
        return
    remaining: list[Box] = list(restrict(boxes, part_of(selector, "*", crossing)))
    if selector.startswith("th "):
        _check_transport(remaining)
    for spans in {spans: None for part in parts for spans in part.spans}:
        remaining = [b for candidate in remaining for b in _without(candidate, spans)]
    yield from remaining


def _refuse_key(element: Element) -> bool:
    raise Unmodelled(f"{' . '.join(element.key)} does not fit one selector")


def _without(candidate: Box, spans: tuple[tuple[str, Span], ...]) -> Iterator[Box]:
    """Yield what is left of `candidate` where the last of `spans` is not met; the others say which packets it concerns.

    Those others are single values, as the candidate's are: it is concerned as a whole or not at all.
    """
    name, span = spans[-1]
    first, last = getattr(candidate, name)
    if _narrowed(candidate, spans) is None:
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
    header, _, field = selector.rpartition(" ")
    if field in {"saddr", "daddr"} and header in {"ip", "ip6"}:
        return _address(header, field, value, crossing)
    if field in {"sport", "dport"}:
        return _port(header, field, value, crossing)
    if selector in {"ip protocol", "meta l4proto"}:
        return _protocol(header, value)
    if selector in {"meta nfproto", "meta protocol"}:
        return _family(value)
    if selector in {"meta ipsec", "meta secpath", "secpath", "rt ipsec"}:
        return _protected(header, value, crossing)
    if header in {"", "meta"} and field in {"iif", "iifname", "iiftype", "oif", "oifname", "oiftype"}:
        return _interface(field, value, crossing)
    if selector == "fib daddr type":
        return _kind_of_destination(value, crossing)
    if selector == "ct state":
        return _state(value, crossing)
    if selector == "ip6 nexthdr":
        raise Unmodelled("ip6 nexthdr stops at extension headers; meta l4proto looks past them")
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
    protocols = _PORT_HEADERS.get(header)
    if protocols is None:
        raise Unmodelled(f"ports of {header} are not modelled")
    side = f"{_side(field, crossing)}_port"
    ports = _FULL[side] if value == "*" else _numbers(value, _SERVICES)
    if header == "th" and ports == _FULL[side]:
        return ALWAYS
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
    if value in _OTHER_ETHERTYPES:
        return NEVER
    if value not in names:
        raise Unmodelled(f'the protocol "{value}" is not known here')
    return _one(("family", (names[value], names[value])))


def _protected(header: str, value: str, crossing: Crossing) -> Part:
    """`meta ipsec` asks how a packet arrived, `rt ipsec` how it will leave, nft(8)."""
    if value == "*":
        return ALWAYS
    if value not in {"exists", "missing", "1", "0"}:
        raise Unmodelled(f'"{value}" is neither exists nor missing')
    state = crossing.leaves_protected if header == "rt" else crossing.arrives_protected
    return ALWAYS if state == (value in {"exists", "1"}) else NEVER


def _interface(field: str, value: str, crossing: Crossing) -> Part:
    """Loopback traffic is outside the space, and PPP is dial-up; no other interface is known to a policy.

    What a host sends has no input interface, and what is forwarded is of the kind that it leaves by.
    """
    if crossing.hook not in _INTERFACES[field[0]]:
        raise Unmodelled(f"{field} is not modelled at {crossing.hook}")
    if value == "*":
        return ALWAYS
    kind = f"{'type' if field.endswith('type') else 'name'} {value}"
    if kind in _LOOPBACK:
        return NEVER
    if kind in _PPP:
        return _one(("link", (Link.DIALUP, Link.DIALUP)))
    raise Unmodelled(f'the interface "{value}" is not one that a policy speaks of')


_INTERFACES: Final = {"i": frozenset({"input", "prerouting"}), "o": frozenset({"output", "forward", "postrouting"})}


def _state(value: str, crossing: Crossing) -> Part:
    if value == "*":
        return ALWAYS
    if value not in _STATES:
        raise Unmodelled(f'the state "{value}" is not known here')
    return ALWAYS if value == crossing.state else NEVER


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
