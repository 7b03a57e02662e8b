"""The kernel's security policy database: which policies decide as a flattened policy does.

In each direction the policy with the lowest priority number decides; specificity means nothing to the kernel, so every
policy states its rank. `out` policies are also asked for packets that the host forwards, after `fwd`. What a selector
cannot say is closed: a permit is left out (what decides then is never more open than a permit), a block is applied to
more, and a protection becomes a block. Source: ip-xfrm(8); RFC 2401 4.4.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Flag, auto
from functools import lru_cache
from itertools import product
from math import prod
from typing import Final, NamedTuple

from ipsecmig.emit.common import prefixes, source_and_destination, with_protocol_stated
from ipsecmig.model.exemptions import Exemption
from ipsecmig.model.flatten import FlatPolicy, SpecificFilter
from ipsecmig.model.policy import AhTransform, EspTransform
from ipsecmig.model.selectors import AddressRange, Family, format_address
from ipsecmig.model.site import Site
from ipsecmig.model.space import ALL_PORTS, ALL_PROTOCOLS, WITH_PORTS, Box, Direction, Link, Span
from ipsecmig.model.treatment import BLOCK, PERMIT, Block, Permit, Protect, TunnelSense

FIRST_PRIORITY: Final = 1000
STEP: Final = 10
"""Filters get `FIRST_PRIORITY + STEP * rank`, default exemptions multiples of `STEP` below."""

LIMIT: Final = 4096
"""Policies that one direction of a filter may become; ip(8) has prefixes and single ports, but no ranges."""

_NAMES: Final = {1: "icmp", 6: "tcp", 17: "udp"}
_UDP_LITE: Final = 136
"""Has ports, but ip(8) takes none for it."""


class KernelPolicy(NamedTuple):
    """One policy of the kernel; `selector` and `direction` are its identity, `label` says where it comes from."""

    selector: str
    direction: str
    priority: int
    action: str
    label: str


class Unsaid(Flag):
    """What of a filter no set of selectors of reasonable size says."""

    NOTHING = 0
    PORTS = auto()
    ADDRESSES = auto()


@dataclass(slots=True)
class Database:
    """The policies, at most one for each selector and direction: the first, as it has the better priority.

    `unsaid` holds, by `id`, the filters that could not be said whole.
    """

    policies: dict[tuple[str, str], KernelPolicy] = field(default_factory=dict)
    unsaid: dict[int, Unsaid] = field(default_factory=dict)

    def add(self, box: Box, effect: _Effect, priority: int, label: str) -> Unsaid:
        """Add what packets in `box` meet, in the kernel's own directions; return what could not be said."""
        unsaid = Unsaid.NOTHING
        for part in with_protocol_stated(box):
            missing = unsayable(part)
            unsaid |= missing
            if missing and effect.treatment == PERMIT:
                continue
            actions = (_BLOCKED if missing else effect).actions(Direction(part.direction[0]))
            for selector in selectors(_without(part, missing)):
                for direction, action in actions:
                    key = (selector, direction)
                    if key not in self.policies:
                        self.policies[key] = KernelPolicy(selector, direction, priority, action, label)
        return unsaid

    def add_filter(self, specific: SpecificFilter, effect: _Effect, rank: int) -> None:
        """Add a filter; a permit for dial-up interfaces alone is left out, as selectors know no kinds of interface."""
        label = f"filter list '{specific.filter_list.name}', rule '{specific.rule.name}'"
        for box in specific.boxes:
            if box.link == (Link.DIALUP, Link.DIALUP) and specific.treatment == PERMIT:
                continue
            missing = self.add(box, effect, FIRST_PRIORITY + STEP * rank, label)
            if missing:
                key = id(specific.filter)
                self.unsaid[key] = self.unsaid.get(key, Unsaid.NOTHING) | missing


@dataclass(frozen=True, slots=True)
class _Effect:
    """A treatment with the number by which its associations are found."""

    treatment: Permit | Block | Protect
    reqid: int = 0

    def actions(self, direction: Direction) -> list[tuple[str, str]]:
        """Return the kernel's directions with what happens in each, for packets that meet the host in `direction`."""
        treatment = self.treatment
        if not isinstance(treatment, Protect):
            action = f"action {'allow' if isinstance(treatment, Permit) else 'block'}"
            return [(name, action) for name in _CHECKS[direction]]
        sense = treatment.tunnel.sense if treatment.tunnel else None
        found = []
        for name in _CHECKS[direction]:
            passes_by = TunnelSense.DECAPSULATE if name == "out" else TunnelSense.ENCAPSULATE
            if direction is Direction.FORWARD and sense is passes_by:
                found.append((name, "action allow"))
            else:
                found.append((name, _templates(treatment, self.reqid, outbound=name == "out")))
        return found


_CHECKS: Final = {Direction.OUT: ("out",), Direction.IN: ("in",), Direction.FORWARD: ("fwd", "out")}
_BLOCKED: Final = _Effect(BLOCK)


def _templates(protect: Protect, reqid: int, *, outbound: bool) -> str:
    """Return the templates, the innermost first; the first offer says whether ESP, AH or both."""
    level = "use" if protect.accept_clear_inbound and not outbound else "required"
    ends, mode = "", "transport"
    if protect.tunnel is not None:
        local, remote = (_end(end) for end in (protect.tunnel.local, protect.tunnel.remote))
        ends, mode = (f"src {local} dst {remote} " if outbound else f"src {remote} dst {local} "), "tunnel"
    words = []
    for kind in security_protocols(protect):
        words.append(f"tmpl {ends}proto {kind} reqid {reqid} mode {mode} level {level}")
        ends, mode = "", "transport"
    return " ".join(words)


