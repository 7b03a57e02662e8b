"""The words of nft: matches, verdict maps, chains. Source: nft(8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from typing import Final, NamedTuple

from ipsecmig.emit.common import one_line, prefix_length, short_label
from ipsecmig.emit.nftables.tables import NOT_ASKED, ONE_PORT, RANGE, Entry, Key, Shape, Table
from ipsecmig.model.selectors import Family, format_address
from ipsecmig.model.space import ALL_LINKS, ALL_PORTS, ALL_PROTOCOLS, Box, Direction, Link, Span

_PROTOCOL_NAMES: Final = {1: "icmp", 6: "tcp", 17: "udp", 50: "esp", 51: "ah", 58: "ipv6-icmp"}
_ADDRESS_TYPES: Final = {Family.IPV4: "ipv4_addr", Family.IPV6: "ipv6_addr"}
_HEADERS: Final = {Family.IPV4: "ip", Family.IPV6: "ip6"}

LINE_UP: Final = "    "


class _Ends(NamedTuple):
    """The words for a packet's ends in one direction, and for the kind of interface that it passes."""

    local: str
    remote: str
    local_port: str
    remote_port: str
    interface: str


_ENDS: Final = {
    Direction.IN: _Ends("daddr", "saddr", "dport", "sport", "iiftype"),
    Direction.OUT: _Ends("saddr", "daddr", "sport", "dport", "oiftype"),
    # the local end of a forwarded packet is its source; of its two interfaces the one it leaves by counts
    Direction.FORWARD: _Ends("saddr", "daddr", "sport", "dport", "oiftype"),
}


def protocol_text(protocol: int) -> str:
    """Return the protocol as nft reads it back."""
    return _PROTOCOL_NAMES.get(protocol, str(protocol))


def address_text(family: Family, span: Span) -> str:
    """Return an address, a prefix or a range."""
    first, last = span
    text = format_address(family, first)
    if first == last:
        return text
    length = prefix_length(family, span)
    return f"{text}-{format_address(family, last)}" if length is None else f"{text}/{length}"


def span_text(span: Span) -> str:
    """Return a number or a range of numbers."""
    return str(span[0]) if span[0] == span[1] else f"{span[0]}-{span[1]}"


def _protocol_span(span: Span) -> str:
    return protocol_text(span[0]) if span[0] == span[1] else span_text(span)


class Condition(NamedTuple):
    """What one rule asks.

    `parts` are local address, remote address, protocol, local port and remote port: the intervals of which one must
    hold the packet's, or None where it does not ask.
    """

    link: Span
    parts: tuple[frozenset[Span] | None, ...]

    @classmethod
    def of(cls, box: Box) -> Condition:
        """Return the condition that selects the packets of `box`, direction and IP version apart."""
        whole = (0, Family(box.family[0]).last)
        spans = (box.local, box.remote, box.protocol, box.local_port, box.remote_port)
        everything = (whole, whole, ALL_PROTOCOLS, ALL_PORTS, ALL_PORTS)
        return cls(box.link, tuple(None if s == e else frozenset({s}) for s, e in zip(spans, everything, strict=True)))

    def joined(self, other: Condition) -> Condition | None:
        """Return the condition that holds where either does, when they differ in one part only; else None."""
        pairs = list(zip(self.parts, other.parts, strict=True))
        differing = [(one, two) for one, two in pairs if one != two]
        if self.link != other.link or len(differing) != 1 or None in differing[0]:
            return None
        return Condition(self.link, tuple(one if one is None or two is None else one | two for one, two in pairs))

    def text(self, family: Family, direction: Direction) -> str:
        """Return the match, each word followed by a blank; the IP version is stated by the chain."""
        ends = _ENDS[direction]
        local, remote, protocols, *ports = self.parts
        words = [_link_text(self.link, family, direction)]
        for name, values in ((ends.local, local), (ends.remote, remote)):
            if values is not None:
                words.append(f"{_HEADERS[family]} {name} {_set(address_text(family, v) for v in sorted(values))} ")
        words.append(_transport_text(protocols, ports, ends))
        return "".join(words)


def _transport_text(protocols: frozenset[Span] | None, ports: Sequence[frozenset[Span] | None], ends: _Ends) -> str:
    """Return the match on protocol and ports; ports are asked for only where the protocols are stated."""
    if protocols is None:
        return ""
    protocol = _set(_protocol_span(v) for v in sorted(protocols))
    asked = [
        f"{name} {_set(span_text(v) for v in sorted(values))} "
        for name, values in zip((ends.local_port, ends.remote_port), ports, strict=True)
        if values is not None
    ]
    if asked and protocol in {"tcp", "udp"}:
        return "".join(f"{protocol} {words}" for words in asked)
    return f"meta l4proto {protocol} " + "".join(f"th {words}" for words in asked)


def _set(values: Iterable[str]) -> str:
    words = list(values)
    return words[0] if len(words) == 1 else "{ " + ", ".join(words) + " }"


