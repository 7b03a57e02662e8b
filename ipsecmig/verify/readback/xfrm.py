"""Reads XFRM policies: an `ip -batch` file, or what `ip xfrm policy` printed on a live host. Source: ip-xfrm(8)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from lark import Lark, Token, Tree, UnexpectedInput

from ipsecmig.diagnostics import Origin
from ipsecmig.grammars import load
from ipsecmig.model import selectors
from ipsecmig.model.policy import NotUnderstood
from ipsecmig.model.selectors import AddressRange, Family, PortRange
from ipsecmig.model.space import WITH_PORTS, Box, Direction, box
from ipsecmig.model.treatment import Mode, TunnelSense
from ipsecmig.verify.observed import DROPPED, PASSES, Observed, Protection
from ipsecmig.verify.readback.spd import ACCEPTS, Defaults, SpdDirection, SpdEntry, read_spd
from ipsecmig.verify.target import ReadTarget

_Tree = Tree[Token]

_PROTOCOLS: Final = {"tcp": 6, "udp": 17, "icmp": 1, "ipv6-icmp": 58, "esp": 50, "ah": 51, "gre": 47, "sctp": 132}
_HIGHEST: Final = (1 << 32) - 1
"""The highest priority number."""

_HOST_DIRECTION: Final = {
    SpdDirection.OUT: Direction.OUT,
    SpdDirection.IN: Direction.IN,
    SpdDirection.FORWARD: Direction.FORWARD,
}


class UnreadableError(ValueError):
    """A policy that the reader does not understand; the text says why."""


@dataclass(slots=True)
class _Words:
    """What one policy's words say; a port of 0 compares none, as in iproute2."""

    source: AddressRange | None = None
    destination: AddressRange | None = None
    protocol: int = selectors.ANY_PROTOCOL
    source_port: PortRange | None = None
    destination_port: PortRange | None = None
    direction: SpdDirection | None = None
    priority: int = 0
    action: str = "allow"
    templates: list[_Template] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Template:
    protocol: str
    mode: Mode
    optional: bool
    ends: tuple[AddressRange, AddressRange] | None


def looks_like_xfrm(text: str) -> bool:
    """Whether `text` is one of the two forms."""
    return re.search(r"^\s*xfrm\s+policy\b|^src \S+ dst \S+", text, re.MULTILINE) is not None


def read(text: str, file: str) -> ReadTarget:
    """Return what packets meet under the policies in `text`; what is not understood makes the answer undecided."""
    parser = _parser()
    entries = _Database()
    unknown: list[NotUnderstood] = []
    defaults: Defaults = dict(ACCEPTS)
    for line, statement, start in _statements(text):
        origin = Origin(file, line, 1, len(statement.partition("\n")[0]) + 1)
        try:
            plain = _PLAIN.fullmatch(statement)
            if plain is not None:
                entries.add(_plain_entry(plain, statement, origin), replaces=False)
                continue
            tree = parser.parse(statement, start=start)
            _apply(tree, statement, origin, entries, defaults)
        except (UnexpectedInput, ValueError) as reason:
            unknown.append(NotUnderstood(_one_line(statement), _why(reason), origin))
    return read_spd(
        "xfrm",
        entries.entries(),
        defaults,
        tuple(unknown),
        order_is_known=entries.order_is_known and not entries.listed,
    )


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return load("ip_xfrm.lark", ("command", "entry"))


_ADDRESS: Final = r"[0-9a-f]*[.:][0-9a-f.:]*(?:/\d+)?"
_PLAIN: Final = re.compile(
    rf"xfrm policy add src ({_ADDRESS}) dst ({_ADDRESS})(?: proto (tcp|udp|icmp|\d+))?"
    r"(?: sport (\d+))?(?: dport (\d+))? dir (in|out|fwd)(?: priority (\d+))?(?: action (allow|block))?"
    rf"(?: tmpl(?: src ({_ADDRESS}) dst ({_ADDRESS}))? proto (esp|ah)(?: reqid \d+)? mode (transport|tunnel)"
    r"(?: level (use|required))?)?",
    re.ASCII,
)
"""The form in which most policies stand in long batches; it means what the grammar says, which reads all others."""