def _end(end: AddressRange | None) -> str:
    """Return the outer address; an unknown one of our own is chosen by the kernel."""
    return "0.0.0.0" if end is None else format_address(end.family, end.first)  # noqa: S104 (ip's word for any)


def security_protocols(protect: Protect) -> tuple[str, ...]:
    """Return `esp`, `ah` or both as the first offer asks, the innermost header first."""
    asked = kinds(protect.offers[0].transforms) if protect.offers else frozenset({"esp"})
    return tuple(kind for kind in ("esp", "ah") if kind in asked)


def kinds(transforms: Iterable[EspTransform | AhTransform]) -> frozenset[str]:
    """Return which of `esp` and `ah` an offer asks for."""
    return frozenset("ah" if isinstance(t, AhTransform) else "esp" for t in transforms)


def unsayable(box: Box) -> Unsaid:
    """Return what of `box`, whose ports are limited only for a single protocol, selectors cannot say."""
    family = Family(box.family[0])
    addresses = len(_addresses(family, box.local)) * len(_addresses(family, box.remote))
    ports = [span for span in (box.local_port, box.remote_port) if span != ALL_PORTS]
    unsaid = Unsaid.ADDRESSES if addresses > LIMIT else Unsaid.NOTHING
    pairs = prod(high - low + 1 for low, high in ports)
    if ports and (addresses * pairs > LIMIT or not takes_ports(box.protocol[0]) or any(low == 0 for low, _ in ports)):
        unsaid |= Unsaid.PORTS
    return unsaid


def takes_ports(protocol: int) -> bool:
    """Whether ip(8) takes ports for `protocol`; it takes port 0 for any port."""
    return protocol in WITH_PORTS - {_UDP_LITE}


def _without(box: Box, unsaid: Unsaid) -> Box:
    """Return the smallest box around `box` that selectors can say."""
    if Unsaid.PORTS in unsaid:
        box = box._replace(local_port=ALL_PORTS, remote_port=ALL_PORTS)
    if Unsaid.ADDRESSES in unsaid:
        box = box._replace(local=_around(box.local), remote=_around(box.remote))
    return box


def _around(span: Span) -> Span:
    """Return the smallest prefix that holds `span`."""
    bits = (1 << (span[0] ^ span[1]).bit_length()) - 1
    return span[0] & ~bits, span[1] | bits


def selectors(box: Box) -> Iterator[str]:
    """Yield the selectors, in ip(8)'s words, that together are `box`."""
    family = Family(box.family[0])
    (source, source_port), (destination, destination_port) = source_and_destination(box)
    protocol = "" if box.protocol == ALL_PROTOCOLS else _protocol(box.protocol[0])
    upper = [
        f"{protocol}{sport}{dport}"
        for sport, dport in product(_ports("sport", source_port), _ports("dport", destination_port))
    ]
    for low, high in product(_addresses(family, source), _addresses(family, destination)):
        for words in upper:
            yield f"src {low} dst {high}{words}"


@lru_cache(maxsize=4096)
def _addresses(family: Family, span: Span) -> Sequence[str]:
    return [f"{format_address(family, base)}/{length}" for base, length in prefixes(family, span)]


def _protocol(protocol: int) -> str:
    return f" proto {_NAMES.get(protocol, protocol)}"


def _ports(word: str, span: Span) -> list[str]:
    return [""] if span == ALL_PORTS else [f" {word} {port}" for port in range(span[0], span[1] + 1)]


def database_of(flat: FlatPolicy) -> Database:
    """Return the policies that decide as `flat` does."""
    database = Database()
    for number, exemption in enumerate(flat.exemptions, 1):
        for box in _exempt(exemption, flat.site):
            database.add(box, _Effect(PERMIT), STEP * number, f"default exemption: {exemption.name}")
    effects = _effects(flat)
    for rank, specific in enumerate(flat.filters):
        database.add_filter(specific, effects[id(specific.treatment)], rank)
    return database


def _exempt(exemption: Exemption, site: Site) -> Iterator[Box]:
    """Yield the boxes of `exemption`; what only this host's own packets enjoy is not given to those it forwards."""
    for box in exemption.boxes:
        forwarded = box._replace(direction=(Direction.FORWARD, Direction.FORWARD))
        if box.direction[0] != Direction.OUT or forwarded in exemption.boxes or not site.addresses:
            yield box
            continue
        own = (a for a in site.addresses if a.family == box.family[0])
        yield from (box._replace(local=(a.first, a.last)) for a in own)


def _effects(flat: FlatPolicy) -> dict[int, _Effect]:
    """Return the effect of each treatment, by its `id`.

    Distinct protections are numbered from 1 in the order of decision; the two halves of a tunnel are one.
    """
    found: dict[int, _Effect] = {}
    reqids: dict[Protect, int] = {}
    for treatment in (specific.treatment for specific in flat.filters):
        if id(treatment) in found:
            continue
        if not isinstance(treatment, Protect):
            found[id(treatment)] = _Effect(treatment)
        elif has_no_peer(treatment):
            found[id(treatment)] = _BLOCKED
        else:
            reqid = reqids.setdefault(_both_ways(treatment), len(reqids) + 1)
            found[id(treatment)] = _Effect(treatment, reqid)
    return found


def has_no_peer(treatment: Permit | Block | Protect) -> bool:
    """Whether it is a tunnel whose far end is not known."""
    return isinstance(treatment, Protect) and treatment.tunnel is not None and treatment.tunnel.remote is None


def _both_ways(protect: Protect) -> Protect:
    if protect.tunnel is None:
        return protect
    return replace(protect, tunnel=replace(protect.tunnel, sense=TunnelSense.ENCAPSULATE))