def conditions(boxes: Iterable[Box]) -> list[Condition]:
    """Return few conditions that together select the packets of `boxes`."""
    found: list[Condition] = []
    for condition in map(Condition.of, boxes):
        for i, other in enumerate(found):
            joined = other.joined(condition)
            if joined is not None:
                found[i] = joined
                break
        else:
            found.append(condition)
    return found


def _link_text(link: Span, family: Family, direction: Direction) -> str:
    if link == ALL_LINKS:
        return ""
    interface = _ENDS[direction].interface
    if link[0] != Link.DIALUP:
        return f"meta {interface} != ppp "
    # `iiftype ppp` makes nft take the network header for unknown, unless a match before it has settled that
    settled = f"{_HEADERS[family]} saddr {address_text(family, (0, family.last))} " if interface == "iiftype" else ""
    return f"{settled}meta {interface} ppp "


def map_name(table: Table) -> str:
    """Return a name that says what the map asks for, for example `remote24_protocol_remote_port`."""
    shape = table.shape
    words = [] if table.family is Family.IPV4 else ["v6"]
    for name, width in (("local", shape.local), ("remote", shape.remote)):
        if width != NOT_ASKED:
            words.append(f"{name}_range" if width == RANGE else f"{name}{width}")
    words += ["protocol"] if shape.protocol else []
    words += [] if shape.stated == ALL_PROTOCOLS else [f"protocol{shape.stated[0]}"]
    for name, ports in (("local_port", shape.local_port), ("remote_port", shape.remote_port)):
        if ports != NOT_ASKED:
            words.append(name if ports == ONE_PORT else f"{name}s")
    return "_".join(words)


def map_lines(name: str, table: Table) -> Iterator[str]:
    """Yield the lines of a verdict map; entries of one filter list and rule stand together under its name."""
    shape, family = table.shape, table.family
    yield f"map {name} {{"
    yield f"{LINE_UP}type {' . '.join(_types(shape, family))} : verdict"
    if shape.has_intervals:
        yield f"{LINE_UP}flags interval"
    yield f"{LINE_UP}elements = {{"
    by_label: dict[str, list[tuple[Key, Entry]]] = {}
    for item in table.entries.items():
        by_label.setdefault(item[1].label, []).append(item)
    element = _ElementText(shape, family)
    for label, items in by_label.items():
        yield f"{LINE_UP * 2}# {one_line(label)}"
        for key, entry in items:
            yield f"{LINE_UP * 2}{element.of(key)} : {entry.verdict},"
    yield f"{LINE_UP}}}"
    yield "}"


def _types(shape: Shape, family: Family) -> Iterator[str]:
    address = _ADDRESS_TYPES[family]
    return compress((address, address, "inet_proto", "inet_service", "inet_service"), shape.asked)


class _ElementText:
    """Writes the keys of one map; the intervals of a key recur, so their texts are kept."""

    def __init__(self, shape: Shape, family: Family) -> None:
        def address(span: Span) -> str:
            return address_text(family, span)

        writers = (address, address, _protocol_span, span_text, span_text)
        self._parts = [(writer, dict[Span, str]()) for writer in compress(writers, shape.asked)]

    def of(self, key: Key) -> str:
        """Return `key` as an element of a set."""
        words = []
        for span, (writer, texts) in zip(key, self._parts, strict=True):
            text = texts.get(span)
            if text is None:
                text = texts[span] = writer(span)
            words.append(text)
        return " . ".join(words)


_PROTOCOLS: Final = {Family.IPV4: "ip protocol", Family.IPV6: "meta l4proto"}
"""How a map is asked for the protocol where that is in its key: `tables.Shape.stated` is one that is not."""


def lookup(name: str, table: Table, direction: Direction) -> str:
    """Return the rule that looks a packet up in the map `name`."""
    ends, header = _ENDS[direction], _HEADERS[table.family]
    parts = (
        f"{header} {ends.local}",
        f"{header} {ends.remote}",
        _PROTOCOLS[table.family],
        f"th {ends.local_port}",
        f"th {ends.remote_port}",
    )
    key = " . ".join(compress(parts, table.shape.asked))
    stated = Condition(table.shape.link, (None, None, _stated(table.shape), None, None))
    return f"{stated.text(table.family, direction)}{key} vmap @{name}"


def _stated(shape: Shape) -> frozenset[Span] | None:
    return None if shape.stated == ALL_PROTOCOLS else frozenset({shape.stated})


def single_rule(table: Table, direction: Direction) -> str:
    """Return the rule that stands for a table of one entry."""
    ((key, entry),) = table.entries.items()
    spans = iter(key)
    local, remote, protocol, *ports = (frozenset({next(spans)}) if asked else None for asked in table.shape.asked)
    parts = (local, remote, protocol or _stated(table.shape), *ports)
    match = Condition(table.shape.link, parts).text(table.family, direction)
    return f'{match}{entry.verdict} comment "{short_label(entry.label)}"'


def indent(lines: Iterable[str], depth: int = 1) -> Iterator[str]:
    """Yield `lines` moved right; empty ones stay empty."""
    for line in lines:
        yield f"{LINE_UP * depth}{line}" if line else ""


def joined_sections(sections: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of all sections with an empty line between two."""
    for number, section in enumerate(sections):
        if number:
            yield ""
        yield from section
