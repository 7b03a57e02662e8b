"""A charon of a few lines, the oracle of the emitter's tests: reads settings files and says what becomes of a packet.

It shares no code with ipsecmig but the packet and knows only what the emitter writes: the installed traps and shunts,
of which in each check the one with the lowest priority decides (ip-xfrm(8)).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ipsecmig.model.space import Direction, Packet

Settings = dict[str, "str | Settings"]

_TOKEN: Final = re.compile(r'"((?:\\.|[^"\\])*)"|([{}=\n])|(#[^\n]*)|([^\s{}="#][^\n{}="#]*)')
_NUMBERS: Final = {"": 0, "tcp": 6, "udp": 17, "icmp": 1}


def parse(text: str) -> Settings:
    """Return the sections of a settings file as nested dictionaries; a name that stands twice is a mistake."""
    tokens = [m for m in _TOKEN.finditer(text) if m[3] is None]
    settings, end = _section(tokens, 0)
    assert end == len(tokens), "a section is closed that was never opened"
    return settings


def _section(tokens: list[re.Match[str]], at: int) -> tuple[Settings, int]:
    found: Settings = {}
    while at < len(tokens):
        word = tokens[at]
        if word[2] == "\n":
            at += 1
        elif word[2] == "}":
            return found, at + 1
        else:
            name, sign = word[4].strip(), tokens[at + 1][2]
            assert re.fullmatch(r"[A-Za-z0-9_-]+", name), f"not a plain name: {name!r}"
            assert name not in found, f"{name} stands twice"
            if sign == "{":
                found[name], at = _section(tokens, at + 2)
            else:
                assert sign == "=", f"neither a section nor a setting: {name!r}"
                value = tokens[at + 2]
                found[name] = value[4].strip() if value[1] is None else re.sub(r"\\(.)", r"\1", value[1])
                assert tokens[at + 3][2] in {"\n", "}"}, f"{name} has more than one value"
                at += 3
    return found, at


def inner(settings: Settings, *path: str) -> Settings:
    """Return the section at `path`, empty where it is not there."""
    for name in path:
        found = settings.get(name, {})
        assert isinstance(found, dict)
        settings = found
    return settings


def text_of(settings: Settings, name: str) -> str:
    """Return the setting `name`, which must be there."""
    found = settings[name]
    assert isinstance(found, str)
    return found


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a traffic selector."""

    network: ipaddress.IPv4Network | ipaddress.IPv6Network
    protocol: int
    first_port: int
    last_port: int

    def holds(self, address: int, port: int) -> bool:
        """Whether an address of the network's own family and a port are in it."""
        low = int(self.network.network_address)
        return low <= address <= int(self.network.broadcast_address) and self.first_port <= port <= self.last_port


@dataclass(frozen=True, slots=True)
class InstalledChild:
    """One trap or shunt. `widened` says that charon would install more than is written."""

    connection: str
    name: str
    mode: str
    priority: int
    local: Side
    remote: Side
    forward_out: bool
    widened: bool

    def matches(self, family: int, local: tuple[int, int], remote: tuple[int, int], protocol: int) -> bool:
        """Whether a packet with these addresses and ports is selected, seen from this host."""
        return (
            self.local.network.version == family
            and self.local.protocol in {0, protocol}
            and self.local.holds(*local)
            and self.remote.holds(*remote)
        )


def installed(settings: Settings) -> list[InstalledChild]:
    """Return the children that charon installs at once, in the order in which the kernel tries them."""
    found = []
    for connection, body in inner(settings, "connections").items():
        assert isinstance(body, dict)
        for name, child in inner(body, "children").items():
            assert isinstance(child, dict)
            if child.get("start_action") == "trap":
                found.append(_child(connection, name, child))
    return sorted(found, key=lambda c: c.priority)


def of_filters(children: Iterable[InstalledChild]) -> list[InstalledChild]:
    """Return the children without those of default exemptions: IKE, ESP and AH, and neighbour discovery."""
    exempt = ((17, 500), (17, 4500), (50, 0), (51, 0), (58, 0))
    return [c for c in children if (c.local.protocol, c.local.first_port) not in exempt]


def _child(connection: str, name: str, child: Settings) -> InstalledChild:
    texts = text_of(child, "local_ts"), text_of(child, "remote_ts")
    family = 6 if ":" in "".join(texts) else 4
    local, remote = (_side(text, family) for text in texts)
    assert local.protocol == remote.protocol, name
    assert local.network.version == remote.network.version, name
    return InstalledChild(
        connection,
        name,
        text_of(child, "mode"),
        int(text_of(child, "priority")),
        local,
        remote,
        child.get("policies_fwd_out") == "yes",
        any(_is_widened(side) for side in (local, remote)),
    )


def _side(text: str, family: int) -> Side:
    match = re.fullmatch(r"([^\[\]]+)(?:\[(\w+)(?:/(\d+)(?:-(\d+))?)?\])?", text)
    assert match is not None, text
    where = match[1] if match[1] != "dynamic" else ("0.0.0.0/0" if family == 4 else "::/0")
    protocol = _NUMBERS[match[2] or ""] if (match[2] or "") in _NUMBERS else int(match[2])
    first = 0 if match[3] is None else int(match[3])
    last = 65535 if match[3] is None else int(match[4] or first)
    return Side(ipaddress.ip_network(where), protocol, first, last)


def _is_widened(side: Side) -> bool:
    size = side.last_port - side.first_port + 1
    return bool(size & (size - 1) or side.first_port & (size - 1))


def verdict(children: Iterable[InstalledChild], packet: Packet) -> str:
    """Return `pass`, `drop` or `protect` for a packet in clear."""
    local, remote = (packet.local, packet.local_port), (packet.remote, packet.remote_port)
    ordered = list(children)
    if packet.direction != Direction.FORWARD:
        return _first(ordered, packet, local, remote)
    checks = {_first(ordered, packet, local, remote), _arriving(ordered, packet, local, remote)}
    return next(v for v in ("drop", "protect", "pass") if v in checks)


def _arriving(
    children: list[InstalledChild], packet: Packet, source: tuple[int, int], destination: tuple[int, int]
) -> str:
    """Return what the `fwd` policies say: shunts and tunnels have one for remote to local, some one for the reverse."""
    for child in children:
        if child.mode != "transport" and child.matches(packet.family, destination, source, packet.protocol):
            return _said(child)
        if child.forward_out and child.matches(packet.family, source, destination, packet.protocol):
            return "pass"
    return "pass"


def _first(children: list[InstalledChild], packet: Packet, local: tuple[int, int], remote: tuple[int, int]) -> str:
    return next((_said(c) for c in children if c.matches(packet.family, local, remote, packet.protocol)), "pass")


def _said(child: InstalledChild) -> str:
    return child.mode if child.mode in {"pass", "drop"} else "protect"