def _plain_entry(plain: re.Match[str], statement: str, origin: Origin) -> SpdEntry:
    source, destination, protocol, sport, dport, direction, priority, action, *template = plain.groups()
    words = _Words(_addresses(source), _addresses(destination))
    words.direction = SpdDirection(direction)
    if protocol:
        words.protocol = _protocol(protocol)
    words.source_port, words.destination_port = _port(sport or "0"), _port(dport or "0")
    words.priority, words.action = _number(priority or "0", _HIGHEST), action or "allow"
    start, end, transform, mode, level = template
    if transform:
        ends = (_addresses(start), _addresses(end)) if start and mode == "tunnel" else None
        words.templates.append(_Template(transform, Mode(mode), level == "use", ends))
    where, selected = _box(words)
    return SpdEntry(where, selected, words.priority, _effect(words, where), origin, statement)


@lru_cache(maxsize=1 << 14)
def _addresses(text: str) -> AddressRange:
    return AddressRange.parse(text)


def _statements(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield line number, text and grammar start of each command or entry; comments and blank lines are left out."""
    pending: list[str] = []
    first = 0
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if pending and line[:1] not in {" ", "\t"}:
            yield first, "\n".join(pending), "entry"
            pending = []
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if pending:
            pending.append(line)
        elif line.startswith("src "):
            first, pending = number, [line]
        else:
            yield number, line.strip().removeprefix("ip ").lstrip(), "command"
    if pending:
        yield first, "\n".join(pending), "entry"


def _apply(tree: _Tree, statement: str, origin: Origin, entries: _Database, defaults: Defaults) -> None:
    if tree.data == "entry":
        for entry in _entry(tree, statement, origin):
            entries.listed.append(entry)
        return
    child = tree.children[0]
    if isinstance(child, Token):
        entries.added.clear()
    elif child.data == "setdefault":
        words = [str(t) for t in child.children]
        for direction, action in zip(words[::2], words[1::2], strict=True):
            defaults[SpdDirection(direction)] = DROPPED if action == "block" else PASSES
    elif child.data == "delete":
        if entries.added.pop(_box(_words(child)), None) is None:
            raise UnreadableError("there is no such policy, and `ip` stops here")
    else:
        for entry in _entry(child, statement, origin):
            entries.add(entry, replaces=child.data == "update")


@dataclass(slots=True)
class _Database:
    """The policies so far: those that commands added, of which the kernel holds one a selector, and those listed."""

    added: dict[tuple[SpdDirection, Box], SpdEntry] = field(default_factory=dict)
    order_is_known: bool = True
    listed: list[SpdEntry] = field(default_factory=list)

    def add(self, entry: SpdEntry, *, replaces: bool) -> None:
        """Add a policy as the kernel does: in the place of the one with its selector, if `replaces`."""
        key = (entry.direction, entry.box)
        if key in self.added and not replaces:
            raise UnreadableError("there is a policy with this selector already, and `ip` stops here")
        self.order_is_known = self.order_is_known and key not in self.added
        self.added[key] = entry

    def entries(self) -> list[SpdEntry]:
        """Return all in the order of their insertion; a listing begins with the newest."""
        return [*reversed(self.listed), *self.added.values()]


def _entry(tree: _Tree, statement: str, origin: Origin) -> Iterator[SpdEntry]:
    """Yield the policy; one for a socket only concerns that socket (the IKE daemon's own) and is left out."""
    if any(isinstance(child, Token) and child.type == "SOCKET" for child in tree.children):
        return
    words = _words(tree)
    direction, selected = _box(words)
    yield SpdEntry(direction, selected, words.priority, _effect(words, direction), origin, _one_line(statement))


def _words(tree: _Tree) -> _Words:
    words = _Words()
    for child in tree.children:
        if isinstance(child, Tree):
            _READERS[str(child.data)](words, child)
    return words


def _text(tree: _Tree) -> str:
    return str(tree.children[0])


def _set_source(words: _Words, tree: _Tree) -> None:
    words.source = _addresses(_text(tree))


def _set_destination(words: _Words, tree: _Tree) -> None:
    words.destination = _addresses(_text(tree))


def _set_protocol(words: _Words, tree: _Tree) -> None:
    words.protocol = _protocol(_text(tree))


def _protocol(text: str) -> int:
    if text not in _PROTOCOLS and not text.isdecimal():
        raise UnreadableError(f'the protocol "{text}" is not known here; write its number')
    return _PROTOCOLS[text] if text in _PROTOCOLS else _number(text, 255)


def _set_source_port(words: _Words, tree: _Tree) -> None:
    words.source_port = _port(_text(tree))


def _set_destination_port(words: _Words, tree: _Tree) -> None:
    words.destination_port = _port(_text(tree))


def _port(text: str) -> PortRange | None:
    number = _number(text, selectors.ANY_PORT.last)
    return PortRange(number, number) if number else None


def _number(text: str, highest: int) -> int:
    """Return the number written in `text`, in decimal or hex."""
    number = int(text, 16 if text.lower().startswith("0x") else 10)
    if number > highest or (text.startswith("0") and text.isdecimal() and number):
        raise UnreadableError(f'the number "{text}" is not one that is known here')
    return number


def _set_direction(words: _Words, tree: _Tree) -> None:
    words.direction = SpdDirection(_text(tree))


def _set_priority(words: _Words, tree: _Tree) -> None:
    words.priority = _number(_text(tree), _HIGHEST)


def _set_action(words: _Words, tree: _Tree) -> None:
    words.action = _text(tree)


def _ignore(words: _Words, tree: _Tree) -> None:
    """Pass over what does not bear on which packets match."""


def _refuse(words: _Words, tree: _Tree) -> None:
    raise UnreadableError(f"a selector by {tree.data} is not modelled")


def _add_template(words: _Words, tree: _Tree) -> None:
    addresses = [_addresses(str(t)) for t in tree.children if isinstance(t, Token) and t.type == "ADDRESS"]
    protocols = [str(t) for t in tree.children if isinstance(t, Token) and t.type != "ADDRESS"]
    parts = {str(t.data): _text(t) for t in tree.children if isinstance(t, Tree) and t.data != "ignored"}
    mode = parts.get("mode", "transport")
    if protocols[0] not in {"esp", "ah"} or mode not in {"transport", "tunnel"}:
        raise UnreadableError(f"a template of {protocols[0]} in mode {mode} is not modelled")
    ends = (addresses[0], addresses[1]) if mode == "tunnel" and addresses else None
    words.templates.append(_Template(protocols[0], Mode(mode), parts.get("level", "required") == "use", ends))


_READERS: Final[dict[str, Callable[[_Words, _Tree], None]]] = {
    "source": _set_source,
    "destination": _set_destination,
    "protocol": _set_protocol,
    "source_port": _set_source_port,
    "destination_port": _set_destination_port,
    "type": _refuse,
    "code": _refuse,
    "device": _refuse,
    "direction": _set_direction,
    "priority": _set_priority,
    "action": _set_action,
    "ignored": _ignore,
    "template": _add_template,
}


def _box(words: _Words) -> tuple[SpdDirection, Box]:
    if words.direction is None:
        raise UnreadableError("the policy has no direction")
    stated = words.source or words.destination
    family = stated.family if stated else Family.IPV4
    source = words.source or AddressRange.whole(family)
    destination = words.destination or AddressRange.whole(family)
    if source.family != destination.family:
        raise UnreadableError("source and destination are of different IP versions")
    if (words.source_port or words.destination_port) and words.protocol not in WITH_PORTS:
        raise UnreadableError("ports need a protocol that has them")
    direction = _HOST_DIRECTION[words.direction]
    if direction is Direction.IN:
        return words.direction, box(
            direction, destination, source, words.protocol, words.destination_port, words.source_port
        )
    return words.direction, box(
        direction, source, destination, words.protocol, words.source_port, words.destination_port
    )


def _effect(words: _Words, direction: SpdDirection) -> Observed:
    if words.action == "block":
        return DROPPED
    if not words.templates:
        return PASSES
    first = words.templates[0]
    if len({(t.mode, t.optional) for t in words.templates}) > 1:
        raise UnreadableError("templates of several modes or levels are not modelled")
    protocols = frozenset({frozenset(t.protocol for t in words.templates)})
    protection = Protection(mode=first.mode, protocols=protocols)
    if first.mode is Mode.TUNNEL:
        protection = replace(protection, sense=_sense(direction), ends=_ends(first, direction))
    optional = all(t.optional for t in words.templates)
    if optional and direction is SpdDirection.FORWARD:
        return PASSES
    return Observed(optional, protection)


def _sense(direction: SpdDirection) -> TunnelSense:
    return TunnelSense.ENCAPSULATE if direction is SpdDirection.OUT else TunnelSense.DECAPSULATE


def _ends(template: _Template, direction: SpdDirection) -> tuple[int | None, int | None]:
    if template.ends is None:
        return None, None
    source, destination = (end.first or None for end in template.ends)
    return (source, destination) if direction is SpdDirection.OUT else (destination, source)


def _one_line(statement: str) -> str:
    return " ".join(statement.split())


def _why(reason: UnexpectedInput | ValueError) -> str:
    if not isinstance(reason, UnexpectedInput):
        return str(reason)
    return f"not a form of XFRM policy that is known here (line {reason.line}, column {reason.column} of it)"
